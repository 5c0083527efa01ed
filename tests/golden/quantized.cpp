// How far 8-bit weights take the logits from those of the same model in float64, on every case of golden numbers.

#include <cmath>
#include <cstdio>

#include "flan/cpu/backend.hpp"
#include "flan/model/presets.hpp"
#include "flan/reference/backend.hpp"
#include "support/catch.hpp"
#include "support/golden_text_model.hpp"

using namespace flan;
using flan::testing::golden_case;

namespace {

/// Relative to the golden logits' deviation from their mean: adding the same to all logits of a step changes nothing
/// that is made of them.
struct logits_error {
  double rms = 0, max = 0;
  extent steps = 0, same_choice = 0;  ///< steps, and those whose likeliest token is the same
};

template <auto const& C = any_t5, class B>
logits_error error_of(golden_case const& g, B be) {
  auto const m = testing::golden_text_model<C, q8_weights>(g, std::move(be));
  auto const& model = m.network();
  B own = m.backend();
  testing::uploaded_case const u(own, g);
  extent const d = g.config.d_model, v = g.config.vocabulary;
  tensor<float> x(own, g.batch * g.inputs, d), y(own, g.batch * g.targets, d), z(own, g.batch * g.targets, v);
  model.encode(own, x.view, u.batch.input_ids, u.batch.inputs);
  stack_call<q8_weights> call;
  call.rows = u.batch.targets;
  call.states = x.view;
  call.state_rows = u.batch.inputs;
  model.decode(own, y.view, u.batch.decoder_ids, call);
  model.logits(own, z.view, y.view);
  auto const logits = to_host(own, z.view);

  bool const small = g.numbers["config"].value("small", false);
  extent const recorded = small ? g.targets : 2;
  auto const golden = g.tensor_of(small ? "logits" : "logits_rows");
  double squares = 0, size = 0;
  logits_error e;
  for (extent b = 0; b < g.batch; ++b)
    for (extent t = 0; t < recorded; ++t) {
      if (g.labels[static_cast<std::size_t>(b * g.targets + t)] < 0) continue;
      float const* const ours = logits.data() + (b * g.targets + t) * v;
      float const* const theirs = golden.data() + (b * recorded + t) * v;
      double our_mean = 0, their_mean = 0;
      for (extent i = 0; i < v; ++i) our_mean += ours[i], their_mean += theirs[i];
      our_mean /= static_cast<double>(v), their_mean /= static_cast<double>(v);
      for (extent i = 0; i < v; ++i) {
        double const right = theirs[i] - their_mean, off = ours[i] - our_mean - right;
        squares += off * off, size += right * right;
        e.max = std::max(e.max, std::abs(off));
      }
      ++e.steps;
      e.same_choice += std::max_element(ours, ours + v) - ours == std::max_element(theirs, theirs + v) - theirs;
    }
  e.rms = std::sqrt(squares / size);
  return e;
}

/// What to expect. Rounding a row to steps of its largest magnitude over 127 is a noise of 0.4 % of it in uniform
/// weights and of 0.7 % in normal activations, whose largest of 768 is three deviations; twice that where activations
/// have 7 bits. So a product is off by 0.8 % or 1.5 %, and the residual stream gathers as many independent ones as it
/// has sublayers. Half as much again, since gates multiply two such products and attention takes exponentials of them.
double expected_noise(t5_config const& c, bool seven_bits) {
  return 1.5 * (seven_bits ? 0.015 : 0.008) * std::sqrt(static_cast<double>(2 * c.layers + 3 * c.decoder_layers));
}

template <auto const& C = any_t5, class B>
void check(char const* name, B be, bool seven_bits) {
  golden_case const g(name);
  auto const e = error_of<C>(g, std::move(be));
  double const bound = expected_noise(g.config, seven_bits);
  std::printf(
      "%-14s %d-bit activations: logits off by %.4f of their deviation (%.4f allowed), by %.4f at most; the same token "
      "is "
      "likeliest in %td of %td steps\n",
      name, seven_bits ? 7 : 8, e.rms, bound, e.max, e.same_choice, e.steps);
  INFO(name);
  CHECK(e.rms <= bound);
}

bool seven_bits(cpu_backend const& be) {
  return be.isa() == instruction_set::avx2 || be.isa() == instruction_set::avx512;
}

}  // namespace

TEST_CASE("8-bit weights, activations as they are", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) {
    golden_case const g(name);
    auto const e = error_of(g, reference_backend{});
    INFO(name << ": " << e.rms);
    CHECK(e.rms <= expected_noise(g.config, false));
  }
}
TEST_CASE("8-bit weights on the cpu", "[committed]") {
  for (auto isa : instruction_sets) {
    if (!available(isa)) continue;
    cpu_backend const be{{.isa = isa}};
    for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) check(name, be, seven_bits(be));
  }
}
TEST_CASE("8-bit weights on the cpu, full size") {
  cpu_backend const be;
  check<flan_t5_small>("flan_t5_small", be, seven_bits(be));
  check<flan_t5_base>("flan_t5_base", be, seven_bits(be));
  check<t5_small>("t5_small", be, seven_bits(be));
}
