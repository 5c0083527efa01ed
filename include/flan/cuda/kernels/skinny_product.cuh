#pragma once
/// Products of up to eight rows, as decoding has them: a warp an output or two, the weight read once, 16 bytes a lane.
/// Which lane adds which term, and when, depends on the term alone: a row's bits are the same whatever the other rows
/// and whether addresses are aligned. No device has run it yet: unmeasured.

#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/vectors.cuh"
#include "flan/cuda/products.hpp"

namespace flan::detail {

inline constexpr int skinny_threads = 128;

/// Rows: of x, or more: those past the last repeat it. Outputs: a warp's.
template <int Rows, int Outputs, class Y, class X, class W>
__global__ void __launch_bounds__(skinny_threads) skinny_product_kernel(matmul_task<Y, X, W> t, bool vector) {
  constexpr int each = 16 / static_cast<int>(sizeof(W)), ahead = 4 / Outputs;
  constexpr extent step = extent{each} * warp_threads;
  static_assert(sizeof(X) == sizeof(W));
  int const lane = static_cast<int>(threadIdx.x) % warp_threads, warps = skinny_threads / warp_threads;
  extent const terms = t.x.columns, outputs = t.y.columns, last = t.y.rows - 1;
  extent const warp = extent{blockIdx.x} * warps + threadIdx.x / warp_threads;
  for (extent n = warp * Outputs; n < outputs; n += extent{gridDim.x} * warps * Outputs) {
    W const* w[Outputs];
    for (int o = 0; o < Outputs; ++o) w[o] = t.w.data + (n + o < outputs ? n + o : n) * t.w.stride;
    float sum[Rows][Outputs] = {};
    // The weight comes from far: several loads are on their way before the first is used.
    for (extent k = extent{lane} * each; k < terms; k += ahead * step) {
      float from_w[ahead][Outputs][each];
      for (int a = 0; a < ahead; ++a)
        for (int o = 0; o < Outputs; ++o) read_row(from_w[a][o], w[o] + k + a * step, terms - k - a * step, vector);
      for (int a = 0; a < ahead; ++a)
        for (int r = 0; r < Rows; ++r) {
          float from_x[each];
          read_row(from_x, t.x.data + (r < last ? r : last) * t.x.stride + k + a * step, terms - k - a * step, vector);
          for (int o = 0; o < Outputs; ++o)
            for (int i = 0; i < each; ++i) sum[r][o] = fmaf(from_x[i], from_w[a][o][i], sum[r][o]);
        }
    }
    for (int r = 0; r < Rows; ++r)
      for (int o = 0; o < Outputs; ++o) {
        float const total = warp_sum(sum[r][o]);
        if (lane != r * Outputs + o || r > last || n + o >= outputs) continue;
        Y* const y = t.y.data + r * t.y.stride + n + o;
        write(y, t.accumulate ? fmaf(t.scale, total, read(y)) : t.scale * total);
      }
  }
}

template <int Rows, int Outputs, class Y, class X, class W>
void launch_skinny_rows(cudaStream_t s, matmul_task<Y, X, W> const& t) {
  bool const vector = rows_aligned(t.w.data, t.w.stride, 16) && rows_aligned(t.x.data, t.x.stride, 16);
  launch("matmul (few rows)", skinny_product_kernel<Rows, Outputs, Y, X, W>,
         blocks_for(t.y.columns, skinny_threads / warp_threads * Outputs), skinny_threads, 0, s, t, vector);
}
/// t.y has 1 to skinny_rows rows, and nothing is transposed.
template <class Y, class X, class W>
void launch_skinny_product(cudaStream_t s, matmul_task<Y, X, W> const& t) {
  if (t.y.rows == 1) return launch_skinny_rows<1, 1>(s, t);
  if (t.y.rows == 2) return launch_skinny_rows<2, 2>(s, t);
  if (t.y.rows <= 4) return launch_skinny_rows<4, 2>(s, t);
  launch_skinny_rows<8, 2>(s, t);
}

}  // namespace flan::detail
