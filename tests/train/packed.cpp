/// Packed rows train as their examples would alone: the same loss, the same gradients, the same dropout.

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "flan/cpu/backend.hpp"
#include "flan/data/packing.hpp"
#include "support/catch.hpp"
#include "support/sanitized.hpp"
#include "train/run_support.hpp"

using namespace flan;
using namespace flan::testing;

namespace {

// With Flan-T5's buckets: distances beyond 128 share one.
inline constexpr t5_config far_sighted = [] {
  auto c = nano;
  c.buckets = 32, c.max_distance = 128;
  return c;
}();

tokenized_example example_of(std::uint64_t key, std::size_t input, std::size_t target) {
  tokenized_example e;
  e.key = key;
  for (std::size_t i = 0; i + 1 < input; ++i) e.input.push_back(static_cast<token>(2 + uniform_below(key, i, 60)));
  for (std::size_t i = 0; i + 1 < target; ++i)
    e.target.push_back(static_cast<token>(2 + uniform_below(key + 1000, i, 60)));
  e.input.push_back(1), e.target.push_back(1);
  return e;
}

// The third of the first row lies across key 512, where the CPU's tiles of keys end, on both sides; there are distances
// beyond 128 within examples, and within the row between examples.
std::vector<tokenized_example> const packed_examples{example_of(11, 150, 140), example_of(12, 230, 200),
                                                     example_of(13, 190, 180), example_of(14, 90, 70),
                                                     example_of(15, 300, 20),  example_of(16, 40, 300)};
row_plan const plan{{0, 1, 2, 3}, {4, 5}};

struct named_gradient {
  std::string name;
  std::vector<double> values;
};

template <class P, class B>
struct run {
  using model_type = t5<far_sighted, P>;
  B be;
  model_type model;
  trainer<model_type, B, adamw> train;
  double loss = 0;

  explicit run(double dropout = 0, bool recompute = false)
      : train((initialize(be, model, 1), model), be, adamw{}, [&] {
          step_settings s;
          s.dropout = dropout, s.recompute = recompute, s.z_loss = 0.01;
          return s;
        }()) {}

  std::vector<named_gradient> gradient(std::vector<batch> const& batches) {
    extent tokens = 0;
    for (auto const& b : batches) tokens += b.target_tokens;
    loss = train.accumulate_gradient(batches, tokens);
    std::vector<named_gradient> all;
    for_each_parameter(
        [&](std::string const& name, auto& g) {
          all.push_back({name, {}});
          for (auto const x : to_host(be, g.view())) all.back().values.push_back(static_cast<double>(widen(x)));
        },
        train.gradient());
    return all;
  }
};

double norm(std::vector<double> const& x) {
  double sum = 0;
  for (double const v : x) sum += v * v;
  return std::sqrt(sum);
}
// The largest error of any tensor, against the tensor's norm.
double worst_error(std::vector<named_gradient> const& a, std::vector<named_gradient> const& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  int biases = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto difference = a[i].values;
    for (std::size_t j = 0; j < difference.size(); ++j) difference[j] -= b[i].values[j];
    REQUIRE(norm(b[i].values) > 0);
    biases += a[i].name.find("relative_attention_bias") != std::string::npos;
    worst = std::max(worst, norm(difference) / norm(b[i].values));
  }
  REQUIRE(biases == 2);
  return worst;
}

batch packed_batch() { return make_packed_batch(packed_examples, plan, far_sighted.pad_id, far_sighted.start_id); }

template <class P, class B>
struct comparison {
  double loss, alone, gradient;
  explicit comparison(double dropout = 0, bool recompute = false) {
    run<P, B> one(dropout, recompute), other(dropout, recompute);
    auto const together = one.gradient({packed_batch()}),
               apart = other.gradient(in_batches(packed_examples, 2, far_sighted));
    loss = one.loss, alone = other.loss, gradient = worst_error(together, apart);
  }
};
}  // namespace

TEST_CASE("a packed row has the loss and the gradients of its parts, in double", "[train]") {
  double const dropout = GENERATE(0.2, 0.0);
  if (sanitized && dropout == 0) return;  // the same code, less of it
  comparison<fp64, reference_backend> const c(dropout);
  CHECK(std::abs(c.loss - c.alone) < 1e-12 * c.alone);
  CHECK(c.gradient < 1e-10);
}

TEST_CASE("a packed row has the loss and the gradients of its parts, on the CPU in float", "[train]") {
  comparison<fp32, cpu_backend> const c(GENERATE(0.0, 0.2), GENERATE(false, true));
  CHECK(std::abs(c.loss - c.alone) < 1e-5 * c.alone);
  CHECK(c.gradient < 1e-4);
}

TEST_CASE("without segments its parts would see each other", "[train]") {
  run<fp32, cpu_backend> one, other;
  auto const apart = other.gradient(in_batches(packed_examples, 2, far_sighted));
  auto blind = packed_batch();
  for (auto* const side : {&blind.input_segments, &blind.target_segments})
    for (auto& segment : *side) segment = std::min(segment, 1);
  CHECK(worst_error(one.gradient({blind}), apart) > 0.1);
}

TEST_CASE("a packed token's dropout keys are those of its example alone", "[train]") {
  std::vector<tokenized_example> const e{{{5, 6, 1}, {7, 1}, 40}, {{8, 1}, {9, 10, 1}, 2}};
  reference_backend be;
  batch_upload packed, alone;
  auto const p = packed(be, make_packed_batch(e, row_plan{{0, 1}}, 0, 0), nano);
  auto const a = alone(be, make_batch(e, 0, 0), nano);
  auto const in = to_host(be, p.inputs.keys), in_alone = to_host(be, a.inputs.keys);
  auto const out = to_host(be, p.targets.keys), out_alone = to_host(be, a.targets.keys);
  for (std::size_t i = 0; i < 3; ++i) CHECK(in[i] == in_alone[i]);
  for (std::size_t i = 0; i < 2; ++i) CHECK(in[3 + i] == in_alone[3 + i]);
  for (std::size_t i = 0; i < 2; ++i) CHECK(out[i] == out_alone[i]);
  for (std::size_t i = 0; i < 3; ++i) CHECK(out[2 + i] == out_alone[3 + i]);
  CHECK(to_host(be, p.inputs.segments) == std::vector<std::int32_t>{1, 1, 1, 2, 2});
  CHECK(to_host(be, p.targets.segments) == std::vector<std::int32_t>{1, 1, 2, 2, 2});
  CHECK(to_host(be, p.inputs.lengths) == std::vector<std::int32_t>{5});
  CHECK(a.inputs.segments.empty());
}

TEST_CASE("finetuning on packed rows goes on bit for bit where it was interrupted", "[train]") {
  auto const how = GENERATE(packing::greedy, packing::best_fit);
  temporary_folder whole, parts;
  auto const options = [&](std::filesystem::path const& folder, extent steps) {
    auto o = nano_options(folder, steps);
    o.packing = how;
    return o;
  };
  nano_run<> uninterrupted(whole.path);
  auto const result = uninterrupted.go(options(whole.path, 6));
  nano_run<> first(parts.path), second(parts.path);
  first.go(options(parts.path, 4));
  CHECK(second.go(options(parts.path, 6)).resumed_from == 4);
  CHECK(state_bytes(whole.path, 6) == state_bytes(parts.path, 6));
  CHECK(result.loss > 0);
  nano_run<> unpacked(parts.path);
  CHECK_THROWS_WITH(unpacked.go(nano_options(parts.path, 8)),
                    ContainsSubstring("packing was ") && ContainsSubstring(" and is off"));
}
