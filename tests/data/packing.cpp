#include "flan/data/packing.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "data/items.hpp"
#include "flan/data/batching.hpp"
#include "support/catch.hpp"

namespace {

using rows = flan::row_plan;
using sizes = std::vector<flan::row_size>;

using flan::testing::as_they_are;
using flan::testing::bytes;
using flan::testing::item;
using flan::testing::same;

// A packed batch taken apart: the examples by key.
std::map<std::uint64_t, flan::tokenized_example> examples_of(flan::batch const& b) {
  std::map<std::uint64_t, flan::tokenized_example> all;
  for (std::int64_t r = 0; r < b.rows; ++r) {
    auto const take = [&](bool input) {
      auto const width = static_cast<std::size_t>(input ? b.input_length : b.target_length);
      std::int32_t last = 0, place = 0;
      bool padding = false;
      for (std::size_t i = 0; i < width; ++i) {
        auto const at = static_cast<std::size_t>(r) * width + i;
        auto const segment = input ? b.input_segments[at] : b.target_segments[at];
        auto const id = input ? b.inputs[at] : b.labels[at];
        if (segment == 0) {
          padding = true;
          REQUIRE(id == (input ? 0 : flan::no_label));
          continue;
        }
        REQUIRE_FALSE(padding);
        REQUIRE((segment == last || segment == last + 1));
        if (segment != last) place = 0;
        REQUIRE((input ? b.input_positions : b.target_positions)[at] == place);
        auto const key = b.sample_keys[b.first_sample(r) + static_cast<std::size_t>(segment - 1)];
        auto& e = all[key];
        e.key = key;
        if (!input) REQUIRE(b.decoder_inputs[at] == (place == 0 ? 99 : e.target.back()));
        (input ? e.input : e.target).push_back(id);
        last = segment, ++place;
      }
    };
    take(true), take(false);
  }
  return all;
}
}  // namespace

TEST_CASE("greedy: seqio's order, worked out by hand") {
  flan::row_size const most{10, 5};
  CHECK(flan::pack_greedy({}, most).empty());
  // 4+3 inputs and 2+1 targets fit; 4 more inputs would make 11. 4+6 fit exactly, 1 more does not. Then the targets:
  // 3+3.
  sizes const e{{4, 2}, {3, 1}, {4, 1}, {6, 1}, {1, 3}, {1, 3}, {1, 2}};
  CHECK(flan::pack_greedy(e, most) == rows{{0, 1}, {2, 3}, {4}, {5, 6}});
  // A small one later does not go back to an earlier row.
  CHECK(flan::pack_greedy(sizes{{6, 1}, {6, 1}, {4, 1}, {4, 1}}, most) == rows{{0}, {1, 2}, {3}});
  CHECK_THROWS_WITH(flan::pack_greedy(sizes{{1, 1}, {11, 1}}, most),
                    ContainsSubstring("example 1 has 11 input and 1 target tokens; a row holds 10 and 5"));
}

TEST_CASE("best fit, worked out by hand") {
  flan::row_size const most{10, 5};
  CHECK(flan::pack_best_fit({}, most).empty());
  // Each 6 is joined by the 4 that leaves nothing; greedy needs three rows.
  CHECK(flan::pack_best_fit(sizes{{6, 1}, {6, 1}, {4, 1}, {4, 1}}, most) == rows{{0, 2}, {1, 3}});
  // The 7 begins, and takes the 3, which leaves nothing, rather than the 2.
  CHECK(flan::pack_best_fit(sizes{{2, 1}, {3, 1}, {5, 1}, {7, 1}}, most) == rows{{0, 2}, {1, 3}});
  // Targets are scarce: inputs do not matter.
  CHECK(flan::pack_best_fit(sizes{{1, 2}, {2, 3}, {1, 3}, {1, 2}}, most) == rows{{0, 1}, {2, 3}});
  CHECK_THROWS_WITH(flan::pack_best_fit(sizes{{1, 6}}, most), ContainsSubstring("1 input and 6 target tokens"));
}

TEST_CASE("plans hold every example once, within bounds, best fit in no more rows than greedy") {
  for (std::uint64_t key = 0; key < 60; ++key) {
    flan::row_size const most{100, 30};
    sizes e;
    for (std::uint64_t i = 0; i < 300; ++i)
      e.push_back({1 + static_cast<std::int64_t>(flan::uniform_below(flan::mix64(key), i, key % 3 == 0 ? 20 : 60)),
                   1 + static_cast<std::int64_t>(flan::uniform_below(flan::mix64(key + 999), i, key % 2 ? 5 : 25))});
    auto const greedy = flan::pack_greedy(e, most), best = flan::pack_best_fit(e, most);
    for (auto const& plan : {greedy, best}) {
      std::set<std::size_t> seen;
      for (auto const& row : plan) {
        flan::row_size full{};
        for (auto const i : row) {
          CHECK(seen.insert(i).second);
          full.input += e[i].input, full.target += e[i].target;
        }
        CHECK((full.input <= most.input && full.target <= most.target && !row.empty()));
      }
      CHECK(seen.size() == e.size());
      CHECK(static_cast<double>(plan.size()) >= flan::least_rows(e, most));
    }
    CHECK(best.size() <= greedy.size());
    auto const density = flan::density_of(e, best.size(), most);
    CHECK(std::max(density.input, density.target) * static_cast<double>(best.size()) ==
          Approx(flan::least_rows(e, most)));
  }
}

