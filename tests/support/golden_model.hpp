#pragma once
/// Encoder states, logits and losses of a whole model against transformers in float64, on any backend.

#include <algorithm>
#include <cmath>

#include "flan/model/presets.hpp"
#include "support/catch.hpp"
#include "support/golden_case.hpp"

namespace flan::testing {

/// How far a golden case is from its record.
struct golden_error {
  double encoder = 0, logits = 0, mean = 0;
};

/// Runs the case in precision P on `be`; largest differences where the attention mask is 1 and where labels are not
/// −100.
template <class P, auto const& C = any_t5, class B>
golden_error run_golden(B be, golden_case const& g, bool pack) {
  t5<C, P> model(g.config);
  fill_by_formula(be, model);
  if (pack) pack_parameters(be, model);
  uploaded_case const u(be, g);
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

  golden_error w;
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
void check_golden_f32(B be, std::string const& name, bool pack = false) {
  golden_case const g(name);
  auto const w = run_golden<fp32, C>(be, g, pack);
  auto const& recorded = g.numbers["transformers_float32_error"];
  INFO(name << ": encoder " << w.encoder << " of " << recorded["encoder_max"] << ", logits " << w.logits << " of "
            << recorded["max"]);
  CHECK(w.encoder <= 2 * recorded["encoder_max"].get<double>());
  CHECK(w.logits <= 2 * recorded["max"].get<double>());
}

template <auto const& C = any_t5, class B>
void check_golden_bf16(B be, std::string const& name, bool pack) {
  golden_case const g(name);
  auto const w = run_golden<bf16_mixed, C>(be, g, pack);
  auto const& recorded = g.numbers["transformers_bfloat16_error"];
  INFO(name << ": max " << w.logits << " of " << recorded["max"] << ", mean " << w.mean << " of " << recorded["mean"]);
  CHECK(w.logits <= recorded["max"].get<double>());
  CHECK(w.mean <= recorded["mean"].get<double>());
}

}  // namespace flan::testing
