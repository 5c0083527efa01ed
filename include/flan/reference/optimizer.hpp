#pragma once
/// Reference: one step of an optimizer on one parameter. Written for real numbers; complex ones compile, so that the
/// oracle's precision has the whole concept, but mean nothing.

#include <vector>

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/reference/scalar.hpp"

namespace flan::reference {

class optimizers {
  template <class S, class T>
  static S root_mean_square(matrix<T> m) {
    S sum(0);
    for (extent r = 0; r < m.rows; ++r)
      for (extent c = 0; c < m.columns; ++c) {
        S const x = detail::convert<S>(m.data[r * m.stride + c]);
        sum += x * x;
      }
    return std::sqrt(sum / S(static_cast<double>(m.rows * m.columns)));
  }

 public:
  template <class G>
  void sum_of_squares(vector_view<double> sum, matrix<G const> g) {
    for (extent r = 0; r < g.rows; ++r)
      for (extent c = 0; c < g.columns; ++c) {
        auto const x = detail::convert<detail::sum_t<wide_t<G>>>(g.data[r * g.stride + c]);
        sum.data[0] += detail::real_part(x * x);
      }
  }

  /// The order of paper_facts: statistics of g² + ε₁, then the update g/√v̂, clipped by its root mean square.
  template <class M, class G>
  void adafactor_update(matrix<M> w, matrix<G const> g, vector_view<M> v_row, vector_view<M> v_column, matrix<M> v,
                        adafactor_options const& o) {
    using S = detail::sum_t<wide_t<M>>;
    char const* const op = "adafactor_update";
    detail::expect_shape(op, "g", g, w);
    if (w.empty()) return;
    bool const factored = v.empty();
    if (factored) {
      detail::expect(op, "the size of v_row", w.rows, v_row.size);
      detail::expect(op, "the size of v_column", w.columns, v_column.size);
    } else {
      detail::expect_shape(op, "v", v, w);
    }
    auto const gradient = [&](extent r, extent c) {
      return detail::convert<S>(g.data[r * g.stride + c]) * S(o.gradient_scale);
    };
    auto const square = [&](extent r, extent c) { return gradient(r, c) * gradient(r, c) + S(o.epsilon_squared); };
    auto const decay = [&](M& average, S const& now) {
      average = detail::convert<M>(S(o.beta2) * detail::convert<S>(average) + S(1 - o.beta2) * now);
    };
    S rows_mean(1);
    if (factored) {
      std::vector<S> columns(static_cast<std::size_t>(w.columns), S(0));
      S total(0);
      for (extent r = 0; r < w.rows; ++r) {
        S row(0);
        for (extent c = 0; c < w.columns; ++c) {
          row += square(r, c);
          columns[static_cast<std::size_t>(c)] += square(r, c);
        }
        decay(v_row.data[r], row / S(static_cast<double>(w.columns)));
        total += detail::convert<S>(v_row.data[r]);
      }
      for (extent c = 0; c < w.columns; ++c)
        decay(v_column.data[c], columns[static_cast<std::size_t>(c)] / S(static_cast<double>(w.rows)));
      rows_mean = total / S(static_cast<double>(w.rows));
    } else {
      for (extent r = 0; r < w.rows; ++r)
        for (extent c = 0; c < w.columns; ++c) decay(v.data[r * v.stride + c], square(r, c));
    }
    // Two roots, not the root of a product: 1e-30·1e-30 is no float.
    auto const update = [&](extent r, extent c) {
      if (!factored) return gradient(r, c) / std::sqrt(detail::convert<S>(v.data[r * v.stride + c]));
      return gradient(r, c) / (std::sqrt(detail::convert<S>(v_row.data[r]) / rows_mean) *
                               std::sqrt(detail::convert<S>(v_column.data[c])));
    };
    S squares(0);
    for (extent r = 0; r < w.rows; ++r)
      for (extent c = 0; c < w.columns; ++c) squares += update(r, c) * update(r, c);
    S const clip = std::sqrt(squares / S(static_cast<double>(w.rows * w.columns))) / S(o.clip_threshold);
    S rate(o.rate);
    if (detail::real_part(clip) > 1) rate /= clip;
    if (o.scale_by_parameter) {
      S const size = root_mean_square<S>(w);
      rate *= detail::real_part(size) > o.epsilon_scale ? size : S(o.epsilon_scale);
    }
    for (extent r = 0; r < w.rows; ++r)
      for (extent c = 0; c < w.columns; ++c) {
        M& element = w.data[r * w.stride + c];
        element = detail::convert<M>(S(1 - o.weight_decay) * detail::convert<S>(element) - rate * update(r, c));
      }
  }

  template <class M, class G>
  void adamw_update(matrix<M> w, matrix<G const> g, matrix<M> m, matrix<M> v, adamw_options const& o) {
    using S = detail::sum_t<wide_t<M>>;
    detail::expect_shape("adamw_update", "g", g, w);
    detail::expect_shape("adamw_update", "m", m, w);
    detail::expect_shape("adamw_update", "v", v, w);
    double const step = static_cast<double>(o.step);
    S const first(1 - std::pow(o.beta1, step)), second(1 - std::pow(o.beta2, step));
    for (extent r = 0; r < w.rows; ++r)
      for (extent c = 0; c < w.columns; ++c) {
        M &element = w.data[r * w.stride + c], &mean = m.data[r * m.stride + c], &square = v.data[r * v.stride + c];
        S const d = detail::convert<S>(g.data[r * g.stride + c]) * S(o.gradient_scale);
        S const mean_now = S(o.beta1) * detail::convert<S>(mean) + S(1 - o.beta1) * d;
        S const square_now = S(o.beta2) * detail::convert<S>(square) + S(1 - o.beta2) * d * d;
        mean = detail::convert<M>(mean_now), square = detail::convert<M>(square_now);
        element = detail::convert<M>(S(1 - o.rate * o.weight_decay) * detail::convert<S>(element) -
                                     S(o.rate) * (mean_now / first) / (std::sqrt(square_now / second) + S(o.epsilon)));
      }
  }
};

}  // namespace flan::reference
