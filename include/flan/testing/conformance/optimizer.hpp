#pragma once
/// Conformance: ops of optimizers.

#include "flan/testing/conformance/session.hpp"

namespace flan::testing::detail {

template <class M, class G, class S>
void check_optimizers(S& s) {
  struct parameter_shape {
    extent rows, columns;
  };
  for (auto const& shape : {parameter_shape{1, 1}, {1, 300}, {130, 129}, {7, 33}, {256, 128}}) {
    if (s.skips(shape.rows * shape.columns)) continue;
    for (auto p : {placement::aligned, placement::ragged}) {
      auto const context = sentence(shape.rows, " x ", shape.columns, p == placement::ragged ? ", ragged" : "");
      auto w = s.template make<M>(shape.rows, shape.columns, p, 0.1);
      auto g = s.template make<G>(shape.rows, shape.columns, p, 1e-3);
      if (shape.rows > 2)  // a row that took no part: its statistics are epsilon's
        for (extent c = 0; c < shape.columns; ++c) g.at(1, c) = G(0);
      g.reset(s.backend());
      auto sum = s.template make<double>(1, 1);
      s.run(
          "sum_of_squares", context, [&](auto& be) { be.sum_of_squares(sum.flat(), in(g.view)); }, sum);

      auto const positive = [&] { return 1e-6 * std::abs(s.normal()); };
      auto row = s.template make<M>(1, shape.rows), column = s.template make<M>(1, shape.columns);
      auto m = s.template make<M>(shape.rows, shape.columns, p, 1e-3),
           v = s.template make<M>(shape.rows, shape.columns, p);
      s.fill(row, positive), s.fill(column, positive), s.fill(v, positive);
      adafactor_options first, later;
      later.beta2 = 0.7, later.rate = 0.02, later.weight_decay = 0.01, later.gradient_scale = 3;
      later.clip_threshold = 0.5, later.scale_by_parameter = false;
      for (auto const& o : {first, later}) {
        s.run(
            "adafactor_update", context + ", factored",
            [&](auto& be) { be.adafactor_update(w.view, in(g.view), row.flat(), column.flat(), matrix<M>{}, o); }, w,
            row, column);
        s.run(
            "adafactor_update", context,
            [&](auto& be) { be.adafactor_update(w.view, in(g.view), vector_view<M>{}, vector_view<M>{}, v.view, o); },
            w, v);
      }
      adamw_options start, middle;
      middle.step = 57, middle.weight_decay = 0.1, middle.gradient_scale = 0.3, middle.beta2 = 0.95;
      for (auto const& o : {start, middle})
        s.run(
            "adamw_update", context, [&](auto& be) { be.adamw_update(w.view, in(g.view), m.view, v.view, o); }, w, m,
            v);
    }
  }
}

}  // namespace flan::testing::detail
