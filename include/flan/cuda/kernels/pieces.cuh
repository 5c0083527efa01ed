#pragma once
/// Passes over whole matrices that leave sums behind. Unmeasured: no device has run them yet.

#include "flan/cuda/kernels/launch.cuh"
#include "flan/cuda/kernels/reduce.cuh"

namespace flan::detail {

/// Calls use(row, column, load(row, column)) for each element that is this thread's: a warp takes pieces of rows. A few
/// loads come before their uses, which the compiler could not arrange where uses write. Which elements are a thread's,
/// and in which order, is of the extents and the grid alone.
inline constexpr extent piece_columns = 512;
template <class Load, class Use>
__device__ void for_pieces(extent rows, extent columns, Load const& load, Use const& use) {
  constexpr int at_once = 4;
  extent const lane = threadIdx.x % warp_threads, warps = blockDim.x / warp_threads;
  extent const pieces = (columns + piece_columns - 1) / piece_columns;
  for (extent i = blockIdx.x * warps + threadIdx.x / warp_threads; i < rows * pieces; i += gridDim.x * warps) {
    extent const r = i / pieces, first = (i - r * pieces) * piece_columns, left = columns - first;
    extent const end = first + (left < piece_columns ? left : piece_columns);
    for (extent c = first + lane; c < end; c += at_once * warp_threads) {
      decltype(load(r, c)) x[at_once];
      for (int j = 0; j < at_once; ++j)
        if (c + j * warp_threads < end) x[j] = load(r, c + j * warp_threads);
      for (int j = 0; j < at_once; ++j)
        if (c + j * warp_threads < end) use(r, c + j * warp_threads, x[j]);
    }
  }
}
inline constexpr unsigned piece_threads = 256;
inline unsigned blocks_for_pieces(extent rows, extent columns, extent most) {
  return blocks_for(rows * ((columns + piece_columns - 1) / piece_columns), piece_threads / warp_threads, most);
}

/// The sum of `count` parts, in all threads of the block.
__device__ inline double add_parts(double const* parts, extent count, block_partials<double>& shared) {
  double sum = 0;
  for (extent i = threadIdx.x; i < count; i += blockDim.x) sum += parts[i];
  return block_sum(sum, shared);
}

}  // namespace flan::detail
