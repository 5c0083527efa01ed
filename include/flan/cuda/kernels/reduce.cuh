#pragma once
/// Sums and maxima over the threads of a warp or block, in an order that depends on nothing: the same bits each time.

#include "flan/cuda/kernels/launch.cuh"

namespace flan::detail {

struct add_up {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
/// The larger one; a NaN never wins.
struct take_larger {
  __device__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

/// All lanes get the result over the whole warp. All 32 lanes must come.
template <class Op, class T>
__device__ T warp_reduce(T x, Op op = {}) {
  for (int bits = warp_threads / 2; bits > 0; bits /= 2) x = op(x, __shfl_xor_sync(whole_warp, x, bits));
  return x;
}
template <class T>
__device__ T warp_sum(T x) {
  return warp_reduce<add_up>(x);
}
__device__ inline float warp_max(float x) { return warp_reduce<take_larger>(x); }

/// Shared memory of block_reduce: one value a warp.
template <class T>
struct block_partials {
  T of_warp[32];
};

/// All threads of a block (one-dimensional, any number of warps) get the result. Begins and ends with a barrier's worth
/// of order: `shared` may be used again at once.
template <class Op, class T>
__device__ T block_reduce(T x, block_partials<T>& shared, Op op = {}) {
  int const warps = static_cast<int>(blockDim.x) / warp_threads, lane = static_cast<int>(threadIdx.x) % warp_threads;
  x = warp_reduce<Op>(x, op);
  if (lane == 0) shared.of_warp[threadIdx.x / warp_threads] = x;
  __syncthreads();
  T total = shared.of_warp[0];
  for (int w = 1; w < warps; ++w) total = op(total, shared.of_warp[w]);
  __syncthreads();
  return total;
}
template <class T>
__device__ T block_sum(T x, block_partials<T>& shared) {
  return block_reduce<add_up>(x, shared);
}
__device__ inline float block_max(float x, block_partials<float>& shared) {
  return block_reduce<take_larger>(x, shared);
}

}  // namespace flan::detail
