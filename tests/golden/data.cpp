/// Published data sets in their published formats: the number of rows that their descriptions give, and their oddities.

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "flan/data/batching.hpp"
#include "flan/data/delimited.hpp"
#include "flan/data/jsonl.hpp"
#include "flan/prompt/chain_of_thought.hpp"
#include "flan/text/any_tokenizer.hpp"
#include "support/catch.hpp"
#include "support/published.hpp"

namespace {

using flan::testing::cot;
using flan::testing::flan_columns;
using flan::testing::published;
using flan::testing::uncached;

struct creak {
  std::string sentence;
  flan::choice<"true", "false"> label;
  static constexpr auto members = flan::members("sentence", &creak::sentence, "label", &creak::label);
};
struct qed {
  std::int64_t example_id = 0;
  static constexpr auto members = flan::members("example_id", &qed::example_id);
};
}  // namespace

TEST_CASE("the chain-of-thought files of Flan 2022") {
  std::map<std::string, std::uint64_t> const rows{{"aqua", 2728},      {"creak", 6915}, {"ecqa", 7112},
                                                  {"gsm8k", 7473},     {"qasc", 1084},  {"sensemaking", 6070},
                                                  {"strategyqa", 2061}};
  for (auto const& [name, n] : rows)
    if (std::filesystem::exists(published() / "cot" / "flan_v2" / (name + "_train.tsv"))) CHECK(cot(name).size() == n);

  auto const aqua =
      flan::tsv<flan::worked_answer>(published() / "cot" / "flan_v2" / "aqua_train.tsv", flan_columns, uncached);
  int broken = 0;
  for (std::uint64_t i = 0; i < aqua.size(); ++i) broken += aqua[i].chain_of_thought.find('\n') != std::string::npos;
  CHECK(broken == 1668);
  auto const claims =
      flan::tsv<flan::worked_answer>(published() / "cot" / "flan_v2" / "creak_train.tsv", flan_columns, uncached);
  int begin_with_quote = 0;
  for (std::uint64_t i = 0; i < claims.size(); ++i) {
    auto const r = claims[i];
    begin_with_quote += r.question.starts_with('"') || r.answer.starts_with('"') || r.chain_of_thought.starts_with('"');
  }
  CHECK(begin_with_quote == 975);
}

TEST_CASE("JSON lines as published: labels by membership, ids beyond 2^53") {
  CHECK(flan::jsonl<creak>(published() / "cot" / "originals" / "creak" / "train.json", uncached).size() == 10'176);
  CHECK_THROWS_WITH(
      flan::jsonl<creak>(published() / "cot" / "originals" / "creak" / "test_without_labels.json", uncached),
      ContainsSubstring("test_without_labels.json:1: the field \"label\" is missing"));
  auto const ids = flan::jsonl<qed>(published() / "cot" / "originals" / "qed" / "qed-dev.jsonlines", uncached);
  CHECK(ids.size() == 1355);
  int beyond = 0;
  for (std::uint64_t i = 0; i < ids.size(); ++i)
    beyond += std::max(ids[i].example_id, -ids[i].example_id) > (std::int64_t{1} << 53);
  CHECK(beyond == 1354);
}

TEST_CASE("comma-separated tables with quoted cells") {
  int files = 0;
  for (auto const& entry :
       std::filesystem::recursive_directory_iterator(published() / "cot" / "originals" / "sensemaking")) {
    if (entry.path().extension() != ".csv") continue;
    ++files;
    auto const name = entry.path().filename().string();
    INFO(name);
    // Files of answers have no header.
    bool const headed = name.find("answers") == std::string::npos && name.find("gold") == std::string::npos;
    if (!headed) {
      bool const texts = name.find("subtaskC") != std::string::npos;
      flan::table_options const columns{.columns = texts ? std::vector<std::string>{"id", "a", "b", "c"}
                                                         : std::vector<std::string>{"id", "answer"}};
      auto const n = flan::csv(entry.path(), columns, uncached).size();
      CHECK((n == 10'000 || n == 997 || n == 1'000));
    } else {
      auto const n = flan::csv(entry.path(), {}, uncached).size();
      CHECK((n == 10'000 || n == 997 || n == 1'000));
    }
  }
  CHECK(files > 5);
}

TEST_CASE("a mixture of them becomes batches of the T5 vocabulary") {
  flan::mixture const m{flan::proportional{.cap = 3'000}, cot("aqua"), cot("creak"), cot("gsm8k"),
                        flan::weighted(cot("qasc"), 0.1)};
  flan::sentencepiece_tokenizer const tokens(flan::testing::shared_folder().value() / "tokenizers" / "t5");
  flan::batcher steps(m, tokens, 1, {.batch_tokens = 8'192, .accumulate = 4, .max_input = 256, .max_target = 128});
  for (int i = 0; i < 10; ++i) {
    auto const step = steps.next();
    CHECK(step.positions <= 8'192);
    CHECK(step.positions > 6'000);
    for (auto const& b : step.batches)
      for (auto const id : b.inputs) CHECK((id >= 0 && id < tokens.vocabulary_size()));
    // What the model reads is the instruction in words.
    auto const& b = step.batches.front();
    auto const e = m.at(1, b.sample_keys[0]);
    std::vector<flan::token> const row(b.inputs.begin(), b.inputs.begin() + b.input_lengths[0]);
    CHECK(tokens.decode(tokens.encode(e.input)).starts_with(tokens.decode(row).substr(0, 40)));
  }
}
