#pragma once
/// Products of up to eight rows, as decoding has them: a warp an output or two, the weight read once, 16 bytes a lane.
/// Which lane adds which term, and when, depends on the term alone: a row's bits are the same whatever the other rows
/// and whether addresses are aligned. No device has run it yet: unmeasured.

#include <type_traits>
#include <utility>

#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/vectors.cuh"
#include "flan/cuda/products.hpp"

namespace flan::detail {

inline constexpr int skinny_threads = 128;

/// Rows: of x, or more: those past the last repeat it. Outputs: a warp's. Whole: rows of both begin at multiples of 16
/// bytes and have no end between two.
template <int Rows, int Outputs, bool Whole, class Y, class X, class W>
__global__ void __launch_bounds__(skinny_threads) skinny_product_kernel(matmul_task<Y, X, W> t) {
  // Loads ahead: as many as registers have room for.
  constexpr int each = 16 / static_cast<int>(sizeof(W)), ahead = Rows * each > 32 ? 1 : 4 / Outputs;
  constexpr extent step = extent{each} * warp_threads;
  static_assert(sizeof(X) == sizeof(W));
  int const lane = static_cast<int>(threadIdx.x) % warp_threads, warps = skinny_threads / warp_threads;
  extent const terms = t.x.columns, outputs = t.y.columns, last = t.y.rows - 1;
  extent const warp = extent{blockIdx.x} * warps + threadIdx.x / warp_threads;
  for (extent n = warp * Outputs; n < outputs; n += extent{gridDim.x} * warps * Outputs) {
    W const* w[Outputs];
    for (int o = 0; o < Outputs; ++o) w[o] = t.w.data + (n + o < outputs ? n + o : n) * t.w.stride;
    float sum[Rows][Outputs] = {};
    for (extent k = extent{lane} * each; k < terms; k += ahead * step) {
      // The weight comes from far: all of its loads are on their way before the first is used.
      words_of<4> from_w[ahead][Outputs];
      for (int a = 0; a < ahead; ++a)
        for (int o = 0; o < Outputs; ++o) from_w[a][o] = read_lot<Whole>(w[o] + k + a * step, terms - k - a * step);
      auto const add = [&](auto a) {
        extent const first = k + a * step;
        for (int r = 0; r < Rows; ++r) {
          auto const from_x = read_lot<Whole>(t.x.data + (r < last ? r : last) * t.x.stride + first, terms - first);
          for (int i = 0; i < each; ++i)
            for (int o = 0; o < Outputs; ++o)
              sum[r][o] = fmaf(element_of<X>(from_x, i), element_of<W>(from_w[a][o], i), sum[r][o]);
        }
      };
      // As constants, so that what they index stays in registers.
      [&]<int... A>(std::integer_sequence<int, A...>) { (add(std::integral_constant<int, A>{}), ...); }
      (std::make_integer_sequence<int, ahead>{});
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
  auto const blocks = blocks_for(t.y.columns, skinny_threads / warp_threads * Outputs);
  bool const whole = rows_aligned(t.w.data, t.w.stride, 16) && rows_aligned(t.x.data, t.x.stride, 16) &&
                     static_cast<std::size_t>(t.x.columns) * sizeof(X) % 16 == 0;
  auto const kernel = whole ? skinny_product_kernel<Rows, Outputs, true, Y, X, W>
                            : skinny_product_kernel<Rows, Outputs, false, Y, X, W>;
  launch("matmul (few rows)", kernel, blocks, skinny_threads, 0, s, t);
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
