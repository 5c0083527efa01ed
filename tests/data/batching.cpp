#include "flan/data/batching.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/items.hpp"
#include "support/catch.hpp"

namespace {

using flan::testing::as_they_are;
using flan::testing::bytes;
using flan::testing::item;

flan::mixture items(std::uint64_t n) { return flan::task<item>("items", flan::testing::items(n), as_they_are); }

// A hash of everything a step holds.
std::uint64_t print_of(flan::step_batches const& step) {
  flan::fingerprinter f;
  f.add(step.position);
  for (auto n : {step.examples, step.truncated, step.skipped}) f.add(static_cast<std::uint64_t>(n));
  for (auto const& b : step.batches) {
    for (auto n : {b.rows, b.input_length, b.target_length, b.target_tokens}) f.add(static_cast<std::uint64_t>(n));
    for (auto const* list : {&b.inputs, &b.input_lengths, &b.decoder_inputs, &b.labels, &b.target_lengths})
      for (auto x : *list) f.add(static_cast<std::uint64_t>(static_cast<std::uint32_t>(x)));
    for (auto k : b.sample_keys) f.add(k);
  }
  return f.value();
}
}  // namespace

TEST_CASE("a batch: padding, labels, shifted decoder inputs, lengths, keys") {
  std::vector<flan::tokenized_example> const examples{{{5, 6, 1}, {7, 1}, 40}, {{8, 1}, {9, 10, 1}, 2}};
  auto const b = flan::make_batch(examples, 0, 99);
  CHECK((b.rows == 2 && b.input_length == 3 && b.target_length == 3));
  CHECK(b.inputs == std::vector<flan::token>{5, 6, 1, 8, 1, 0});
  CHECK(b.input_lengths == std::vector<std::int32_t>{3, 2});
  CHECK(b.labels == std::vector<flan::token>{7, 1, -100, 9, 10, 1});
  CHECK(b.decoder_inputs == std::vector<flan::token>{99, 7, 0, 99, 9, 10});
  CHECK(b.target_lengths == std::vector<std::int32_t>{2, 3});
  CHECK(b.sample_keys == std::vector<std::uint64_t>{40, 2});
  CHECK(b.target_tokens == 5);
  CHECK(b.positions() == 12);
  CHECK(flan::make_batch({}, 0, 0).rows == 0);
}

TEST_CASE("steps keep to their budget and take the stream in order, leaving nothing out") {
  auto const m = items(100);
  auto const accumulate = GENERATE(1, 2, 5);
  flan::batch_options const o{
      .batch_tokens = 1000, .accumulate = accumulate, .max_input = 50, .max_target = 8, .start = 0};
  flan::batcher steps(m, bytes, 5, o);
  std::map<std::uint64_t, int> taken;
  std::int64_t skipped = 0;
  std::uint64_t begin = 0;
  for (int s = 0; s < 60; ++s) {
    CHECK(steps.position() == begin);
    auto const step = steps.next();
    CHECK(step.batches.size() <= static_cast<std::size_t>(accumulate));
    CHECK(step.positions <= 1000);
    CHECK(step.examples > 0);
    std::int64_t target_tokens = 0, examples = 0;
    for (auto const& b : step.batches) {
      CHECK(b.positions() <= 1000 / accumulate);
      CHECK((b.input_length <= 50 && b.target_length <= 8));
      target_tokens += b.target_tokens;
      examples += b.rows;
      for (std::size_t r = 0; r < b.sample_keys.size(); ++r) {
        ++taken[b.sample_keys[r]];
        CHECK((b.sample_keys[r] >= begin && b.sample_keys[r] < step.position));
        // The row is that example of the stream, cut on the right, with its end token.
        auto const e = m.at(5, b.sample_keys[r]);
        auto ids = bytes.encode(e.input);
        if (ids.size() > 49) ids.resize(49);
        ids.push_back(1);
        auto const row = b.inputs.begin() + static_cast<std::ptrdiff_t>(r) * b.input_length;
        CHECK(std::vector<flan::token>(row, row + b.input_lengths[r]) == ids);
      }
    }
    CHECK(target_tokens == step.target_tokens);
    CHECK(examples == step.examples);
    skipped += step.skipped;
    begin = step.position;
  }
  std::int64_t empty = 0;
  for (std::uint64_t i = 0; i < begin; ++i) {
    bool const without = m.at(5, i).target.empty();
    empty += without;
    CHECK(taken[i] == (without ? 0 : 1));
  }
  CHECK(skipped == empty);
}

