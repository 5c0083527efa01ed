#pragma once
/// Kernels of decoding. Unmeasured: no device has run them yet.

#include <cstdint>
#include <limits>

#include "flan/cuda/decode.hpp"
#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
#include "flan/cuda/kernels/sorting.cuh"

namespace flan::detail {

/// What a thread copies at once where rows of heads allow it.
struct alignas(16) copied_word {
  std::uint32_t part[4];
};
template <class T>
bool in_words(heads_view<T> v) {
  extent const n = sizeof(copied_word) / sizeof(T);
  return reinterpret_cast<std::uintptr_t>(v.data) % sizeof(copied_word) == 0 && v.width % n == 0 &&
         v.batch_stride % n == 0 && v.head_stride % n == 0 && v.length_stride % n == 0;
}
template <class Word, class T>
heads_view<Word> as_words(heads_view<T> v) {
  extent const n = sizeof(Word) / sizeof(T);
  return {reinterpret_cast<Word*>(v.data),
          v.batch,
          v.heads,
          v.length,
          v.width / n,
          v.batch_stride / n,
          v.head_stride / n,
          v.length_stride / n};
}

/// threadIdx.x goes over the width, threadIdx.y over the rows.
template <class T>
__global__ void append_to_cache_kernel(append_to_cache_task<T> t) {
  extent const rows = t.rows.batch * t.rows.heads * t.rows.length;
  for (extent r = extent{blockIdx.x} * blockDim.y + threadIdx.y; r < rows; r += extent{gridDim.x} * blockDim.y) {
    extent const bh = r / t.rows.length, i = r - bh * t.rows.length, b = bh / t.rows.heads, h = bh - b * t.rows.heads;
    T const* const from = t.rows.at(b, h, i);
    T* const to = t.cache.at(b, h, t.position + i);
    for (extent c = threadIdx.x; c < t.rows.width; c += blockDim.x) to[c] = from[c];
  }
}
template <class T>
void launch_copies_to_cache(cudaStream_t s, append_to_cache_task<T> const& t) {
  unsigned across = 1;
  while (across < 32 && across < t.rows.width) across *= 2;
  unsigned const rows = 256 / across;
  launch("append_to_cache", append_to_cache_kernel<T>, blocks_for(t.rows.batch * t.rows.heads * t.rows.length, rows),
         dim3(across, rows), 0, s, t);
}
template <class T>
void launch_append_to_cache(cudaStream_t s, append_to_cache_task<T> const& t) {
  if (in_words(t.cache) && in_words(t.rows))
    launch_copies_to_cache<copied_word>(
        s, {as_words<copied_word>(t.cache), as_words<copied_word const>(t.rows), t.position});
  else
    launch_copies_to_cache(s, t);
}

inline constexpr float positive_infinity = std::numeric_limits<float>::infinity();

/// A logit as it counts: a NaN is −infinity.
__device__ inline float counted(float x) { return x == x ? x : -positive_infinity; }
/// Orders as (value, −id) does; never 0. Both zeros are one value.
__device__ inline sort_key key_of(float x, extent id) {
  std::uint32_t const bits = x == 0.0f ? 0u : __float_as_uint(x);
  std::uint32_t const ordered = (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
  return (sort_key{ordered} << 32) | static_cast<std::uint32_t>(~static_cast<std::uint32_t>(id));
}

struct top_k_shared {
  sort_chunk chunk;
  block_partials<float> partials;
};

/// A block a chunk of a row: its largest, sorted, and its part of the sum of exponentials.
template <class F>
__global__ void __launch_bounds__(sort_chunk::threads) top_k_chunks_kernel(top_k_task<F> t) {
  static_assert(sort_chunk::size == top_k_task<F>::chunk);
  auto& shared = shared_memory<top_k_shared>();
  extent const chunks = t.chunks(), kept = t.kept();
  for (extent r = blockIdx.y; r < t.logits.rows; r += gridDim.y)
    for (extent chunk = blockIdx.x; chunk < chunks; chunk += gridDim.x) {
      extent const first = chunk * t.chunk, left = t.logits.columns - first, count = left < t.chunk ? left : t.chunk;
      F const* const x = t.logits.data + r * t.logits.stride + first;
      float values[sort_chunk::of_lane];
      float largest = -positive_infinity;
      for (int j = 0; j < sort_chunk::of_lane; ++j) {
        extent const c = j * sort_chunk::threads + static_cast<extent>(threadIdx.x);
        values[j] = c < count ? counted(x[c]) : -positive_infinity;
        largest = fmaxf(largest, values[j]);
      }
      if (t.lse != nullptr) {
        largest = block_max(largest, shared.partials);
        float sum = 0.0f;
        if (largest > -positive_infinity && largest < positive_infinity)
          for (int j = 0; j < sort_chunk::of_lane; ++j) sum += expf(values[j] - largest);
        sum = block_sum(sum, shared.partials);
        F* const sums = t.sums + 2 * (r * chunks + chunk);
        if (threadIdx.x == 0) sums[0] = largest, sums[1] = sum;
      }
      if (kept == 0) continue;
      sort_key keys[sort_chunk::of_lane];
      for (int j = 0; j < sort_chunk::of_lane; ++j) {
        extent const c = j * sort_chunk::threads + static_cast<extent>(threadIdx.x);
        keys[j] = c < count ? key_of(values[j], first + c) : 0;
      }
      sort_block(keys, count, kept, t.lists + (r * chunks + chunk) * kept, shared.chunk);
    }
}

/// log Σ exp of a row from its chunks, by one warp.
template <class F>
__device__ F sum_of_chunks(F const* sums, extent chunks) {
  extent const lane = threadIdx.x % warp_threads;
  float largest = -positive_infinity;
  for (extent c = lane; c < chunks; c += warp_threads) largest = fmaxf(largest, sums[2 * c]);
  largest = warp_max(largest);
  if (largest == positive_infinity || largest == -positive_infinity) return largest;
  float total = 0.0f;
  for (extent c = lane; c < chunks; c += warp_threads) total += sums[2 * c + 1] * expf(sums[2 * c] - largest);
  return largest + logf(warp_sum(total));
}
template <class F>
__global__ void __launch_bounds__(256) top_k_merge_kernel(top_k_task<F> t) {
  extent const chunks = t.chunks(), kept = t.kept();
  for (extent r = blockIdx.y; r < t.logits.rows; r += gridDim.y) {
    F* const values = t.values.data + r * t.values.stride;
    std::int32_t* const ids = t.ids.data + r * t.ids.stride;
    F const* const logits = t.logits.data + r * t.logits.stride;
    merge_lists(t.lists + r * chunks * kept, chunks, kept, t.values.columns, [&](extent place, sort_key key) {
      auto const id = static_cast<std::int32_t>(~static_cast<std::uint32_t>(key));
      ids[place] = id;
      values[place] = counted(logits[id]);
    });
    if (t.lse == nullptr || blockIdx.x != 0 || threadIdx.x >= warp_threads) continue;
    F const lse = sum_of_chunks(t.sums + 2 * r * chunks, chunks);
    if (threadIdx.x == 0) t.lse[r] = lse;
  }
}
template <class F>
void launch_top_k(cudaStream_t s, top_k_task<F> const& t) {
  unsigned const rows = blocks_for(t.logits.rows, 1);
  if (t.chunks() != 0)
    launch("top_k (chunks)", top_k_chunks_kernel<F>, dim3(blocks_for(t.chunks(), 1), rows), sort_chunk::threads,
           sizeof(top_k_shared), s, t);
  launch("top_k", top_k_merge_kernel<F>, dim3(blocks_to_merge(t.chunks(), t.kept(), 256), rows), 256, 0, s, t);
}

}  // namespace flan::detail
