#pragma once
/// CUDA: products with weights and their gradients.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/backend/quantized.hpp"
#include "flan/backend/weight.hpp"
#include "flan/cuda/elements.hpp"
#include "flan/cuda/error.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::detail {

/// y[M,N] = (or +=) scale·x[M,K]·wᵀ with w[N,K]; with `transpose` scale·x·w with w[K,N]. y is not empty; K may be 0.
template <class Y, class X, class W>
struct matmul_task {
  matrix<Y> y;
  matrix<X const> x;
  matrix<W const> w;
  float scale;
  bool accumulate, transpose;
};
/// y[M,N] = (or +=) scale·x[M,K]·wᵀ with a weight in panels (backend/quantized.hpp), after x's rows were quantised,
/// each by itself: terms[m, k] · scales[m], zeros from K to the end of a row of terms, a multiple of 16.
template <class W>
struct quantized_matmul_task {
  matrix<float> y;
  matrix<float const> x;
  W const* panels;
  matrix<std::int8_t> terms;
  float* scales;
  float scale;
  bool accumulate;
};
/// dw[N,K] += scale·dyᵀ·x with dy[M,N], x[M,K]; dw is not empty, M may be 0.
template <class G, class D, class X>
struct weight_gradient_task {
  matrix<G> dw;
  matrix<D const> dy;
  matrix<X const> x;
  float scale;
};

/// Products of up to so many rows have kernels of their own, which are as fast as the weight can be read.
inline constexpr extent skinny_rows = 8;

/// What cuBLASLt is given for one product. Without room (no bytes) our own kernel does it.
struct library_room {
  std::shared_ptr<void>& slot;  ///< the session's, for handle and plans (cuda_memory::library)
  void* workspace;
  std::size_t bytes;
};
/// Whether cuBLASLt is asked for a product, and the bytes that it may use: what its fastest kernels want on an sm_90.
constexpr bool worth_library(extent m, extent n, extent k) {
  return m > skinny_rows && n > 0 && k > 0 && m * n >= (extent{1} << 21) / k;
}
inline constexpr extent library_bytes = extent{32} << 20;

/// Defined in kernels/product.cuh.
template <class Y, class X, class W>
void launch_matmul(cudaStream_t, matmul_task<Y, X, W> const&, library_room const&);
template <class G, class D, class X>
void launch_weight_gradient(cudaStream_t, weight_gradient_task<G, D, X> const&, library_room const&);
/// Defined in kernels/quantized_product.cuh.
template <class W>
requires quantized<W>
void launch_quantized_matmul(cudaStream_t, quantized_matmul_task<W> const&);

template <class Backend>
class cuda_products {
  Backend& self() { return static_cast<Backend&>(*this); }

  /// Room in `f`, which the stream's later work may take: it comes after the product.
  library_room room_for(frame<Backend>& f, extent m, extent n, extent k) {
    if (!worth_library(m, n, k)) return {self().library(), nullptr, 0};
    // cuBLASLt's kernels for sm_90 want it at a multiple of 256 bytes; an arena gives memory_alignment.
    constexpr std::uintptr_t alignment = 256;
    auto const room = f.template make<std::byte>(1, library_bytes + static_cast<extent>(alignment));
    std::uintptr_t const behind = reinterpret_cast<std::uintptr_t>(room.data) % alignment;
    return {self().library(), room.data + (behind == 0 ? 0 : alignment - behind), std::size_t{library_bytes}};
  }

 public:
  template <cuda_number Y, cuda_number X, cuda_number W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& weights, matmul_options const& o) {
    auto const w = weights.view();
    expect("matmul", "the rows of y", x.rows, y.rows);
    expect("matmul", "the columns of x", o.transpose ? w.rows : w.columns, x.columns);
    expect("matmul", "the columns of y", o.transpose ? w.columns : w.rows, y.columns);
    if (y.empty()) return;
    frame f{self()};
    launch_matmul<Y, X, W>(self().stream(), {y, x, w, static_cast<float>(o.scale), o.accumulate, o.transpose},
                           room_for(f, y.rows, y.columns, x.columns));
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
    frame f{self()};
    auto const terms = f.template make<std::int8_t>(x.rows, (x.columns + 15) / 16 * 16);
    auto const scales = f.template make_vector<float>(x.rows);
    launch_quantized_matmul<W>(self().stream(),
                               {y, x, w.data, terms, scales.data, static_cast<float>(o.scale), o.accumulate});
  }
  template <std::same_as<float> G, cuda_number D, std::same_as<D> X>
  void weight_gradient(matrix<G> dw, matrix<D const> dy, matrix<X const> x, double scale) {
    expect("weight_gradient", "the rows of x", dy.rows, x.rows);
    expect("weight_gradient", "the rows of dw", dy.columns, dw.rows);
    expect("weight_gradient", "the columns of dw", x.columns, dw.columns);
    if (dw.empty()) return;
    frame f{self()};
    launch_weight_gradient<G, D, X>(self().stream(), {dw, dy, x, static_cast<float>(scale)},
                                    room_for(f, dw.rows, dw.columns, x.rows));
  }
};

}  // namespace flan::detail
