#pragma once
/// CPU: products with weights and gradients of weights, as functions of an instruction set; those of quantised weights
/// are in cpu/quantized_product.hpp.

#include <array>

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/backend/together.hpp"
#include "flan/cpu/product.hpp"
#include "flan/cpu/weights.hpp"

namespace flan::detail {

/// The product of x and weights of one shape and layout, w for all of them; its results are for the caller to name.
template <class Y, class X, class W>
product<Y, X, W> product_with(matrix<X const> x, weight<W> const& w, matmul_options const& o) {
  product<Y, X, W> p;
  p.terms = x.columns;
  p.left = x.data, p.left_stride = x.stride;
  if (w.format == layout::packed) {
    p.right_as = o.transpose ? arrangement::panels_by_term : arrangement::panels;
    p.right_stride = panel_size<W>(w.columns);
  } else {
    p.right_as = o.transpose ? arrangement::by_term : arrangement::by_output;
    p.right_stride = w.columns;
  }
  p.scale = o.scale, p.accumulate = o.accumulate;
  return p;
}

/// y = or += scale · x·wᵀ, or x·w with transpose, as the CPU's own kernels do it.
template <class Y, class X, class W>
void multiply(instruction_set isa, matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options const& o) {
  expect_product(y, x, w, o.transpose);
  typename product<Y, X, W>::part const part{y, w.data};
  auto p = product_with<Y>(x, w, o);
  p.parts = &part;
  p.run(isa);
}

/// The same for several weights at once.
template <class Y, class X, number W, std::size_t N>
void multiply(instruction_set isa, std::array<projection<Y, W>, N> const& all, matrix<X const> x,
              matmul_options const& o) {
  static_assert(N > 0, "there is no product without a weight");
  auto const& first = all.front().w;
  bool alike = !o.transpose;
  typename product<Y, X, W>::part parts[N];
  for (std::size_t i = 0; i < N; ++i) {
    auto const& [y, w] = all[i];
    alike = alike && w.format == first.format;
    parts[i] = {y, w.data};
  }
  if (!alike) {
    for (auto const& [y, w] : all) multiply(isa, y, x, w, o);
    return;
  }
  for (auto const& [y, w] : all) expect_product(y, x, w, false);
  auto p = product_with<Y>(x, first, o);
  p.parts = parts, p.part_count = static_cast<extent>(N);
  p.run(isa);
}

/// y = a(x·gateᵀ) ⊙ (x·upᵀ).
template <class Y, class X, number W>
void multiply(instruction_set isa, matrix<Y> y, matrix<X const> x, gated_weights<W> const& w) {
  if (w.gate.format != layout::packed || w.up.format != layout::packed)
    fail("matmul with a gate expects packed weights");
  expect_product(y, x, w.gate, false);
  expect_product(y, x, w.up, false);
  typename product<Y, X, W>::part const parts[] = {{y, w.gate.data}, {y, w.up.data}};
  auto p = product_with<Y>(x, w.gate, {});
  p.parts = parts, p.part_count = 2, p.gate = &w.a;
  p.run(isa);
}

/// dw += scale · dyᵀ·x.
template <class G, class D, class X>
void add_weight_gradient(instruction_set isa, matrix<G> dw, matrix<D const> dy, matrix<X const> x, double scale) {
  expect("weight_gradient", "the rows of x", dy.rows, x.rows);
  expect("weight_gradient", "the rows of dw", dy.columns, dw.rows);
  expect("weight_gradient", "the columns of dw", x.columns, dw.columns);
  product<G, D, X> p;
  typename product<G, D, X>::part const part{dw, x.data};
  p.parts = &part, p.terms = dy.rows;
  p.left = dy.data, p.left_stride = dy.stride, p.left_by_term = true;
  p.right_stride = x.stride, p.right_as = arrangement::by_term;
  p.scale = scale, p.accumulate = true;
  p.run(isa);
}

}  // namespace flan::detail
