/// Known leaks among published data sets: MGSM's English questions are GSM8K's first test questions, and the
/// chain-of-thought files of Flan 2022 hold none of them.

#include "flan/data/overlap.hpp"

#include <cstdint>
#include <set>
#include <string>

#include "flan/data/delimited.hpp"
#include "flan/data/jsonl.hpp"
#include "support/catch.hpp"
#include "support/published.hpp"

namespace {

using flan::testing::published;

flan::overlap_check mgsm() {
  flan::overlap_check check;
  auto const questions = flan::tsv(published() / "mgsm" / "mgsm_en.tsv", {.columns = {"question", "answer"}});
  for (std::uint64_t i = 0; i < questions.size(); ++i) check.add("mgsm_en", i, questions[i].values[0]);
  CHECK(check.size() == 250);
  return check;
}

std::size_t field(flan::text_source const& s, std::string const& name) {
  return flan::detail::field_position(*s.names, name);
}

}  // namespace

TEST_CASE("GSM8K's test set holds exactly MGSM's 250 questions") {
  auto const check = mgsm();
  auto const tests = flan::jsonl(published() / "gsm8k" / "test.jsonl");
  REQUIRE(tests.size() == 1'319);
  std::set<std::uint64_t> leaking, items;
  for (std::uint64_t i = 0; i < tests.size(); ++i)
    for (auto const& o : check.find(tests[i].values[field(tests, "question")])) {
      leaking.insert(i);
      items.insert(o.item);
      CHECK(o.set == "mgsm_en");
      CHECK(o.count >= std::min<std::size_t>(13, flan::word_list(tests[i].values[field(tests, "question")]).size()));
    }
  CHECK(leaking.size() == 250);
  CHECK(items.size() == 250);
}

TEST_CASE("the seven chain-of-thought files hold no question of MGSM") {
  auto const check = mgsm();
  std::size_t rows = 0;
  for (auto const* name : {"aqua", "creak", "ecqa", "gsm8k", "qasc", "sensemaking", "strategyqa"}) {
    INFO(name);
    auto const records = flan::tsv(
        published() / "cot" / "flan_v2" / (std::string(name) + "_train.tsv"),
        {.columns = {"question", "answer", "chain_of_thought"}, .unescape = {"question", "chain_of_thought"}});
    for (std::uint64_t i = 0; i < records.size(); ++i, ++rows)
      for (auto const& value : records[i].values)
        for (auto const& o : check.find(value)) {
          UNSCOPED_INFO("row " << i << " shares \"" << o.words << "\" with question " << o.item);
          CHECK(false);
        }
  }
  CHECK(rows == 2'728 + 6'915 + 7'112 + 7'473 + 1'084 + 6'070 + 2'061);
}
