#pragma once
/// CPU: products with weights and their gradients.

#include "flan/cpu/head.hpp"
#include "flan/cpu/multiply.hpp"
#include "flan/cpu/quantized_product.hpp"

namespace flan::detail {

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
  /// backend/together.hpp
  template <class Y, class X, class W, std::size_t N>
  void matmul(std::array<projection<Y, W>, N> const& all, matrix<X const> x, matmul_options const& o) {
    multiply(isa_, all, x, o);
  }
  template <class X, class W>
  requires has_product_kernels<X> &&
      (quantized<W> || has_product_kernels<W>)void matmul(matrix<X> y, matrix<X const> x, gated_weights<W> const& w) {
    multiply(isa_, y, x, w);
  }
  template <class X, class W>
  requires has_product_kernels<X> &&
      (quantized<W> || has_product_kernels<W>)void matmul(top_results<float> const& to, matrix<X const> x,
                                                          weight<W> const& w, matmul_options const& o) {
    multiply(isa_, to, x, w, o);
  }

  template <class G, class D, class X>
  void weight_gradient(matrix<G> dw, matrix<D const> dy, matrix<X const> x, double scale) {
    add_weight_gradient(isa_, dw, dy, x, scale);
  }
};

}  // namespace flan::detail
