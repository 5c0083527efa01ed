#include "flan/data/objective_feed.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "data/items.hpp"
#include "support/catch.hpp"

namespace {

using tokens = std::vector<flan::token>;
using flan::testing::bytes;

std::vector<tokens> documents(std::uint64_t n) {
  std::vector<tokens> all;
  for (std::uint64_t d = 0; d < n; ++d)
    all.emplace_back(static_cast<std::size_t>(d * 37 % 90), static_cast<flan::token>(10 + d));
  return all;
}

flan::objective_stream stream_of(std::uint64_t seed = 4,
                                 flan::objective_stream_options o = {.max_input = 40, .max_target = 40, .group = 5}) {
  return {documents(23), flan::objective(flan::ul2r_denoisers, bytes), seed, o};
}

flan::batch_options const options{
    .batch_tokens = 500, .accumulate = 2, .max_input = 40, .max_target = 40, .start = 0, .packing = flan::packing::off};

}  // namespace

TEST_CASE("steps hold the objective's examples, each once and in order") {
  auto const how = GENERATE(flan::packing::off, flan::packing::greedy);
  auto o = options;
  o.packing = how;
  auto batches = flan::objective_batches(stream_of(), bytes.pad_id(), o);
  auto stream = stream_of();
  std::int64_t examples = 0, inputs = 0, targets = 0;
  std::uint64_t position = 0;
  for (int s = 0; s < 30; ++s) {
    auto const step = batches.next();
    CHECK(step.positions <= 500);
    CHECK(step.position > position);
    position = step.position;
    std::int64_t labels = 0;
    for (auto const& b : step.batches) {
      examples += static_cast<std::int64_t>(b.sample_keys.size());
      for (auto const n : b.input_lengths) inputs += n;
      for (auto const n : b.target_lengths) labels += n;
    }
    CHECK(labels == step.target_tokens);
    targets += labels;
    CHECK((step.truncated == 0 && step.skipped == 0));
  }
  REQUIRE(examples > 100);
  for (std::int64_t i = 0; i < examples; ++i) {
    auto const e = stream.next();
    inputs -= static_cast<std::int64_t>(e.input.size());
    targets -= static_cast<std::int64_t>(e.target.size());
  }
  CHECK((inputs == 0 && targets == 0));
  CHECK(stream.position() == position);
  auto const& seen = batches.statistics();
  CHECK((seen.tasks().size() == 1 && seen.total().examples == examples && seen.drift(0) == 0));
}

TEST_CASE("they are the same ahead of time, and from where another stopped") {
  auto o = options;
  o.packing = GENERATE(flan::packing::off, flan::packing::greedy);
  auto whole = flan::objective_batches(stream_of(), 0, o);
  for (std::uint64_t position = 0, s = 0; s < 40; ++s) {
    auto const expected = whole.next();
    for (int const threads : {0, 1, 3}) {
      auto resumed = flan::objective_batches(stream_of(), 0, o, position, {.threads = threads, .ahead = 9});
      auto const step = resumed.next();
      REQUIRE(step.position == expected.position);
      REQUIRE(step.batches.size() == expected.batches.size());
      for (std::size_t b = 0; b < step.batches.size(); ++b) {
        auto const &mine = step.batches[b], &theirs = expected.batches[b];
        REQUIRE((mine.inputs == theirs.inputs && mine.labels == theirs.labels));
        REQUIRE((mine.sample_keys == theirs.sample_keys && mine.input_segments == theirs.input_segments));
      }
    }
    position = expected.position;
  }
}

TEST_CASE("windows that would be cut, and blocks of indices, are refused") {
  CHECK_THROWS_WITH(flan::objective_batches(stream_of(4, {.max_input = 60, .max_target = 60}), 0, options),
                    ContainsSubstring("make inputs of up to 60 tokens") && ContainsSubstring("max_input is 40"));
  auto o = options;
  o.packing = flan::packing::best_fit;
  CHECK_THROWS_WITH(flan::objective_batches(stream_of(), 0, o), ContainsSubstring("can be packed greedily"));
}

TEST_CASE("what decides a stream decides its fingerprint") {
  auto const print = stream_of().fingerprint();
  CHECK(stream_of().fingerprint() == print);
  auto read = stream_of();
  read.next();
  CHECK(read.fingerprint() == print);  // where it stands is no part of it
  CHECK(stream_of(5).fingerprint() != print);
  CHECK(stream_of(4, {.max_input = 40, .max_target = 40, .group = 6}).fingerprint() != print);
  CHECK(stream_of(4, {.max_input = 40, .max_target = 40, .window = 12, .group = 5}).fingerprint() != print);
  CHECK(stream_of(4, {.max_input = 40, .max_target = 40, .group = 5, .separator = 1}).fingerprint() != print);
  auto const with = [](std::vector<tokens> texts, std::span<flan::denoiser const> all) {
    flan::objective_stream_options const o{.max_input = 40, .max_target = 40, .group = 5};
    return flan::objective_stream(std::move(texts), flan::objective(all, bytes), 4, o).fingerprint();
  };
  CHECK(with(documents(23), flan::ul2r_denoisers) == print);
  CHECK(with(documents(24), flan::ul2r_denoisers) != print);
  auto other = documents(23);
  other[7][3] = 9;
  CHECK(with(other, flan::ul2r_denoisers) != print);
  auto milder = flan::ul2r_denoisers;
  std::get<flan::span_corruption>(milder[1].cut).rate = 0.16;
  CHECK(with(documents(23), milder) != print);
  milder = flan::ul2r_denoisers;
  milder[1].mode = "[NLX]";
  CHECK(with(documents(23), milder) != print);
}
