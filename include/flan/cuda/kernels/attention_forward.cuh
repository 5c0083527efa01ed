#pragma once
/// Kernels of attention: a block has a tile of queries and goes through the keys they see once, with the softmax kept
/// up as it goes; a few queries go to kernels/attention_decode.cuh. Unmeasured: no device has run it yet.

#include "flan/cuda/attention.hpp"
#include "flan/cuda/kernels/attention_decode.cuh"
#include "flan/cuda/kernels/attention_masks.cuh"
#include "flan/cuda/kernels/attention_tile.cuh"

namespace flan::detail {

template <class Cut>
struct attention_shared {
  operand_tile<Cut::T, Cut::W> q, k, v;
  weight_tile<Cut::T> p;
  mask_tile<Cut::T> masks;
};

/// The softmax of a thread's rows so far. `total` is this thread's part of the sum, `largest` the whole row's.
template <int R>
struct row_softmax {
  float largest[R], total[R];

  __device__ row_softmax() {
    for (int a = 0; a < R; ++a) largest[a] = no_score, total[a] = 0.0f;
  }
  /// Makes scores (no_score: not seen) exponentials, and scales what was summed before.
  template <int U>
  __device__ void add(float (&s)[R][R], float (&sums)[R][U]) {
    for (int a = 0; a < R; ++a) {
      float most = s[a][0];
      for (int b = 1; b < R; ++b) most = fmaxf(most, s[a][b]);
      most = fmaxf(row_reduce<take_larger>(most), largest[a]);
      // A row that has seen nothing yet has no largest score to subtract.
      float const base = most == no_score ? 0.0f : most, scale = expf(largest[a] - base);
      largest[a] = most;
      total[a] *= scale;
      for (int b = 0; b < R; ++b) total[a] += s[a][b] = expf(s[a][b] - base);
      for (int u = 0; u < U; ++u) sums[a][u] *= scale;
    }
  }
};

template <class X, class Cut>
__device__ void attend(attention_task<X> const& t, attention_share const& at, bool quads,
                       attention_shared<Cut>& shared) {
  constexpr int T = Cut::T, W = Cut::W, R = Cut::R, U = Cut::U;
  int const width = static_cast<int>(t.q.width);
  attention_masks const m(t.options, at.b, at.head, t.q.length, t.k.length);
  auto const query = [&](int i) { return at.first + i < m.queries ? t.q.at(at.b, at.head, at.first + i) : nullptr; };
  auto& masks = shared.masks;
  masks.stage_queries(m, at.first);
  if (width <= W) shared.q.stage(query, 0, width, quads);
  segment_range mine{};
  if (m.with_segments()) mine = m.query_segments(at.first, T);

  row_softmax<R> softmax;
  float sums[R][U] = {};
  int const end = m.keys_end(at.first + T);
  for (int first = 0; first < end; first += T) {
    if (m.with_segments() && !mine.meets(m.key_segments(first, T))) continue;
    __syncthreads();  // the tile before is used up
    masks.stage_keys(m, first);
    masks.stage_bias(m, at.first, first);
    __syncthreads();
    auto const row_of = [&](heads_view<X const> const& x) {
      return [&, first](int j) {
        int const r = masks.key_row[j];
        return r < 0 ? nullptr : x.at(r, at.head, first + j);
      };
    };
    shared.v.stage(row_of(t.v), at.column, width, quads);
    float s[R][R] = {};
    for (int c = 0; c < width; c += W) {
      if (c != 0) __syncthreads();
      if (width > W) shared.q.stage(query, c, width, quads);
      shared.k.stage(row_of(t.k), c, width, quads);
      __syncthreads();
      multiply_rows(s, shared.q, shared.k, width - c);
    }
    for (int a = 0; a < R; ++a)
      for (int b = 0; b < R; ++b) {
        int const i = tile_y() + tile_side * a, j = tile_x() + tile_side * b;
        s[a][b] = masks.sees(m, at.first, i, first, j) ? s[a][b] + masks.bias_of(i, j) : no_score;
      }
    softmax.add(s, sums);
    if (t.options.dropout.active())
      for (int a = 0; a < R; ++a)
        for (int b = 0; b < R; ++b) {
          int const i = tile_y() + tile_side * a, j = tile_x() + tile_side * b;
          if (masks.sees(m, at.first, i, first, j))
            s[a][b] = masks.drops(m, t.threshold, i, j) ? 0.0f : s[a][b] * t.kept;
        }
    shared.p.put(s);
    __syncwarp();
    multiply_weights(sums, shared.p, shared.v, end - first);
  }
  unrolled<R>([&](auto a) {
    int const i = at.first + tile_y() + tile_side * a;
    float const total = row_reduce<add_up>(softmax.total[a]);
    if (i >= m.queries) return;
    bool const none = total == 0.0f;
    write_sums(t.y.at(at.b, at.head, i), sums[a], at.column, width, none ? 0.0f : 1.0f / total, quads);
    if (t.lse != nullptr && at.column == 0 && tile_x() == 0)
      t.lse[(at.b * t.q.heads + at.head) * m.queries + i] = none ? no_score : softmax.largest[a] + logf(total);
  });
}

template <class X, class Cut>
__global__ void __launch_bounds__(tile_threads) attention_kernel(attention_task<X> t, bool quads) {
  auto& shared = shared_memory<attention_shared<Cut>>();
  auto const& q = t.q;
  extent const shares = count_shares(q.batch, q.heads, q.length, q.width, Cut::T, Cut::W);
  for (extent n = blockIdx.x; n < shares; n += gridDim.x) {
    __syncthreads();  // the share before is used up
    attend(t, share_of(n, q.heads, q.length, q.width, Cut::T, Cut::W), quads, shared);
  }
}

template <class X, class Cut>
void launch_attention_tiles(cudaStream_t stream, attention_task<X> const& t) {
  auto const& q = t.q;
  extent const shares = count_shares(q.batch, q.heads, q.length, q.width, Cut::T, Cut::W);
  bool const quads = has_quads(t.q) && has_quads(t.k) && has_quads(t.v) && has_quads(t.y);
  launch("attention", attention_kernel<X, Cut>, blocks_for(shares, 1, most_blocks), tile_threads,
         sizeof(attention_shared<Cut>), stream, t, quads);
}

template <class X>
void launch_attention(cudaStream_t stream, attention_task<X> const& t) {
  if (t.q.length <= decode_queries && t.q.width <= decode_width)
    launch_attention_decode(stream, t);
  else if (t.q.width <= narrow_heads::W)
    launch_attention_tiles<X, narrow_heads>(stream, t);
  else
    launch_attention_tiles<X, wide_heads>(stream, t);
}

}  // namespace flan::detail
