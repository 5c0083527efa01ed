#pragma once
/// What attention is made of: attention_kernels<isa>. How the pieces are put together is cpu/attention.hpp.
///
/// Keys come in tiles of `key_tile` from key 0, and inside a tile in panels of `key_panel`: element (c, j) of a panel
/// lies at key_panel·c + j. A score is one sum over the head's width that starts from the bias; an output is one sum
/// over the keys of a tile, and tiles are added up in order. So the order of every sum is a function of the position of
/// its terms, whatever else is computed beside it.

#include <limits>

#include "flan/cpu/kernels/math.hpp"
#include "flan/cpu/kernels/transpose.hpp"

namespace flan::detail {

inline constexpr extent key_panel = 32;
inline constexpr extent key_tile = 512;
/// From row to row of a tile of scores: no power of two, so that rows do not fall on the same lines of the cache.
inline constexpr extent score_stride = key_tile + 32;

/// Floats that `interleave` may write past its last.
inline constexpr extent interleave_slack = 8;

/// What masks and dropout say of the keys of a tile; null where there are none.
struct tile_rules {
  std::int32_t const* segments;
  std::uint32_t const* keys;
  std::uint32_t threshold;
  float kept_scale;
};
/// The same of one query: it sees the first `visible` keys of the tile, of those the ones of its segment.
struct query_rules {
  extent visible;
  std::int32_t segment;
  std::uint32_t dropout_row;  ///< mix32(row key ^ site)
};
/// Of one query's softmax so far: the largest score, and Σ exp(score − largest).
struct softmax_state {
  float largest = -std::numeric_limits<float>::infinity(), sum = 0;
};

template <instruction_set>
struct attention_kernels;

}  // namespace flan::detail

#define FLAN_KERNELS "flan/cpu/kernels/attention.inc"
#include "flan/cpu/kernels/stamp.inc"
