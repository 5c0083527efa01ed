#pragma once
/// Every gradient of a golden case against torch's in float64, and the loss, on any backend.

#include <string>
#include <vector>

#include "flan/model/presets.hpp"
#include "flan/testing/gradient.hpp"
#include "flan/train/adamw.hpp"
#include "flan/train/step.hpp"
#include "support/catch.hpp"
#include "support/golden_case.hpp"

namespace flan::testing {

inline std::vector<tokenized_example> examples_of(golden_case const& g) {
  std::vector<tokenized_example> all;
  for (extent r = 0; r < g.batch; ++r) {
    tokenized_example e;
    auto const first = g.input_ids.begin() + r * g.inputs;
    e.input.assign(first, first + g.lengths[static_cast<std::size_t>(r)]);
    for (extent i = 0; i < g.targets; ++i)
      if (token const label = g.labels[static_cast<std::size_t>(r * g.targets + i)]; label != no_label)
        e.target.push_back(label);
    e.key = static_cast<std::uint64_t>(r);
    all.push_back(std::move(e));
  }
  return all;
}

/// In one batch and in one micro-batch per example: torch's mean is over all of them.
template <class P, class B>
void check_golden_gradients(std::string const& name, double bound, bool recompute) {
  INFO(name << (recompute ? ", recomputed" : ""));
  golden_case const g(name);
  B be;
  t5<any_t5, P> model(g.config);
  fill_by_formula(be, model);
  step_settings s;
  s.recompute = recompute;
  trainer<t5<any_t5, P>, B, adamw> t(model, be, {}, s);
  auto const examples = examples_of(g);
  std::vector<batch> whole{make_batch(examples, g.config.pad_id, g.config.start_id)};
  std::vector<batch> single;
  for (auto const& e : examples) single.push_back(make_batch({&e, 1}, g.config.pad_id, g.config.start_id));
  for (auto const* batches : {&whole, &single}) {
    CHECK(t.accumulate_gradient(*batches, whole[0].target_tokens) ==
          Approx(g.numbers.at("loss").get<double>()).epsilon(bound));
    std::size_t compared = 0, recorded = 0;
    for (auto const& [key, value] : g.tensors) recorded += key.starts_with("grad.") ? 1 : 0;
    for_each_parameter(
        [&](std::string const& parameter, auto& d) {
          INFO(parameter);
          REQUIRE(g.tensors.contains("grad." + parameter));
          auto const right = g.tensor_of("grad." + parameter);
          std::vector<double> found;
          for (auto const x : to_host(be, d.view())) found.push_back(static_cast<double>(x));
          CHECK(gradient_error(found, {right.begin(), right.end()}) <= bound);
          ++compared;
        },
        t.gradient());
    CHECK(compared == recorded);
  }
}

}  // namespace flan::testing
