/// How tightly the chain-of-thought files of Flan 2022 pack, in tokens of the T5 vocabulary.

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "flan/data/batch_options.hpp"
#include "flan/data/delimited.hpp"
#include "flan/data/mixture.hpp"
#include "flan/data/mixture_feed.hpp"
#include "flan/data/row_reader.hpp"
#include "flan/prompt/chain_of_thought.hpp"
#include "flan/text/any_tokenizer.hpp"
#include "support/catch.hpp"
#include "support/published.hpp"

namespace {

using flan::testing::cot;

flan::detail::example_reader reader_of(flan::mixture const& m, flan::sentencepiece_tokenizer const& tokens,
                                       flan::batch_options const& o) {
  return flan::detail::example_reader(
      flan::example_pipeline(
          std::make_unique<flan::mixture_feed<flan::sentencepiece_tokenizer>>(m.sample(1), tokens, o)),
      {o.max_input, o.max_target});
}
}  // namespace

TEST_CASE("rows of 2048 and 512 tokens: best fit within 1 / 0.97 of the bound, flushes included") {
  flan::mixture const m{flan::proportional{}, cot("aqua"), cot("creak"),       cot("ecqa"),
                        cot("gsm8k"),         cot("qasc"), cot("sensemaking"), cot("strategyqa")};
  flan::sentencepiece_tokenizer const tokens(flan::testing::shared_folder().value() / "tokenizers" / "t5");
  flan::batch_options o;
  o.max_input = 2048, o.max_target = 512;
  flan::row_size const most{o.max_input, o.max_target};

  // About one epoch, in whole blocks of the window.
  constexpr std::uint64_t window = flan::detail::row_reader::window;
  std::uint64_t const blocks = 33'443 / window;
  std::vector<flan::row_size> all;
  std::size_t best_rows = 0;
  auto examples = reader_of(m, tokens, o);
  bool truncated = false;
  for (std::uint64_t b = 0; b < blocks; ++b) {
    std::vector<flan::row_size> block;
    for (std::uint64_t i = 0; i < window; ++i) {
      auto const e = examples.read();
      truncated = truncated || e.input_cut || e.target_cut;
      if (!e.empty()) block.push_back(flan::detail::size_of(e.tokens));
    }
    best_rows += flan::pack_best_fit(block, most).size();
    all.insert(all.end(), block.begin(), block.end());
  }
  auto const greedy_rows = flan::pack_greedy(all, most).size();
  double const bound = flan::least_rows(all, most);
  auto const report = [&](char const* name, std::size_t rows) {
    auto const d = flan::density_of(all, rows, most);
    WARN(name << ": " << rows << " rows of " << all.size() << " examples, at least " << bound << "; density of inputs "
              << d.input << ", of targets " << d.target);
  };
  report("best fit", best_rows);
  report("greedy", greedy_rows);
  CHECK_FALSE(truncated);
  CHECK(all.size() == blocks * window);
  CHECK(static_cast<double>(best_rows) <= bound / 0.97);
  CHECK(greedy_rows > best_rows);
}

TEST_CASE("the reader's rows are those of the plan") {
  flan::mixture const m{flan::proportional{}, cot("qasc"), cot("strategyqa")};
  flan::sentencepiece_tokenizer const tokens(flan::testing::shared_folder().value() / "tokenizers" / "t5");
  flan::batch_options o;
  o.max_input = 512, o.max_target = 128, o.packing = flan::packing::best_fit;
  flan::detail::row_reader rows(reader_of(m, tokens, o), o, 0);
  flan::feed_statistics seen(rows.tasks());
  std::vector<flan::row_size> sizes;
  std::size_t count = 0;
  for (; rows.position() < rows.window; ++count)
    for (auto const& e : rows.next(seen)) sizes.push_back(flan::detail::size_of(e));
  CHECK(sizes.size() == rows.window);
  CHECK(static_cast<double>(count) <= flan::least_rows(sizes, {512, 128}) / 0.95);
}
