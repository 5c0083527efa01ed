#include "flan/train/finetune_objective.hpp"

#include <vector>

#include "support/catch.hpp"
#include "train/run_support.hpp"

using namespace flan;
using namespace flan::testing;

namespace {

// Texts that a model can learn by heart.
objective_stream nano_stream(std::uint64_t seed = 2) {
  byte_tokenizer const bytes;
  std::vector<std::vector<token>> texts;
  for (int i = 0; i < 12; ++i) texts.push_back(bytes.encode(std::string(static_cast<std::size_t>(20 + i), 'a') + "b."));
  return {std::move(texts), objective(ul2r_denoisers, bytes), seed, {.max_input = 32, .max_target = 32, .group = 4}};
}

finetune_options options_of(std::filesystem::path const& folder, extent steps) {
  auto o = nano_options(folder, steps);
  o.max_target = 32;
  return o;
}

finetune_result go(std::filesystem::path const& folder, finetune_options const& o, std::uint64_t seed = 2) {
  nano_run<> run(folder);
  return finetune(run.model, nano_stream(seed), o);
}
}  // namespace

TEST_CASE("a model learns from documents", "[train]") {
  auto o = options_of({}, 60);
  double first = 0;
  o.on_step = [&](progress const& p) {
    if (p.step == 1) first = p.loss;
  };
  auto const r = go({}, o);
  CHECK(r.loss < first / 2);
  CHECK((r.fed.total().examples > 60 && r.truncated == 0 && r.skipped == 0));
}

TEST_CASE("a resumed run on documents ends with the bits of an uninterrupted one", "[train][resume]") {
  temporary_folder whole, parts;
  auto const packing = GENERATE(packing::off, packing::greedy);
  auto o = options_of(whole.path, 9);
  o.packing = packing;
  go(whole.path, o);
  o.output = parts.path, o.feed_threads = 0;
  for (extent const until : {3, 9}) {
    std::atomic<bool> stop{false};
    o.stop = &stop;
    o.on_step = [&](progress const& p) { stop = p.step == until; };
    go(parts.path, o);
    o.feed_threads = 2;
  }
  CHECK(state_bytes(parts.path, 9) == state_bytes(whole.path, 9));
}

TEST_CASE("a run on documents is not resumed on others, nor in another order", "[train][resume]") {
  temporary_folder folder;
  go(folder.path, options_of(folder.path, 2));
  CHECK_THROWS_WITH(go(folder.path, options_of(folder.path, 4), 3),
                    ContainsSubstring("cannot resume from") && ContainsSubstring("data and templates was"));
  nano_run<> run(folder.path);
  CHECK_THROWS_WITH(run.go(options_of(folder.path, 4)), ContainsSubstring("data and templates was"));
}

TEST_CASE("documents whose windows would be cut are refused", "[train]") {
  auto o = options_of({}, 2);
  o.max_target = 16;
  CHECK_THROWS_WITH(go({}, o), ContainsSubstring("targets of up to 27, but max_input is 32 and max_target 16"));
}
