#pragma once
/// Sorting without atomics, for kernels of top_k and embed_backward. Unmeasured: no device has run it yet.
///
/// Keys are 64-bit and all different, so that there is one order; 0 stands for none. A warp sorts 256 of them in
/// registers. Sorted lists, of warps here and of blocks in a kernel that follows, become one by ranks: a key's place is
/// the count of the larger ones in every list, each a binary search.

#include <cstdint>

#include "flan/cuda/kernels/launch.cuh"
#include "flan/cuda/kernels/reduce.cuh"

namespace flan::detail {

using sort_key = std::uint64_t;
/// What a block sorts at once: lists of its warps, which lie in registers, `of_lane` keys in each lane.
struct sort_chunk {
  static constexpr int threads = 256, of_lane = 8, lists = threads / warp_threads, list = warp_threads * of_lane;
  static constexpr int size = lists * list;
  sort_key of_warp[lists][list];
};

struct take_larger_key {
  __device__ sort_key operator()(sort_key a, sort_key b) const { return a > b ? a : b; }
};

/// One step of a bitonic sort, largest first: keys `Stride` apart within runs of `Size`. Lane l has keys 8·l ….
template <int Size, int Stride>
__device__ __forceinline__ void bitonic_steps(sort_key (&keys)[sort_chunk::of_lane]) {
  constexpr int n = sort_chunk::of_lane;
  int const first = static_cast<int>(threadIdx.x) % warp_threads * n;
  if constexpr (Stride >= n) {
    bool const larger = ((first & Size) == 0) == ((first & Stride) == 0);
    for (int j = 0; j < n; ++j) {
      sort_key const other = __shfl_xor_sync(whole_warp, keys[j], Stride / n);
      if ((other > keys[j]) == larger) keys[j] = other;
    }
  } else {
    for (int j = 0; j < n; ++j) {
      if ((j & Stride) != 0) continue;
      sort_key const a = keys[j], b = keys[j | Stride];
      bool const swap = (a < b) == (((first + j) & Size) == 0);
      keys[j] = swap ? b : a, keys[j | Stride] = swap ? a : b;
    }
  }
  if constexpr (Stride > 1) bitonic_steps<Size, Stride / 2>(keys);
}
/// A warp's keys, largest first.
template <int Size = sort_chunk::list>
__device__ __forceinline__ void sort_warp(sort_key (&keys)[sort_chunk::of_lane]) {
  if constexpr (Size > 2) sort_warp<Size / 2>(keys);
  bitonic_steps<Size, Size / 2>(keys);
}
/// list = the `length` largest of a warp's keys, largest first.
__device__ inline void list_largest(sort_key (&keys)[sort_chunk::of_lane], int length, sort_key* list) {
  constexpr int n = sort_chunk::of_lane;
  int const lane = static_cast<int>(threadIdx.x) % warp_threads;
  if (length > 8) {
    sort_warp(keys);
    for (int j = 0; j < n; ++j) list[lane * n + j] = keys[j];
    return;
  }
  // A few are sooner picked one by one.
  for (int i = 0; i < length; ++i) {
    sort_key best = keys[0];
    for (int j = 1; j < n; ++j) best = keys[j] > best ? keys[j] : best;
    best = warp_reduce<take_larger_key>(best);
    for (int j = 0; j < n; ++j)
      if (keys[j] == best) keys[j] = 0;
    if (lane == 0) list[i] = best;
  }
}

/// How many of a list, largest first, are larger than `key`.
__device__ inline extent count_larger(sort_key const* list, extent length, sort_key key) {
  extent first = 0;
  while (length > 0) {
    extent const half = length / 2;
    bool const larger = list[first + half] > key;
    first = larger ? first + half + 1 : first;
    length = larger ? length - half - 1 : half;
  }
  return first;
}

/// sorted[0 … kept) = the largest of a block's keys, largest first, of which `count` are not 0; behind them zeros. Ends
/// with a barrier: `shared` may be used again at once.
__device__ inline void sort_block(sort_key (&keys)[sort_chunk::of_lane], extent count, extent kept, sort_key* sorted,
                                  sort_chunk& shared) {
  int const length = static_cast<int>(kept < sort_chunk::list ? kept : sort_chunk::list);
  list_largest(keys, length, shared.of_warp[threadIdx.x / warp_threads]);
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < sort_chunk::lists * length; i += sort_chunk::threads) {
    int const own = i / length;
    sort_key const key = shared.of_warp[own][i % length];
    if (key == 0) continue;
    extent place = i % length;
    for (int l = 0; l < sort_chunk::lists; ++l)
      if (l != own) place += count_larger(shared.of_warp[l], length, key);
    if (place < kept) sorted[place] = key;
  }
  for (extent i = count + threadIdx.x; i < kept; i += sort_chunk::threads) sorted[i] = 0;
  __syncthreads();
}

/// Lanes that look for one key's place in as many lists at once.
inline constexpr int merge_lanes = 8;

/// Calls put(place, key) for each key of `count` sorted lists of `length` whose place among all is below `most`: once
/// over the blocks of grid.x.
template <class Put>
__device__ void merge_lists(sort_key const* lists, extent count, extent length, extent most, Put const& put) {
  constexpr extent keys = warp_threads / merge_lanes;  // of a warp at once
  extent const warps = blockDim.x / warp_threads, total = count * length;
  int const lane = static_cast<int>(threadIdx.x) % warp_threads, part = lane % merge_lanes;
  for (extent first = (blockIdx.x * warps + threadIdx.x / warp_threads) * keys; first < total;
       first += gridDim.x * warps * keys) {
    extent const i = first + lane / merge_lanes;
    sort_key const key = i < total ? lists[i] : 0;
    extent place = 0;
    if (key != 0) {
      extent const own = i / length;
      for (extent l = part; l < count; l += merge_lanes)
        place += l == own ? i - own * length : count_larger(lists + l * length, length, key);
    }
    for (int bits = merge_lanes / 2; bits > 0; bits /= 2) place += __shfl_xor_sync(whole_warp, place, bits);
    if (part == 0 && key != 0 && place < most) put(place, key);
  }
}
/// Blocks of `threads` threads that merge_lists keeps busy.
inline unsigned blocks_to_merge(extent count, extent length, extent threads) {
  return blocks_for(count * length, threads / merge_lanes);
}

}  // namespace flan::detail