TEST_CASE("a packed batch: segments and positions, each example as in a row of its own") {
  std::vector<flan::tokenized_example> const e{{{5, 6, 1}, {7, 1}, 40}, {{8, 1}, {9, 10, 1}, 2}, {{4, 1}, {3, 1}, 7}};
  auto const b = flan::make_packed_batch(e, rows{{0, 1}, {2}}, 0, 99);
  CHECK((b.rows == 2 && b.input_length == 5 && b.target_length == 5 && b.packed()));
  CHECK(b.inputs == std::vector<flan::token>{5, 6, 1, 8, 1, 4, 1, 0, 0, 0});
  CHECK(b.input_segments == std::vector<std::int32_t>{1, 1, 1, 2, 2, 1, 1, 0, 0, 0});
  CHECK(b.input_positions == std::vector<std::int32_t>{0, 1, 2, 0, 1, 0, 1, 0, 0, 0});
  CHECK(b.labels == std::vector<flan::token>{7, 1, 9, 10, 1, 3, 1, -100, -100, -100});
  CHECK(b.decoder_inputs == std::vector<flan::token>{99, 7, 99, 9, 10, 99, 3, 0, 0, 0});
  CHECK(b.target_segments == std::vector<std::int32_t>{1, 1, 2, 2, 2, 1, 1, 0, 0, 0});
  CHECK(b.target_positions == std::vector<std::int32_t>{0, 1, 0, 1, 2, 0, 1, 0, 0, 0});
  CHECK(b.input_lengths == std::vector<std::int32_t>{5, 2});
  CHECK(b.target_lengths == std::vector<std::int32_t>{5, 2});
  CHECK(b.sample_keys == std::vector<std::uint64_t>{40, 2, 7});
  CHECK(b.first_samples == std::vector<std::int32_t>{0, 2});
  CHECK(b.target_tokens == 7);
  CHECK_FALSE(flan::make_batch(e, 0, 99).packed());
}

TEST_CASE("packed steps take the stream, leaving nothing out, and go on where another stopped") {
  flan::mixture const m = flan::task<item>("items", flan::testing::items(100), as_they_are);
  auto const how = GENERATE(flan::packing::greedy, flan::packing::best_fit);
  auto const shard = GENERATE(flan::shard{0, 1}, flan::shard{1, 3});
  flan::batch_options const o{
      .batch_tokens = 1700, .accumulate = 2, .max_input = 120, .max_target = 20, .start = 99, .packing = how};
  flan::batcher steps(m, bytes, 5, o, 0, shard);
  std::map<std::uint64_t, flan::tokenized_example> taken;
  std::int64_t skipped = 0, truncated = 0;
  std::uint64_t position = 0;
  double rows_made = 0, inputs = 0;
  for (int s = 0; s < 90; ++s) {
    flan::batcher resumed(m, bytes, 5, o, position, shard);
    auto const step = steps.next(), again = resumed.next();
    REQUIRE(step.batches.size() == 2);
    CHECK(step.position == again.position);
    CHECK(step.positions <= 1700);
    std::int64_t examples = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      REQUIRE(same(step.batches[i], again.batches[i]));
      CHECK(step.batches[i].rows == 6);  // 850 / 140
      CHECK(step.batches[i].positions() <= 850);
      for (auto& [key, e] : examples_of(step.batches[i])) {
        CHECK(taken.emplace(key, e).second);
        ++examples;
      }
      rows_made += 6;
      for (auto const n : step.batches[i].input_lengths) inputs += n;
    }
    CHECK(examples == step.examples);
    CHECK((step.skipped == again.skipped && step.truncated == again.truncated));
    skipped += step.skipped, truncated += step.truncated;
    position = step.position;
  }
  // Every index up to where whole blocks, or rows, end: in the batches as it would be alone, or without a target.
  std::uint64_t const block = 1024 * shard.of, end = how == flan::packing::greedy ? position : position / block * block;
  REQUIRE(end > 1000);
  std::int64_t empty = 0;
  for (std::uint64_t i = shard.number; i < end; i += shard.of) {
    auto const e = m.at(5, i);
    if (e.target.empty()) {
      ++empty;
      REQUIRE_FALSE(taken.contains(i));
      continue;
    }
    auto input = bytes.encode(e.input), target = bytes.encode(e.target);
    input.push_back(1), target.push_back(1);
    REQUIRE(taken.contains(i));
    REQUIRE((taken.at(i).input == input && taken.at(i).target == target));
  }
  if (how == flan::packing::greedy) CHECK(skipped == empty);
  CHECK(truncated == 0);
  CHECK(inputs / rows_made > (how == flan::packing::greedy ? 80 : 110));
  for (auto const& [key, e] : taken) CHECK(key % shard.of == shard.number);
}

TEST_CASE("a position that no packed stream has is refused") {
  flan::mixture const m = flan::task<item>("items", flan::testing::items(100), as_they_are);
  flan::batch_options o{.batch_tokens = 600, .accumulate = 1, .max_input = 120, .max_target = 20, .start = 0};
  o.packing = flan::packing::best_fit;
  flan::batcher steps(m, bytes, 5, o, 1023);
  CHECK_THROWS_WITH(steps.next(), ContainsSubstring("position 1023 of a packed stream is row 1023 of block 0"));
}

TEST_CASE("packing needs targets, too") {
  flan::mixture const empty = flan::task<item>("empty", std::vector<item>{{"question", ""}}, as_they_are);
  auto const how = GENERATE(flan::packing::greedy, flan::packing::best_fit);
  flan::batcher steps(empty, bytes, 0, {.packing = how});
  CHECK_THROWS_WITH(steps.next(), ContainsSubstring("are empty") && ContainsSubstring("the task empty"));
}
