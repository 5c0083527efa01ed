#pragma once
/// Who sees whom in attention, at what score beside the product, and what dropout leaves of it: attention_options as
/// kernels read them, by tiles of queries × keys.

#include <limits>

#include "flan/backend/options.hpp"
#include "flan/core/random.hpp"
#include "flan/cuda/kernels/reduce.cuh"

namespace flan::detail {

inline constexpr float no_score = -std::numeric_limits<float>::infinity();

struct take_less {
  __device__ int operator()(int a, int b) const { return a < b ? a : b; }
};
struct take_more {
  __device__ int operator()(int a, int b) const { return a > b ? a : b; }
};

/// The least and the largest of some segments' numbers: where two such ranges are apart, nobody sees anybody.
struct segment_range {
  int least, most;
  __device__ bool meets(segment_range o) const { return least <= o.most && o.least <= most; }
};

/// The masks of one batch row and head.
struct attention_masks {
  attention_options<float> const& o;
  extent b;
  int head, queries, keys;
  int offset;          ///< of the queries among the keys
  int row, length;     ///< of all keys, where there is no ancestry: where they lie, and how many there are
  std::uint32_t site;  ///< of dropout
  float const* bias;   ///< the head's, with the distance 0 in its middle; null without one
  int farthest;

  __device__ attention_masks(attention_options<float> const& options, extent batch_row, int h, extent lq, extent lk)
      : o(options),
        b(batch_row),
        head(h),
        queries(static_cast<int>(lq)),
        keys(static_cast<int>(lk)),
        offset(static_cast<int>(options.query_offset)),
        row(static_cast<int>(batch_row)),
        length(static_cast<int>(lk)),
        site(mix32(options.dropout.site + static_cast<std::uint32_t>(h))),
        bias(options.bias.empty() ? nullptr : options.bias.data + h * options.bias.stride + options.max_distance()),
        farthest(static_cast<int>(options.max_distance())) {
    if (!o.key_rows.empty()) row = o.key_rows.data[b];
    if (!with_ancestry() && !o.key_lengths.empty() && o.key_lengths.data[row] < keys) length = o.key_lengths.data[row];
  }

  __device__ bool with_ancestry() const { return !o.ancestry.empty(); }
  __device__ bool with_segments() const { return !o.query_segments.empty(); }

  /// The row of k and v in which key j lies; −1 where no query sees it.
  __device__ int key_row(int j) const {
    if (j >= length) return -1;
    if (!with_ancestry()) return row;
    int const r = o.ancestry.data[b * o.ancestry.stride + j];
    return o.key_lengths.empty() || j < o.key_lengths.data[r] ? r : -1;
  }
  /// The number that key j's score gets from the bias at a distance of `distance` = j − i − offset.
  __device__ float bias_at(int distance) const {
    return bias == nullptr ? 0.0f : bias[distance < -farthest ? -farthest : distance > farthest ? farthest : distance];
  }
  __device__ bool orders(int i, int j) const { return !o.causal || j <= i + offset; }

  /// Behind which no query before `end` sees a key.
  __device__ int keys_end(int end) const {
    int const reach = (end < queries ? end : queries) + offset;
    return o.causal && reach < length ? reach : length;
  }
  /// The first query that may see the key j or one behind it.
  __device__ int queries_begin(int j) const { return o.causal && j > offset ? j - offset : 0; }

  __device__ std::int32_t query_segment(int i) const { return o.query_segments.data[b * queries + i]; }
  __device__ std::int32_t key_segment(int r, int j) const { return o.key_segments.data[extent{r} * keys + j]; }

  /// Of the queries, or keys, first … first + count. All lanes of a warp must come; all get the result.
  __device__ segment_range query_segments(int first, int count) const {
    return range_of(o.query_segments.data + b * queries, first, first + count < queries ? first + count : queries);
  }
  __device__ segment_range key_segments(int first, int count) const {
    if (with_ancestry()) return {std::numeric_limits<int>::min(), std::numeric_limits<int>::max()};
    return range_of(o.key_segments.data + extent{row} * keys, first, first + count < length ? first + count : length);
  }

 private:
  __device__ static segment_range range_of(std::int32_t const* ids, int first, int end) {
    segment_range r{std::numeric_limits<int>::max(), std::numeric_limits<int>::min()};
    for (int i = first + static_cast<int>(threadIdx.x) % warp_threads; i < end; i += warp_threads) {
      int const id = ids[i];
      r.least = id < r.least ? id : r.least, r.most = id > r.most ? id : r.most;
    }
    return {warp_reduce<take_less>(r.least), warp_reduce<take_more>(r.most)};
  }
};

/// What T queries × T keys need of the masks, in shared memory.
template <int T>
struct mask_tile {
  float bias[2 * T];  ///< by diagonal: T − 1 + (key − query), both counted in the tile
  std::int32_t query_segment[T], key_segment[T];
  std::uint32_t query_key[T], key_key[T];  ///< of dropout
  std::int32_t key_row[T];

  __device__ void stage_queries(attention_masks const& m, int first) {
    for (int i = static_cast<int>(threadIdx.x); i < T && first + i < m.queries; i += static_cast<int>(blockDim.x)) {
      if (m.with_segments()) query_segment[i] = m.query_segment(first + i);
      if (m.o.dropout.active()) query_key[i] = m.o.dropout.rows.data[m.b * m.queries + first + i];
    }
  }
  __device__ void stage_keys(attention_masks const& m, int first) {
    for (int j = static_cast<int>(threadIdx.x); j < T; j += static_cast<int>(blockDim.x)) {
      int const r = m.key_row(first + j);
      key_row[j] = r;
      if (r < 0) continue;
      if (m.with_segments()) key_segment[j] = m.key_segment(r, first + j);
      if (m.o.dropout.active()) key_key[j] = m.o.key_keys.data[extent{r} * m.keys + first + j];
    }
  }
  __device__ void stage_bias(attention_masks const& m, int first_query, int first_key) {
    for (int d = static_cast<int>(threadIdx.x); d < 2 * T - 1; d += static_cast<int>(blockDim.x))
      bias[d] = m.bias_at(first_key - first_query - m.offset + d - (T - 1));
  }

  /// Whether query i sees key j, both counted in the tile, whose first ones are given.
  __device__ bool sees(attention_masks const& m, int first_query, int i, int first_key, int j) const {
    if (first_query + i >= m.queries || key_row[j] < 0 || !m.orders(first_query + i, first_key + j)) return false;
    return !m.with_segments() || query_segment[i] == key_segment[j];
  }
  __device__ float bias_of(int i, int j) const { return bias[T - 1 + j - i]; }
  __device__ bool drops(attention_masks const& m, std::uint32_t threshold, int i, int j) const {
    return dropout_bits(query_key[i], m.site, key_key[j]) < threshold;
  }
};

}  // namespace flan::detail
