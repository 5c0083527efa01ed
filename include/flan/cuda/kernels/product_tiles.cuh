#pragma once
/// The loop of products that both sides' tiles in shared memory feed: 64 × 64 outputs a block, 4 × 4 a thread, each the
/// sum of its terms in order. No device has run it yet: unmeasured.

#include "flan/cuda/kernels/launch.cuh"
#include "flan/cuda/kernels/shared.cuh"

namespace flan::detail {

inline constexpr int product_side = 64, product_depth = 16, product_threads = 256;

/// T: a float, or four bytes as an int. Each tile lies by terms; the spare columns spread what is stored over banks.
template <class T>
struct product_tiles {
  alignas(16) T a[product_depth][product_side + 4];
  alignas(16) T b[product_depth][product_side + 4];
};

__device__ __forceinline__ float multiply_add(float a, float b, float sum) { return fmaf(a, b, sum); }
__device__ __forceinline__ int multiply_add(int a, int b, int sum) { return __dp4a(a, b, sum); }

/// The four elements of a tile that are this thread's, `first` being the tile's row and `k` its term: along k where
/// those are neighbours in memory, else along rows.
template <class T, class Operand>
__device__ __forceinline__ void fetch_product_part(T (&part)[4], Operand const& from, extent first, extent k) {
  int const i = static_cast<int>(threadIdx.x);
  if constexpr (Operand::along_k)
    from.load(part, first + i / 4, k + i % 4 * 4);
  else
    from.load(part, first + i % 16 * 4, k + i / 16);
}
template <class Operand, class T>
__device__ __forceinline__ void place_product_part(T (&tile)[product_depth][product_side + 4], T const (&part)[4]) {
  int const t = static_cast<int>(threadIdx.x);
  for (int i = 0; i < 4; ++i) {
    if constexpr (Operand::along_k)
      tile[t % 4 * 4 + i][t / 4] = part[i];
    else
      tile[t / 16][t % 16 * 4 + i] = part[i];
  }
}

/// store(m, n, Σ_k a(m, k)·b(n, k)) for all m < rows, n < columns. An operand's load(four, row, k) gives four elements,
/// zeros past its ends. Blocks have product_threads threads and product_tiles<T> of shared memory.
template <class T, class A, class B, class Store>
__device__ void product_by_tiles(extent rows, extent columns, extent terms, A const& a, B const& b,
                                 Store const& store) {
  auto& shared = shared_memory<product_tiles<T>>();
  int const down = static_cast<int>(threadIdx.x) / 16 * 4, across = static_cast<int>(threadIdx.x) % 16 * 4;
  for (extent m = extent{blockIdx.y} * product_side; m < rows; m += extent{gridDim.y} * product_side)
    for (extent n = extent{blockIdx.x} * product_side; n < columns; n += extent{gridDim.x} * product_side) {
      T sum[4][4] = {}, part_a[4], part_b[4];
      fetch_product_part(part_a, a, m, 0), fetch_product_part(part_b, b, n, 0);
      for (extent k = 0; k < terms; k += product_depth) {
        place_product_part<A>(shared.a, part_a), place_product_part<B>(shared.b, part_b);
        __syncthreads();
        if (k + product_depth < terms)  // on their way while this tile is multiplied
          fetch_product_part(part_a, a, m, k + product_depth), fetch_product_part(part_b, b, n, k + product_depth);
        for (int d = 0; d < product_depth; ++d) {
          T left[4], right[4];
          for (int i = 0; i < 4; ++i) left[i] = shared.a[d][down + i], right[i] = shared.b[d][across + i];
          for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j) sum[i][j] = multiply_add(left[i], right[j], sum[i][j]);
        }
        __syncthreads();
      }
      for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j)
          if (m + down + i < rows && n + across + j < columns) store(m + down + i, n + across + j, sum[i][j]);
    }
}

/// Blocks for product_by_tiles.
inline dim3 blocks_of_tiles(extent rows, extent columns) {
  return {blocks_for(columns, product_side), blocks_for(rows, product_side)};
}

}  // namespace flan::detail