TEST_CASE("a batcher that starts where another stopped goes on alike") {
  auto const m = items(100);
  flan::batch_options const o{.batch_tokens = 600, .accumulate = 3, .max_input = 60, .max_target = 10, .start = 0};
  flan::batcher whole(m, bytes, 8, o);
  std::uint64_t position = 0;
  for (int s = 0; s < 50; ++s) {
    flan::batcher resumed(m, bytes, 8, o, position);
    auto const a = whole.next(), b = resumed.next();
    REQUIRE(print_of(a) == print_of(b));
    position = a.position;
  }
  flan::batcher other(m, bytes, 9, o);
  CHECK(print_of(other.next()) != print_of(flan::batcher(m, bytes, 8, o).next()));
}

TEST_CASE("what is too long is cut on the right and counted") {
  flan::mixture const m = flan::task<item>("t", std::vector<item>{{"abcdefgh", "uvwxyz"}}, as_they_are);
  auto const step =
      flan::batcher(m, bytes, 0, {.batch_tokens = 7, .accumulate = 1, .max_input = 4, .max_target = 3}).next();
  REQUIRE(step.examples == 1);
  CHECK(step.truncated == 2);
  CHECK(step.batches[0].inputs == std::vector<flan::token>{100, 101, 102, 1});
  CHECK(step.batches[0].labels == std::vector<flan::token>{120, 121, 1});
}

TEST_CASE("options that cannot work are refused, and so are data without targets") {
  auto const m = items(10);
  auto const with = [&](flan::batch_options o) { return flan::batcher(m, bytes, 0, o); };
  CHECK_THROWS_WITH(
      with({.batch_tokens = 100, .accumulate = 2, .max_input = 40, .max_target = 11}),
      ContainsSubstring("100 / 2 = 50 positions cannot hold one example of max_input + max_target = 40 + 11"));
  CHECK_THROWS_WITH(with({.accumulate = 0}), ContainsSubstring("accumulate is 0"));
  CHECK_THROWS_WITH(with({.max_input = 0}), ContainsSubstring("max_input 0"));
  std::int64_t const huge = INT64_MAX;  // a sum of two would pass for small
  CHECK_THROWS_WITH(with({.max_input = huge, .max_target = huge}),
                    ContainsSubstring("max_input is 9223372036854775807"));
  CHECK_THROWS_WITH(with({.max_target = huge}),
                    ContainsSubstring("max_target is 9223372036854775807; expected at most"));
  CHECK_THROWS_WITH(with({.batch_tokens = huge}), ContainsSubstring("batch_tokens is 9223372036854775807"));
  flan::mixture const empty = flan::task<item>("empty", std::vector<item>{{"question", ""}}, as_they_are);
  flan::batcher steps(empty, bytes, 0, flan::batch_options{});
  for (int again = 0; again < 2; ++again)
    CHECK_THROWS_WITH(steps.next(), ContainsSubstring("are empty") && ContainsSubstring("the task empty"));
}

TEST_CASE("given examples become batches, each once") {
  std::vector<flan::example> examples;
  for (int i = 0; i < 50; ++i)
    examples.push_back(
        {{std::string(static_cast<std::size_t>(i % 13 + 1), 'x'), i == 20 ? "" : std::to_string(i)}, "t", 0, 0, 0});
  auto const batches = flan::make_batches(std::span<flan::example const>(examples), bytes,
                                          {.batch_tokens = 100, .accumulate = 1, .max_input = 20, .max_target = 5});
  std::map<std::uint64_t, int> seen;
  for (auto const& b : batches) {
    CHECK(b.positions() <= 100);
    for (auto k : b.sample_keys) ++seen[k];
  }
  CHECK(seen.size() == 49);
  CHECK(seen.count(20) == 0);
}
