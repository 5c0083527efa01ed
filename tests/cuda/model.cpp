// Whole models on the emulated device: transformers' numbers, the same bits, sessions and runs.

#include "emulated.hpp"
#include "support/golden_generation.hpp"
#include "support/golden_gradients.hpp"
#include "support/golden_model.hpp"
#include "support/sanitized.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_text_model.hpp"
#include "train/run_support.hpp"

using namespace flan;
using namespace flan::testing;

namespace {
/// Every stream as late as it may be, threads in any order: so that a missing wait or barrier shows.
void adverse_device(bool late = true) {
  emulator::reset();
  emulator::device().late = late;
  emulator::device().threads = emulator::order::shuffled;
}
using cuda_run = nano_run<fp32, cuda_backend>;
using mixed_run = nano_run<bf16_mixed, cuda_backend>;
}  // namespace

TEST_CASE("cuda: tiny models are transformers', float", "[models]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) {
    adverse_device();
    check_golden_f32(cuda_backend{}, name, true);
  }
}

TEST_CASE("cuda: tiny models in bf16 err no more than transformers in bf16", "[models]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) {
    adverse_device();
    check_golden_bf16(cuda_backend{}, name, true);
  }
}

TEST_CASE("cuda: gradients of tiny models equal torch's", "[models]") {
  adverse_device();
  for (char const* name : {"v1_1_tiny", "umt5_tiny"})
    if (!sanitized || std::string_view(name) == "v1_1_tiny")
      check_golden_gradients<fp32, cuda_backend>(name, 1e-4, std::string_view(name) == "umt5_tiny");
}

TEST_CASE("cuda: a tiny model generates what transformers does", "[models]") {
  adverse_device();
  // All take minutes here.
  if (sanitized)
    check_golden_generation("v1_1_tiny", cuda_backend{}, 20, {"greedy"});
  else
    check_golden_generation("v1_1_tiny", cuda_backend{}, 20, {"greedy", "beam4"});
}

TEST_CASE("cuda: quantised weights give the cpu's answers", "[models]") {
  adverse_device();
  golden_case const g("v1_1_tiny");
  auto const device = golden_text_model<any_t5, q8_weights>(g, cuda_backend{});
  auto const host = golden_text_model<any_t5, fp32>(g, cpu_backend{});
  auto const targets = targets_of(g);
  auto const inputs = inputs_of(g);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    auto const a = device.score_ids(inputs[i], {targets[i]}).front(),
               b = host.score_ids(inputs[i], {targets[i]}).front();
    CHECK(a.sum == Approx(b.sum).epsilon(0.05));  // eight bits
    CHECK(a.sum != b.sum);
  }
  CHECK(device.generate_ids(inputs, {.max_tokens = 4}).size() == inputs.size());
}

TEST_CASE("cuda: a resumed run ends with the bits of an uninterrupted one", "[models]") {
  temporary_folder whole, parts;
  constexpr int steps = sanitized ? 2 : 3;
  adverse_device();
  cuda_run(whole.path).go(steps);
  adverse_device(false);  // nor does it matter when streams do their work
  cuda_run(parts.path).go(steps - 1);
  CHECK(cuda_run(parts.path).go(steps).resumed_from == steps - 1);
  CHECK(state_bytes(parts.path, steps) == state_bytes(whole.path, steps));
}

TEST_CASE("cuda: a run in bf16 learns", "[models]") {
  adverse_device();
  mixed_run run({});
  auto const score = [&] { return run.model.score("say 12", {"5"}).front().sum; };
  double const before = score();
  auto const r = run.go(nano_options({}, 4));
  CHECK(r.step == 4);
  CHECK(score() > before);
}

TEST_CASE("cuda: a run's losses are the cpu's", "[models]") {
  adverse_device();
  std::vector<double> on_device, on_host;
  auto const go = [](auto run, std::vector<double>& losses) {
    auto o = nano_options({}, 3);
    o.optimizer = adafactor{};
    o.on_step = [&](progress const& p) { losses.push_back(p.loss); };
    run.go(o);
  };
  go(cuda_run({}), on_device);
  go(nano_run<>({}), on_host);
  REQUIRE(on_device.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(on_device[i] == Approx(on_host[i]).epsilon(1e-4));
}

TEST_CASE("cuda: sessions that were there before see what was trained, between steps too", "[models]") {
  adverse_device();
  cuda_run run({});
  auto const score = [](auto const& m) { return m.score("say 12", {"5"}).front().sum; };
  score(run.model);  // leaves a session in the pool
  auto o = nano_options({}, 2);
  std::vector<double> seen;
  o.on_step = [&](progress const&) { seen.push_back(score(run.model)); };
  run.go(o);
  double const last = score(run.model);
  REQUIRE(seen.size() == 2);
  CHECK(last == seen[1]);  // the step was whole when its report came
  CHECK(seen[0] != seen[1]);
}

TEST_CASE("cuda: a model is saved, loaded and answers the same", "[models]") {
  adverse_device();
  temporary_folder folder;
  auto const m = tiny_text_model(cuda_backend{});
  m.save(folder.path / "model");
  auto const back = load<any_t5, fp32>(folder.path / "model", cuda_backend{});
  std::vector<std::vector<token>> const inputs{{72, 101, 108, 1}, {50, 1}};
  generate_options const o{.max_tokens = 6};
  auto const a = m.generate_ids(inputs, o), b = back.generate_ids(inputs, o);
  REQUIRE(a.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(a[i].front().ids == b[i].front().ids);
    CHECK(a[i].front().score == b[i].front().score);
  }
  auto const narrow = load<any_t5, bf16_mixed>(folder.path / "model", cuda_backend{});
  CHECK(narrow.generate_ids(inputs, o).size() == 2);
}

TEST_CASE("cuda: a second request takes nothing but its caches, a later step nothing at all", "[models]") {
  adverse_device(false);
  auto const m = tiny_text_model(cuda_backend{});
  std::vector<std::vector<token>> const inputs{{72, 101, 108, 1}, {50, 1}};
  auto const request = [&] {
    auto const before = emulator::device().allocations;
    m.generate_ids(inputs, {.max_tokens = 5, .beams = 2});
    m.score_ids(inputs[0], {{40, 41, 1}});
    return emulator::device().allocations - before;
  };
  CHECK(request() > 0);
  request();               // scoring takes the session that generating left
  CHECK(request() == 12);  // three decoder layers' keys and values of the answer and of the input

  cuda_run run({});
  std::vector<std::size_t> allocations;
  trainer<t5<nano_bytes, fp32>, cuda_backend, adamw> t(run.model.network(), run.model.backend(), {}, {});
  std::vector<tokenized_example> examples(2);
  for (auto& e : examples) e.input = {5, 6, 1}, e.target = {7, 1};
  std::vector<batch> const batches{make_batch(examples, 0, 0)};
  for (int i = 0; i < 3; ++i) {
    auto const before = emulator::device().allocations;
    t.step(batches);
    allocations.push_back(emulator::device().allocations - before);
  }
  CHECK(allocations[0] > 0);
  CHECK(allocations[2] == 0);
}
