#pragma once
/// Attention's backward, the pass over tiles of keys: dk and dv. Scores are transposed: a row is a key's. Unmeasured:
/// no device has run it yet.

#include "flan/cuda/kernels/attention_backward_tile.cuh"

namespace flan::detail {

template <class X, class Cut>
__device__ void key_gradients(attention_backward_task<X> const& t, attention_share const& at, bool quads,
                              backward_shared<Cut>& shared) {
  constexpr int T = Cut::T, W = Cut::W, R = Cut::R, U = Cut::U;
  int const width = static_cast<int>(t.q.width);
  attention_masks const m(t.options, at.b, at.head, t.q.length, t.k.length);
  auto const key = [&](int j) { return at.first + j < m.length ? t.k.at(at.b, at.head, at.first + j) : nullptr; };
  auto const value = [&](int j) { return at.first + j < m.length ? t.v.at(at.b, at.head, at.first + j) : nullptr; };
  shared.masks.stage_keys(m, at.first);
  if (width <= W) shared.left[0].stage(key, 0, width, quads), shared.left[1].stage(value, 0, width, quads);
  segment_range mine{};
  if (m.with_segments()) mine = m.key_segments(at.first, T);

  float dk[R][U] = {}, dv[R][U] = {};
  int const end = at.first < m.length ? m.queries : 0;
  for (int first = m.queries_begin(at.first) / T * T; first < end; first += T) {
    if (m.with_segments() && !mine.meets(m.query_segments(first, T))) continue;
    __syncthreads();  // the tile before is used up
    shared.masks.stage_queries(m, first);
    shared.masks.stage_bias(m, first, at.first);
    shared.stage_rows(t, m, first);
    auto const query = [&](int i) { return first + i < m.queries ? t.q.at(at.b, at.head, first + i) : nullptr; };
    auto const gradient = [&](int i) { return first + i < m.queries ? t.dy.at(at.b, at.head, first + i) : nullptr; };
    float s[R][R] = {}, d[R][R] = {};
    multiply_both(s, d, shared, key, value, query, gradient, width, quads);
    for (int a = 0; a < R; ++a)
      for (int b = 0; b < R; ++b)
        shared.differentiate(s[a][b], d[a][b], t, m, first, tile_x() + tile_side * b, at.first,
                             tile_y() + tile_side * a);
    if (width > W) {
      __syncthreads();
      shared.right[0].stage(query, at.column, width, quads);
      shared.right[1].stage(gradient, at.column, width, quads);
      __syncthreads();
    }
    shared.weights.put(s);
    __syncwarp();
    multiply_weights(dv, shared.weights, shared.right[1], end - first);
    __syncwarp();
    shared.weights.put(d);
    __syncwarp();
    multiply_weights(dk, shared.weights, shared.right[0], end - first);
  }
  unrolled<R>([&](auto a) {
    int const j = at.first + tile_y() + tile_side * a;
    if (j >= m.keys) return;
    write_sums(t.dk.at(at.b, at.head, j), dk[a], at.column, width, 1.0f, quads);
    write_sums(t.dv.at(at.b, at.head, j), dv[a], at.column, width, 1.0f, quads);
  });
}

template <class X, class Cut>
__global__ void __launch_bounds__(tile_threads)
    attention_keys_backward_kernel(attention_backward_task<X> t, bool quads) {
  auto& shared = shared_memory<backward_shared<Cut>>();
  auto const& k = t.k;
  extent const shares = count_shares(k.batch, k.heads, k.length, k.width, Cut::T, Cut::W);
  for (extent n = blockIdx.x; n < shares; n += gridDim.x) {
    __syncthreads();  // the share before is used up
    key_gradients(t, share_of(n, k.heads, k.length, k.width, Cut::T, Cut::W), quads, shared);
  }
}

}  // namespace flan::detail
