#pragma once
/// Products of numbers: few rows by warps (skinny_product.cuh), large ones by cuBLASLt (library_product.cuh), all else
/// by tiles. No device has run it yet: unmeasured.

#include "flan/cuda/kernels/library_product.cuh"
#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/product_tiles.cuh"
#include "flan/cuda/kernels/skinny_product.cuh"
#include "flan/cuda/kernels/vectors.cuh"
#include "flan/cuda/products.hpp"

namespace flan::detail {

/// One side of a product: element (row, k) lies at row·stride + k (along k) or k·stride + row.
template <class T, bool AlongK>
struct product_operand {
  static constexpr bool along_k = AlongK;
  T const* data;
  extent stride, rows, terms;
  bool vector;  ///< four neighbours lie at a multiple of their bytes

  product_operand(matrix<T const> const& m, extent r, extent t)
      : data(m.data), stride(m.stride), rows(r), terms(t), vector(rows_aligned(m.data, m.stride, 4 * sizeof(T))) {}

  __device__ void load(float (&to)[4], extent row, extent k) const {
    bool const inside = row < rows && k < terms;
    if constexpr (AlongK)
      read_row(to, data + row * stride + k, inside ? terms - k : 0, vector);
    else
      read_row(to, data + k * stride + row, inside ? rows - row : 0, vector);
  }
};

/// y = (or +=) scale · a·bᵀ.
template <class Y, class A, class B>
__global__ void __launch_bounds__(product_threads)
    product_kernel(matrix<Y> y, A a, B b, extent terms, float scale, bool accumulate) {
  product_by_tiles<float>(y.rows, y.columns, terms, a, b, [&](extent m, extent n, float sum) {
    Y* const p = y.data + m * y.stride + n;
    write(p, accumulate ? fmaf(scale, sum, read(p)) : scale * sum);
  });
}
template <class Y, class A, class B>
void launch_tiles(char const* name, cudaStream_t s, matrix<Y> const& y, A const& a, B const& b, extent terms,
                  float scale, bool accumulate) {
  launch(name, product_kernel<Y, A, B>, blocks_of_tiles(y.rows, y.columns), product_threads,
         sizeof(product_tiles<float>), s, y, a, b, terms, scale, accumulate);
}

template <class Y, class X, class W>
void launch_matmul(cudaStream_t s, matmul_task<Y, X, W> const& t, library_room const& room) {
  if (!t.transpose && t.y.rows <= skinny_rows) return launch_skinny_product(s, t);
  if (library_matmul(s, t, room)) return;
  extent const terms = t.x.columns;
  product_operand<X, true> const x{t.x, t.y.rows, terms};
  if (t.transpose)
    launch_tiles("matmul (transposed)", s, t.y, x, product_operand<W, false>{t.w, t.y.columns, terms}, terms, t.scale,
                 t.accumulate);
  else
    launch_tiles("matmul", s, t.y, x, product_operand<W, true>{t.w, t.y.columns, terms}, terms, t.scale, t.accumulate);
}

template <class G, class D, class X>
void launch_weight_gradient(cudaStream_t s, weight_gradient_task<G, D, X> const& t, library_room const& room) {
  if (library_weight_gradient(s, t, room)) return;
  extent const terms = t.x.rows;
  launch_tiles("weight_gradient", s, t.dw, product_operand<D, false>{t.dy, t.dw.rows, terms},
               product_operand<X, false>{t.x, t.dw.columns, terms}, terms, t.scale, true);
}

}  // namespace flan::detail
