#pragma once
/// CPU: products with weights and their gradients.

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/cpu/product.hpp"
#include "flan/cpu/quantized_product.hpp"
#include "flan/cpu/weights.hpp"

namespace flan::detail {

/// y = or += scale · x·wᵀ, or x·w with transpose, as the CPU's own kernels do it.
template <class Y, class X, class W>
void multiply(instruction_set isa, matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options const& o) {
  expect_readable("matmul", w);
  expect("matmul", "the rows of y", x.rows, y.rows);
  expect("matmul", "the columns of x", o.transpose ? w.rows : w.columns, x.columns);
  expect("matmul", "the columns of y", o.transpose ? w.columns : w.rows, y.columns);
  product<Y, X, W> p;
  p.y = y, p.terms = x.columns;
  p.left = x.data, p.left_stride = x.stride;
  p.right = w.data;
  if (w.format == layout::packed) {
    p.right_as = o.transpose ? arrangement::panels_by_term : arrangement::panels;
    p.right_stride = panel_size<W>(w.columns);
  } else {
    p.right_as = o.transpose ? arrangement::by_term : arrangement::by_output;
    p.right_stride = w.columns;
  }
  p.scale = o.scale, p.accumulate = o.accumulate;
  p.run(isa);
}

/// dw += scale · dyᵀ·x.
template <class G, class D, class X>
void add_weight_gradient(instruction_set isa, matrix<G> dw, matrix<D const> dy, matrix<X const> x, double scale) {
  expect("weight_gradient", "the rows of x", dy.rows, x.rows);
  expect("weight_gradient", "the rows of dw", dy.columns, dw.rows);
  expect("weight_gradient", "the columns of dw", x.columns, dw.columns);
  product<G, D, X> p;
  p.y = dw, p.terms = dy.rows;
  p.left = dy.data, p.left_stride = dy.stride, p.left_by_term = true;
  p.right = x.data, p.right_stride = x.stride, p.right_as = arrangement::by_term;
  p.scale = scale, p.accumulate = true;
  p.run(isa);
}

class cpu_products {
  instruction_set isa_;

 public:
  explicit cpu_products(instruction_set isa) : isa_(isa) {}

  template <class Y, class X, number W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options const& o) {
    multiply(isa_, y, x, w, o);
  }
  /// Activations are quantised on their way, each row by itself.
  template <class Y, class X, quantized W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options const& o) {
    multiply(isa_, y, x, w, o);
  }
  template <class G, class D, class X>
  void weight_gradient(matrix<G> dw, matrix<D const> dy, matrix<X const> x, double scale) {
    add_weight_gradient(isa_, dw, dy, x, scale);
  }
};

}  // namespace flan::detail
