// Encoder states, logits and losses of whole models against transformers in float64, on every backend.

#include <cmath>

#include "flan/cpu/backend.hpp"
#include "flan/model/presets.hpp"
#include "flan/reference/backend.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "support/catch.hpp"
#include "support/golden_case.hpp"

using namespace flan;
using flan::testing::golden_case;

namespace {

struct worst {
  double encoder = 0, logits = 0, mean = 0;
};

/// Runs the case in precision P on `be`; largest differences where the attention mask is 1 and where labels are not
/// −100.
template <class P, auto const& C = any_t5, class B>
worst run(B be, golden_case const& g, bool pack) {
  t5<C, P> model(g.config);
  testing::fill_by_formula(be, model);
  if (pack) pack_parameters(be, model);
  testing::uploaded_case const u(be, g);
  extent const d = g.config.d_model, v = g.config.vocabulary;
  using X = typename P::activation;
  using F = typename P::wide;
  tensor<X> x(be, g.batch * g.inputs, d), y(be, g.batch * g.targets, d);
  tensor<F> z(be, g.batch * g.targets, v), loss(be, 1, g.batch * g.targets);
  model.encode(be, x.view, u.batch.input_ids, u.batch.inputs);
  stack_call<P> call;
  call.rows = u.batch.targets;
  call.states = x.view;
  call.state_rows = u.batch.inputs;
  model.decode(be, y.view, u.batch.decoder_ids, call);
  model.logits(be, z.view, y.view);
  model.loss(be, flat(loss.view), u.batch, {});

  worst w;
  bool const small = g.numbers["config"].value("small", false);
  extent const some_inputs = small ? g.inputs : 4, some_targets = small ? g.targets : 2;
  auto const encoder = to_host(be, x.view);
  auto const logits = to_host(be, z.view);
  auto const golden_encoder = g.tensor_of(small ? "encoder" : "encoder_rows");
  auto const golden_logits = g.tensor_of(small ? "logits" : "logits_rows");
  extent count = 0;
  for (extent b = 0; b < g.batch; ++b) {
    for (extent s = 0; s < std::min<extent>(some_inputs, g.lengths[static_cast<std::size_t>(b)]); ++s)
      for (extent i = 0; i < d; ++i)
        w.encoder = std::max(
            w.encoder,
            std::abs(static_cast<double>(widen(encoder[static_cast<std::size_t>((b * g.inputs + s) * d + i)])) -
                     golden_encoder[static_cast<std::size_t>((b * some_inputs + s) * d + i)]));
    for (extent t = 0; t < some_targets; ++t) {
      if (g.labels[static_cast<std::size_t>(b * g.targets + t)] < 0) continue;
      for (extent i = 0; i < v; ++i, ++count) {
        double const e = std::abs(static_cast<double>(logits[static_cast<std::size_t>((b * g.targets + t) * v + i)]) -
                                  golden_logits[static_cast<std::size_t>((b * some_targets + t) * v + i)]);
        w.logits = std::max(w.logits, e);
        w.mean += e;
      }
    }
  }
  w.mean /= static_cast<double>(count);

  // The loss op: each label's log-probability, and their mean.
  auto const losses = to_host(be, loss.view);
  double sum = 0;
  std::size_t labels = 0;
  bool const wide = sizeof(X) > 2;
  for (extent b = 0; b < g.batch; ++b) {
    std::size_t k = 0;
    for (extent t = 0; t < g.targets; ++t) {
      auto const i = static_cast<std::size_t>(b * g.targets + t);
      if (g.labels[i] < 0) {
        CHECK(losses[i] == 0);
        continue;
      }
      double const golden = -g.numbers["target_logprobs"][static_cast<std::size_t>(b)][k++].get<double>();
      CHECK(losses[i] == Approx(golden).margin(wide ? 2e-5 : 0.2).epsilon(wide ? 2e-6 : 0.02));
      sum += losses[i];
      ++labels;
    }
  }
  CHECK(sum / static_cast<double>(labels) == Approx(g.numbers["loss"].get<double>()).epsilon(wide ? 2e-6 : 2e-2));
  return w;
}

template <auto const& C = any_t5, class B>
void check_f32(B be, std::string const& name, bool pack = false) {
  golden_case const g(name);
  auto const w = run<fp32, C>(be, g, pack);
  auto const& recorded = g.numbers["transformers_float32_error"];
  INFO(name << ": encoder " << w.encoder << " of " << recorded["encoder_max"] << ", logits " << w.logits << " of "
            << recorded["max"]);
  CHECK(w.encoder <= 2 * recorded["encoder_max"].get<double>());
  CHECK(w.logits <= 2 * recorded["max"].get<double>());
}

template <auto const& C = any_t5, class B>
void check_bf16(B be, std::string const& name, bool pack) {
  golden_case const g(name);
  auto const w = run<bf16_mixed, C>(be, g, pack);
  auto const& recorded = g.numbers["transformers_bfloat16_error"];
  INFO(name << ": max " << w.logits << " of " << recorded["max"] << ", mean " << w.mean << " of " << recorded["mean"]);
  CHECK(w.logits <= recorded["max"].get<double>());
  CHECK(w.mean <= recorded["mean"].get<double>());
}

}  // namespace

TEST_CASE("tiny models on the reference backend, float", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) check_f32(reference_backend{}, name);
}
TEST_CASE("long_tiny on the reference backend, float") { check_f32(reference_backend{}, "long_tiny"); }

TEST_CASE("tiny models in double are transformers' to its own rounding", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) {
    golden_case const g(name);
    auto const w = run<fp64>(reference_backend{}, g, false);
    // The goldens are rounded to float, and transformers takes norms and softmax in float even in a float64 model.
    CHECK(w.encoder < 2e-6);
    CHECK(w.logits < 5e-6);
  }
}

TEST_CASE("tiny models in bf16 err no more than transformers in bf16", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) check_bf16(reference_backend{}, name, false);
}

TEST_CASE("tiny models on the cpu, float, row-major and packed", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"})
    for (bool const pack : {false, true}) check_f32(cpu_backend{}, name, pack);
}
TEST_CASE("long_tiny on the cpu, float") { check_f32(cpu_backend{}, "long_tiny", true); }

TEST_CASE("tiny models where the host cannot read device memory", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"})
    check_f32(testing::unreadable_backend<cpu_backend>{}, name, true);
}

TEST_CASE("tiny models in bf16 on the cpu", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) check_bf16<any_t5>(cpu_backend{}, name, true);
}

TEST_CASE("models of full size on the cpu, float, compiled for their presets") {
  check_f32<flan_t5_small>(cpu_backend{}, "flan_t5_small", true);
  check_f32<flan_t5_base>(cpu_backend{}, "flan_t5_base", true);
  check_f32<t5_small>(cpu_backend{}, "t5_small", true);
}

TEST_CASE("models of full size on the cpu, bf16") {
  for (char const* name : {"flan_t5_small", "flan_t5_base", "t5_small"}) check_bf16<any_t5>(cpu_backend{}, name, true);
}
