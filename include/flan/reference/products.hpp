#pragma once
/// Reference: products with weights and their gradients.

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/backend/quantized.hpp"
#include "flan/backend/weight.hpp"
#include "flan/reference/scalar.hpp"

namespace flan::reference {

struct products {
  template <class Y, class X, number W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& weights, matmul_options const& o) {
    using F = wide_t<X>;
    auto const w = weights.view();
    // One loop for both directions: the term k of output n lies `step` further for each k.
    extent const terms = o.transpose ? w.rows : w.columns, outputs = o.transpose ? w.columns : w.rows;
    extent const step = o.transpose ? w.stride : 1, next = o.transpose ? 1 : w.stride;
    detail::expect("matmul", "the rows of y", x.rows, y.rows);
    detail::expect("matmul", "the columns of x", terms, x.columns);
    detail::expect("matmul", "the columns of y", outputs, y.columns);
    for (extent m = 0; m < y.rows; ++m)
      for (extent n = 0; n < y.columns; ++n) {
        F sum(0);
        for (extent k = 0; k < terms; ++k)
          sum += widen(x.data[m * x.stride + k]) * detail::convert<F>(w.data[n * next + k * step]);
        F const product = F(static_cast<detail::real_t<F>>(o.scale)) * sum;
        Y& element = y.data[m * y.stride + n];
        element = detail::convert<Y>(o.accumulate ? detail::convert<F>(element) + product : product);
      }
  }

  /// x as it is times what the weight stands for: the error of a backend that quantises x too shows against this.
  template <class Y, class X, quantized W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options const& o) {
    matmul(y, x, detail::dequantized(w), o);
  }

  template <class G, class D, class X>
  void weight_gradient(matrix<G> dw, matrix<D const> dy, matrix<X const> x, double scale) {
    using F = wide_t<G>;
    detail::expect("weight_gradient", "the rows of x", dy.rows, x.rows);
    detail::expect("weight_gradient", "the rows of dw", dy.columns, dw.rows);
    detail::expect("weight_gradient", "the columns of dw", x.columns, dw.columns);
    for (extent n = 0; n < dw.rows; ++n)
      for (extent k = 0; k < dw.columns; ++k) {
        F sum(0);
        for (extent m = 0; m < dy.rows; ++m)
          sum += detail::convert<F>(dy.data[m * dy.stride + n]) * detail::convert<F>(x.data[m * x.stride + k]);
        G& element = dw.data[n * dw.stride + k];
        element = detail::convert<G>(widen(element) + F(static_cast<detail::real_t<F>>(scale)) * sum);
      }
  }
};

}  // namespace flan::reference
