#pragma once
/// What both passes of attention's backward have in common: the scores of a tile again, and their gradients.

#include "flan/cuda/attention_backward.hpp"
#include "flan/cuda/kernels/attention_masks.cuh"
#include "flan/cuda/kernels/attention_tile.cuh"

namespace flan::detail {

/// left: rows of the block's own tile; right: of the tile that passes by. [0] holds q or k, [1] dy or v.
template <class Cut>
struct backward_shared {
  static constexpr int T = Cut::T;
  operand_tile<T, Cut::W> left[2], right[2];
  weight_tile<T> weights;
  mask_tile<T> masks;
  float lse[T], common[T];  ///< of queries
  float diagonals[2 * T];

  template <class X>
  __device__ void stage_rows(attention_backward_task<X> const& t, attention_masks const& m, int first) {
    extent const row = (m.b * t.q.heads + m.head) * m.queries + first;
    for (int i = static_cast<int>(threadIdx.x); i < T && first + i < m.queries; i += static_cast<int>(blockDim.x))
      lse[i] = t.lse[row + i], common[i] = t.common[row + i];
  }

  /// From s = q·k and d = dy·v of query i and key j: s becomes the probability after dropout, d the score's gradient.
  template <class X>
  __device__ void differentiate(float& s, float& d, attention_backward_task<X> const& t, attention_masks const& m,
                                int first_query, int i, int first_key, int j) const {
    if (!masks.sees(m, first_query, i, first_key, j)) {
      s = d = 0.0f;
      return;
    }
    float const p = expf(s + masks.bias_of(i, j) - lse[i]);
    float const kept = !t.options.dropout.active() ? 1.0f : masks.drops(m, t.threshold, i, j) ? 0.0f : t.kept;
    d = p * (kept * d - common[i]);
    s = p * kept;
  }
};

/// s += left[0]·right[0]ᵀ and d += left[1]·right[1]ᵀ, of rows that are given as operand_tile::stage has them. The left
/// ones are in their tiles already unless they are wider than a tile.
template <int R, class Cut, class L0, class L1, class R0, class R1>
__device__ void multiply_both(float (&s)[R][R], float (&d)[R][R], backward_shared<Cut>& shared, L0 const& left0,
                              L1 const& left1, R0 const& right0, R1 const& right1, int width, bool quads) {
  for (int c = 0; c < width; c += Cut::W) {
    if (c != 0) __syncthreads();
    if (width > Cut::W) shared.left[0].stage(left0, c, width, quads), shared.left[1].stage(left1, c, width, quads);
    shared.right[0].stage(right0, c, width, quads);
    shared.right[1].stage(right1, c, width, quads);
    __syncthreads();
    multiply_rows(s, shared.left[0], shared.right[0], width - c);
    multiply_rows(d, shared.left[1], shared.right[1], width - c);
  }
}

}  // namespace flan::detail
