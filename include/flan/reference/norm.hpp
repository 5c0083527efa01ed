#pragma once
/// Reference: T5's layer norm (Zhang & Sennrich 2019: no mean is subtracted, no bias added).

#include "flan/backend/expect_ops.hpp"
#include "flan/backend/weight.hpp"
#include "flan/reference/scalar.hpp"

namespace flan::reference {

struct norms {
  template <class Y, class F>
  void rms_norm(matrix<Y> y, vector_view<F> inverse, matrix<F const> x, weight<F> const& gain, double epsilon) {
    detail::expect_shape("rms_norm", "y", y, x);
    detail::expect("rms_norm", "the gain's columns", x.columns, gain.size());
    if (!inverse.empty()) detail::expect("rms_norm", "the size of inverse", x.rows, inverse.size);
    F const columns(static_cast<detail::real_t<F>>(x.columns));
    F const* const g = gain.view().data;
    for (extent r = 0; r < x.rows; ++r) {
      F const* const row = x.data + r * x.stride;
      F squares(0);
      for (extent c = 0; c < x.columns; ++c) squares += row[c] * row[c];
      F const scale = F(1) / std::sqrt(squares / columns + F(static_cast<detail::real_t<F>>(epsilon)));
      if (!inverse.empty()) inverse.data[r] = scale;
      for (extent c = 0; c < x.columns; ++c) y.data[r * y.stride + c] = narrow<Y>(row[c] * scale * g[c]);
    }
  }

  /// With n = x·inverse and e = dy·gain: dx = inverse·(e − n·mean(e·n)), dgain += Σ dy·n.
  template <class D, class G, class E, class F>
  void rms_norm_backward(matrix<D> dx, matrix<G> dgain, matrix<E const> dy, matrix<F const> x,
                         vector_view<F const> inverse, weight<F> const& gain, bool accumulate) {
    detail::expect_norm_backward(dx, dgain, dy, x, inverse, gain);
    F const columns(static_cast<detail::real_t<F>>(x.columns));
    F const* const g = gain.view().data;
    for (extent r = 0; r < x.rows; ++r) {
      F const scale = inverse.data[r];
      F sum(0);
      for (extent c = 0; c < x.columns; ++c) {
        F const n = x.data[r * x.stride + c] * scale, d = detail::convert<F>(dy.data[r * dy.stride + c]);
        sum += d * g[c] * n;
        dgain.data[c] = detail::convert<G>(detail::convert<F>(dgain.data[c]) + d * n);
      }
      for (extent c = 0; c < x.columns; ++c) {
        F const n = x.data[r * x.stride + c] * scale;
        F const d = scale * (detail::convert<F>(dy.data[r * dy.stride + c]) * g[c] - n * sum / columns);
        D& element = dx.data[r * dx.stride + c];
        element = detail::convert<D>(accumulate ? detail::convert<F>(element) + d : d);
      }
    }
  }
};

}  // namespace flan::reference
