#pragma once
/// Kernels of attention's backward: dy·y of each query, then a pass over tiles of queries (dq, and the bias's gradient
/// by tiles), one over tiles of keys (dk, dv), and the sum of the tiles' bias gradients. Both passes compute the scores
/// again. Unmeasured: no device has run it yet.

#include "flan/cuda/kernels/attention_backward_bias.cuh"
#include "flan/cuda/kernels/attention_backward_keys.cuh"
#include "flan/cuda/kernels/attention_backward_tile.cuh"

namespace flan::detail {

/// A warp a query.
template <class X>
__global__ void attention_common_kernel(attention_backward_task<X> t) {
  int const lane = static_cast<int>(threadIdx.x) % warp_threads;
  extent const warps = blockDim.x / warp_threads, length = t.q.length, all = t.q.batch * t.q.heads * length;
  for (extent n = blockIdx.x * warps + threadIdx.x / warp_threads; n < all; n += gridDim.x * warps) {
    extent const row = n / length, b = row / t.q.heads, h = row % t.q.heads, i = n % length;
    X const* const dy = t.dy.at(b, h, i);
    X const* const y = t.y.at(b, h, i);
    float sum = 0.0f;
    for (extent c = lane; c < t.q.width; c += warp_threads) sum += read(dy + c) * read(y + c);
    sum = warp_sum(sum);
    if (lane == 0) t.common[n] = sum;
  }
}

template <class X, class Cut>
__device__ void query_gradients(attention_backward_task<X> const& t, attention_share const& at, bool quads,
                                backward_shared<Cut>& shared) {
  constexpr int T = Cut::T, W = Cut::W, R = Cut::R, U = Cut::U;
  int const width = static_cast<int>(t.q.width);
  attention_masks const m(t.options, at.b, at.head, t.q.length, t.k.length);
  bool const has_bias = !t.dbias.empty() && at.column == 0;
  float* const bias = has_bias ? t.partial_of(at.b, at.head, at.first) : nullptr;
  if (has_bias)
    for (extent c = threadIdx.x; c < t.partial.columns; c += blockDim.x) bias[c] = 0.0f;

  auto const query = [&](int i) { return at.first + i < m.queries ? t.q.at(at.b, at.head, at.first + i) : nullptr; };
  auto const gradient = [&](int i) {
    return at.first + i < m.queries ? t.dy.at(at.b, at.head, at.first + i) : nullptr;
  };
  shared.masks.stage_queries(m, at.first);
  shared.stage_rows(t, m, at.first);
  if (width <= W) shared.left[0].stage(query, 0, width, quads), shared.left[1].stage(gradient, 0, width, quads);
  segment_range mine{};
  if (m.with_segments()) mine = m.query_segments(at.first, T);

  float sums[R][U] = {};
  int const end = m.keys_end(at.first + T);
  for (int first = 0; first < end; first += T) {
    if (m.with_segments() && !mine.meets(m.key_segments(first, T))) continue;
    __syncthreads();  // the tile before is used up
    shared.masks.stage_keys(m, first);
    shared.masks.stage_bias(m, at.first, first);
    __syncthreads();
    auto const key = [&](int j) {
      int const r = shared.masks.key_row[j];
      return r < 0 ? nullptr : t.k.at(r, at.head, first + j);
    };
    auto const value = [&](int j) {
      int const r = shared.masks.key_row[j];
      return r < 0 ? nullptr : t.v.at(r, at.head, first + j);
    };
    float s[R][R] = {}, d[R][R] = {};
    multiply_both(s, d, shared, query, gradient, key, value, width, quads);
    for (int a = 0; a < R; ++a)
      for (int b = 0; b < R; ++b)
        shared.differentiate(s[a][b], d[a][b], t, m, at.first, tile_y() + tile_side * a, first,
                             tile_x() + tile_side * b);
    shared.weights.put(d);
    __syncthreads();  // diagonals go across all rows
    if (width > W) {
      shared.right[0].stage(key, at.column, width, quads);
      __syncthreads();
    }
    multiply_weights(sums, shared.weights, shared.right[0], end - first);
    if (has_bias) add_diagonals(bias, m, first - at.first - m.offset, shared.weights, shared.diagonals);
  }
  unrolled<R>([&](auto a) {
    int const i = at.first + tile_y() + tile_side * a;
    if (i < m.queries) write_sums(t.dq.at(at.b, at.head, i), sums[a], at.column, width, 1.0f, quads);
  });
}

template <class X, class Cut>
__global__ void __launch_bounds__(tile_threads)
    attention_queries_backward_kernel(attention_backward_task<X> t, bool quads) {
  auto& shared = shared_memory<backward_shared<Cut>>();
  auto const& q = t.q;
  extent const shares = count_shares(q.batch, q.heads, q.length, q.width, Cut::T, Cut::W);
  for (extent n = blockIdx.x; n < shares; n += gridDim.x) {
    __syncthreads();  // the share before is used up
    query_gradients(t, share_of(n, q.heads, q.length, q.width, Cut::T, Cut::W), quads, shared);
  }
}

template <class X, class Cut>
void launch_attention_backward_tiles(cudaStream_t stream, attention_backward_task<X> const& t) {
  auto const &q = t.q, &k = t.k;
  bool const quads = has_quads(q) && has_quads(k) && has_quads(t.v) && has_quads(t.dy) && has_quads(t.dq) &&
                     has_quads(t.dk) && has_quads(t.dv);
  auto const blocks = [](heads_view<X const> const& x) {
    return blocks_for(count_shares(x.batch, x.heads, x.length, x.width, Cut::T, Cut::W), 1, most_blocks);
  };
  std::size_t const bytes = sizeof(backward_shared<Cut>);
  launch("attention_backward (queries)", attention_queries_backward_kernel<X, Cut>, blocks(q), tile_threads, bytes,
         stream, t, quads);
  launch("attention_backward (keys)", attention_keys_backward_kernel<X, Cut>, blocks(k), tile_threads, bytes, stream, t,
         quads);
}

template <class X>
void launch_attention_backward(cudaStream_t stream, attention_backward_task<X> const& t) {
  launch("attention_backward (dy·y)", attention_common_kernel<X>,
         blocks_for(t.q.batch * t.q.heads * t.q.length, 4, most_blocks), 128, 0, stream, t);
  if (t.q.width <= narrow_heads::W) {
    static_assert(narrow_heads::T == attention_backward_task<X>::queries_per_part(narrow_heads::W));
    launch_attention_backward_tiles<X, narrow_heads>(stream, t);
  } else {
    static_assert(wide_heads::T == attention_backward_task<X>::queries_per_part(wide_heads::W));
    launch_attention_backward_tiles<X, wide_heads>(stream, t);
  }
  if (!t.dbias.empty())
    launch("attention_backward (bias)", attention_bias_gradient_kernel<X>,
           dim3(blocks_for(t.dbias.columns, warp_threads), blocks_for(t.q.heads, 1)), tile_threads,
           sizeof(bias_gradient_shared), stream, t);
}

}  // namespace flan::detail
