#pragma once
/// The gradient of attention's bias: sums over the diagonals of a tile of score gradients, added up by tile of queries,
/// and those by head, all in order. Unmeasured: no device has run it yet.

#include "flan/cuda/attention_backward.hpp"
#include "flan/cuda/kernels/attention_masks.cuh"
#include "flan/cuda/kernels/attention_tile.cuh"

namespace flan::detail {

/// Adds the sums over the diagonals of `scores` to the columns of `bias`. `distance` is that of the tile's first key
/// from its first query. The whole block must come, after a barrier behind the writes of `scores`, and meet again
/// before either is used anew.
template <int T>
__device__ void add_diagonals(float* bias, attention_masks const& m, int distance, weight_tile<T> const& scores,
                              float (&diagonals)[2 * T]) {
  static_assert(2 * T <= tile_threads);
  int const farthest = m.farthest, d = static_cast<int>(threadIdx.x), mine = distance + d - (T - 1);
  if (d < 2 * T - 1) {
    float sum = 0.0f;
    for (int i = 0; i < T; ++i) {
      int const j = i + d - (T - 1);
      if (j >= 0 && j < T) sum += scores.of[i][j];
    }
    // Between the ends a column has one diagonal of a tile, so that nobody else adds to it now.
    if (-farthest < mine && mine < farthest) bias[farthest + mine] += sum;
    diagonals[d] = sum;
  }
  // The ends have all diagonals from there on: one warp adds them up, the near end first.
  bool const near_end = distance - (T - 1) <= -farthest, far_end = distance + (T - 1) >= farthest;
  if (!near_end && !far_end) return;
  __syncthreads();
  if (threadIdx.x >= warp_threads) return;
  float low = 0.0f, high = 0.0f;
  for (int n = static_cast<int>(threadIdx.x); n < 2 * T - 1; n += warp_threads) {
    int const at = distance + n - (T - 1);
    if (at <= -farthest)
      low += diagonals[n];
    else if (at >= farthest)
      high += diagonals[n];
  }
  low = warp_sum(low), high = warp_sum(high);
  if (threadIdx.x == 0) {
    if (near_end) bias[0] += low;
    if (far_end) bias[2 * farthest] += high;
  }
}

struct bias_gradient_shared {
  float sums[tile_threads / warp_threads][warp_threads];
};

/// dbias[h, c] += Σ over the head's tiles: a warp adds every eighth of them, a lane a column.
template <class X>
__global__ void __launch_bounds__(tile_threads) attention_bias_gradient_kernel(attention_backward_task<X> t) {
  auto& shared = shared_memory<bias_gradient_shared>();
  constexpr int warps = tile_threads / warp_threads;
  int const lane = static_cast<int>(threadIdx.x) % warp_threads, warp = static_cast<int>(threadIdx.x) / warp_threads;
  extent const tiles = t.parts(t.q.length, t.q.width), tile = t.queries_per_part(t.q.width);
  for (extent h = blockIdx.y; h < t.q.heads; h += gridDim.y)
    for (extent first = extent{blockIdx.x} * warp_threads; first < t.dbias.columns;
         first += extent{gridDim.x} * warp_threads) {
      extent const c = first + lane;
      float sum = 0.0f;
      if (c < t.dbias.columns)
        for (extent n = warp; n < t.q.batch * tiles; n += warps) sum += t.partial_of(n / tiles, h, n % tiles * tile)[c];
      shared.sums[warp][lane] = sum;
      __syncthreads();
      if (warp == 0 && c < t.dbias.columns) {
        for (int w = 1; w < warps; ++w) sum += shared.sums[w][lane];
        t.dbias.data[h * t.dbias.stride + c] += sum;
      }
      __syncthreads();
    }
}

}  // namespace flan::detail
