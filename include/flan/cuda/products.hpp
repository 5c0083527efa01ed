#pragma once
/// CUDA: products with weights and their gradients.

#include <memory>

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/backend/quantized.hpp"
#include "flan/backend/weight.hpp"
#include "flan/cuda/elements.hpp"
#include "flan/cuda/error.hpp"

namespace flan::detail {

/// y[M,N] = (or +=) scale·x[M,K]·wᵀ with w[N,K]; with `transpose` scale·x·w with w[K,N]. y is not empty; K may be 0.
/// A q8 weight is given by its panels (backend/quantized.hpp): w.data is the first, w.stride means nothing, and there
/// is no transpose.
template <class Y, class X, class W>
struct matmul_task {
  matrix<Y> y;
  matrix<X const> x;
  matrix<W const> w;
  float scale;
  bool accumulate, transpose;
};
/// dw[N,K] += scale·dyᵀ·x with dy[M,N], x[M,K]; dw is not empty, M may be 0.
template <class G, class D, class X>
struct weight_gradient_task {
  matrix<G> dw;
  matrix<D const> dy;
  matrix<X const> x;
  float scale;
};

/// Defined in kernels/product.cuh; for W = q8 in kernels/quantized_product.cuh. `library` is the session's slot for
/// handles of its own (cuda_memory::library).
template <class Y, class X, class W>
void launch_matmul(cudaStream_t, matmul_task<Y, X, W> const&, std::shared_ptr<void>& library);
template <class G, class D, class X>
void launch_weight_gradient(cudaStream_t, weight_gradient_task<G, D, X> const&, std::shared_ptr<void>& library);

template <class Backend>
class cuda_products {
  Backend& self() { return static_cast<Backend&>(*this); }

 public:
  template <cuda_number Y, cuda_number X, cuda_number W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& weights, matmul_options const& o) {
    auto const w = weights.view();
    expect("matmul", "the rows of y", x.rows, y.rows);
    expect("matmul", "the columns of x", o.transpose ? w.rows : w.columns, x.columns);
    expect("matmul", "the columns of y", o.transpose ? w.columns : w.rows, y.columns);
    if (y.empty()) return;
    launch_matmul<Y, X, W>(self().stream(), {y, x, w, static_cast<float>(o.scale), o.accumulate, o.transpose},
                           self().library());
  }
  template <std::same_as<float> Y, std::same_as<float> X, quantized W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options const& o) {
    if (o.transpose) fail("matmul expected no transpose of a quantised weight");
    if (w.format != layout::packed || w.panel != q8_panel::rows)
      fail("matmul expected a q8 weight in panels of ", q8_panel::rows, " rows but found another backend's");
    expect("matmul", "the rows of y", x.rows, y.rows);
    expect("matmul", "the columns of x", w.columns, x.columns);
    expect("matmul", "the columns of y", w.rows, y.columns);
    if (y.empty()) return;
    matrix<W const> const panels{w.data, w.rows, w.columns};
    launch_matmul<Y, X, W>(self().stream(), {y, x, panels, static_cast<float>(o.scale), o.accumulate, false},
                           self().library());
  }
  template <std::same_as<float> G, cuda_number D, std::same_as<D> X>
  void weight_gradient(matrix<G> dw, matrix<D const> dy, matrix<X const> x, double scale) {
    expect("weight_gradient", "the rows of x", dy.rows, x.rows);
    expect("weight_gradient", "the rows of dw", dy.columns, dw.rows);
    expect("weight_gradient", "the columns of dw", x.columns, dw.columns);
    if (dw.empty()) return;
    launch_weight_gradient<G, D, X>(self().stream(), {dw, dy, x, static_cast<float>(scale)}, self().library());
  }
};

}  // namespace flan::detail
