#pragma once
/// The model of a golden case as a user has it, its weights by formula, and the case's inputs without padding.

#include <utility>
#include <vector>

#include "flan/generate/text_model.hpp"
#include "flan/model/presets.hpp"
#include "support/golden_case.hpp"

namespace flan::testing {

template <auto const& C = any_t5, class P = fp32, class B>
text_model<C, P, B> golden_text_model(golden_case const& g, B be) {
  t5<C, P> model(g.config);
  fill_by_formula(be, model);
  text_model<C, P, B> m(std::move(model), std::move(be), std::nullopt, generation_defaults_of(g.config));
  m.pack();
  return m;
}

inline std::vector<std::vector<token>> inputs_of(golden_case const& g) {
  std::vector<std::vector<token>> inputs;
  for (extent b = 0; b < g.batch; ++b) {
    auto const row = g.input_ids.begin() + b * g.inputs;
    inputs.emplace_back(row, row + g.lengths[static_cast<std::size_t>(b)]);
  }
  return inputs;
}

inline std::vector<std::vector<token>> targets_of(golden_case const& g) {
  std::vector<std::vector<token>> targets(static_cast<std::size_t>(g.batch));
  for (std::size_t i = 0; i < g.labels.size(); ++i)
    if (g.labels[i] >= 0) targets[i / static_cast<std::size_t>(g.targets)].push_back(g.labels[i]);
  return targets;
}

}  // namespace flan::testing
