#include "flan/data/feed_statistics.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "data/items.hpp"
#include "flan/data/batching.hpp"
#include "support/catch.hpp"

namespace {

using flan::testing::as_they_are;
using flan::testing::bytes;
using flan::testing::item;

flan::any_task task_of(std::string const& name, std::size_t records, std::string const& question,
                       std::string const& answer) {
  return flan::task<item>(name, std::vector<item>(records, {question, answer}), as_they_are);
}

// What byte_tokenizer has no byte for: its own unknown token, spelled out.
std::string const unknown = "<unk>";
}  // namespace

TEST_CASE("counts by task, worked out by hand") {
  // Tokens of input and target with their ends, of at most 6 and 4: 3+2 whole; 6+3, its input cut; 4+4, its target cut;
  // nothing to learn.
  flan::mixture const m{flan::proportional{}, task_of("whole", 40, "ab", "c"), task_of("long", 30, "abcdefgh", "cd"),
                        task_of("wordy", 20, "abc", "cdefgh"), task_of("silent", 10, "ab", "")};
  auto const how = GENERATE(flan::packing::off, flan::packing::greedy, flan::packing::best_fit);
  auto const threads = GENERATE(0, 2);
  flan::batcher steps(m, bytes, 1,
                      {.batch_tokens = 100, .accumulate = 1, .max_input = 6, .max_target = 4, .packing = how}, 0, {},
                      {.threads = threads});
  std::int64_t examples = 0, truncated = 0, skipped = 0, positions = 0, target_tokens = 0;
  for (int s = 0; s < 300; ++s) {
    auto const step = steps.next();
    examples += step.examples, truncated += step.truncated, skipped += step.skipped;
    positions += step.positions, target_tokens += step.target_tokens;
  }
  auto const& seen = steps.statistics();
  REQUIRE(seen.tasks().size() == 4);
  auto const &whole = seen.tasks()[0], &cut = seen.tasks()[1], &wordy = seen.tasks()[2], &silent = seen.tasks()[3];
  CHECK((whole.name == "whole" && cut.name == "long" && wordy.name == "wordy" && silent.name == "silent"));
  CHECK((whole.rate == Approx(0.4) && silent.rate == Approx(0.1)));
  CHECK((whole.inputs_truncated == 0 && whole.targets_truncated == 0 && whole.skipped == 0));
  CHECK((cut.inputs_truncated == cut.examples && cut.targets_truncated == 0));
  CHECK((wordy.inputs_truncated == 0 && wordy.targets_truncated == wordy.examples));
  CHECK((silent.examples == 0 && silent.skipped > 0 && silent.tokens() == 0));
  CHECK((whole.input_tokens == 3 * whole.examples && whole.target_tokens == 2 * whole.examples));
  CHECK((cut.input_tokens == 6 * cut.examples && cut.target_tokens == 3 * cut.examples));
  CHECK((wordy.input_tokens == 4 * wordy.examples && wordy.target_tokens == 4 * wordy.examples));

  // The whole is its parts, and what the steps said.
  auto const& all = seen.total();
  CHECK(all.examples == examples);
  CHECK(all.examples == whole.examples + cut.examples + wordy.examples);
  CHECK((all.skipped == skipped && skipped == silent.skipped));
  CHECK((all.truncated() == truncated && truncated == cut.examples + wordy.examples));
  CHECK((seen.positions() == positions && all.target_tokens == target_tokens));
  CHECK(seen.padding_share() ==
        Approx(1 - static_cast<double>(5 * whole.examples + 9 * cut.examples + 8 * wordy.examples) /
                       static_cast<double>(positions)));
  CHECK((seen.padding_share() > 0 && seen.padding_share() < 0.7));

  // The rates are kept: within 16 at the ends of blocks of 1,024, within a block more where one is half given out.
  double const n = static_cast<double>(all.drawn());
  REQUIRE(n > 3 * 1024);
  for (std::size_t t = 0; t < 4; ++t) {
    CHECK(seen.drift(t) == Approx(static_cast<double>(seen.tasks()[t].drawn()) - seen.tasks()[t].rate * n));
    CHECK(std::abs(seen.drift(t)) < (how == flan::packing::best_fit ? 300 : 60));
    CHECK(std::abs(seen.drift(t)) <= std::abs(seen.drift(seen.furthest_task())));
  }
  CHECK((seen.seconds() >= seen.seconds_waited() && seen.seconds_waited() > 0));
  CHECK(seen.examples_per_second() == Approx(static_cast<double>(examples) / seen.seconds()));
}

TEST_CASE("at the end of a block every task has drifted less than 16") {
  flan::mixture const m{flan::proportional{}, task_of("a", 1, "q", "a"), task_of("b", 7, "q", "a"),
                        task_of("c", 300, "q", "a"), task_of("d", 4'000, "q", "a")};
  flan::feed_statistics seen(m.sample(1).tasks());
  auto stream = m.sample(9);
  for (int i = 1; i <= 64 * 1024; ++i) {
    flan::prepared_example e;
    e.place = stream.next_place();
    seen.count(e);
    if (i % 1024 == 0) REQUIRE(std::abs(seen.drift(seen.furthest_task())) <= 16);
  }
}

TEST_CASE("unknown tokens are counted where they stay") {
  flan::mixture const m = task_of("t", 3, "a" + unknown + "b" + unknown, unknown + "c");
  auto const count = [&](std::int64_t max_input) {
    flan::batcher steps(m, bytes, 1, {.batch_tokens = 64, .max_input = max_input, .max_target = 8});
    steps.next();
    auto const& all = steps.statistics().total();
    REQUIRE(all.examples > 0);
    CHECK(all.unknown_tokens % all.examples == 0);
    return all.unknown_tokens / all.examples;
  };
  CHECK(count(8) == 3);
  CHECK(count(4) == 2);  // one of the input's is cut off
}

TEST_CASE("nothing has been given out yet") {
  flan::feed_statistics const none(std::vector<flan::task_share>{{"a", 1}});
  CHECK((none.total().drawn() == 0 && none.padding_share() == 0 && none.drift(0) == 0));
  CHECK((none.seconds() == 0 && none.examples_per_second() == 0 && none.tokens_per_second() == 0));
  CHECK(flan::feed_statistics().tasks().empty());
}
