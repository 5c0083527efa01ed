#pragma once
/// CPU: what attention_options say to one head of one batch row: where keys lie, who sees whom, where scores start.

#include <algorithm>

#include "flan/backend/expect_ops.hpp"
#include "flan/backend/options.hpp"
#include "flan/cpu/kernels/attention.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::detail {

constexpr extent rounded_up(extent n, extent multiple) { return (n + multiple - 1) / multiple * multiple; }

/// What one head of one group of batch rows has in common: where its keys lie, and what the options say of them.
/// Arrays are scratch of the task and padded to whole panels.
template <class F, class K>
struct attention_keys {
  attention_options<F> const& o;
  heads_view<K const> k, v;
  extent head, batch;            ///< of queries: the first batch row of the group
  extent length = 0;             ///< keys that any query may see
  K const** key_rows = nullptr;  ///< [length]
  K const** value_rows = nullptr;
  std::int32_t* segments = nullptr;  ///< [length] or null
  std::uint32_t* keys = nullptr;     ///< [length] or null: dropout keys

  static constexpr std::int32_t no_segment = std::numeric_limits<std::int32_t>::min();

  template <class B>
  attention_keys(frame<B>& scratch, attention_options<F> const& options, heads_view<K const> k_, heads_view<K const> v_,
                 extent b, extent h)
      : o(options), k(k_), v(v_), head(h), batch(b) {
    bool const own_rows = !o.ancestry.empty();  // each key may lie in another row, with another length
    length = k.length;
    if (!own_rows && !o.key_lengths.empty()) length = std::clamp<extent>(o.key_lengths.data[row(0)], 0, k.length);
    key_rows = scratch.template make_vector<K const*>(length).data;
    value_rows = scratch.template make_vector<K const*>(length).data;
    extent const padded = rounded_up(length, key_panel);
    if (!o.query_segments.empty() || (own_rows && !o.key_lengths.empty()))
      segments = scratch.template make_vector<std::int32_t>(padded).data;
    if (o.dropout.active()) keys = scratch.template make_vector<std::uint32_t>(padded).data;
    for (extent j = 0; j < length; ++j) {
      extent const r = row(j);
      key_rows[j] = k.at(r, head, j), value_rows[j] = v.at(r, head, j);
      if (segments != nullptr) {
        bool const within = o.key_lengths.empty() || j < o.key_lengths.data[r];
        segments[j] = !within ? no_segment : o.query_segments.empty() ? 0 : o.key_segments.data[r * k.length + j];
      }
      if (keys != nullptr) keys[j] = o.key_keys.data[r * k.length + j];
    }
    for (extent j = length; j < padded; ++j) {
      if (segments != nullptr) segments[j] = no_segment;
      if (keys != nullptr) keys[j] = 0;
    }
  }

  /// The row of k and v that holds key j.
  extent row(extent j) const {
    if (!o.ancestry.empty()) return o.ancestry.data[batch * o.ancestry.stride + j];
    return o.key_rows.empty() ? batch : o.key_rows.data[batch];
  }
  /// How many keys query i may see, segments aside.
  extent visible(extent i) const { return o.causal ? std::clamp<extent>(i + o.query_offset + 1, 0, length) : length; }
  std::int32_t segment_of_query(extent at) const { return o.query_segments.empty() ? 0 : o.query_segments.data[at]; }

  /// What the kernels need to know of the tile's keys.
  tile_rules rules(extent tile) const {
    return {segments == nullptr ? nullptr : segments + tile, keys == nullptr ? nullptr : keys + tile,
            o.dropout.threshold(), static_cast<float>(1 / (1 - o.dropout.rate))};
  }
  query_rules rules_of_query(extent i, extent at, extent tile) const {
    std::uint32_t const site = mix32(o.dropout.site + static_cast<std::uint32_t>(head));
    return {std::clamp<extent>(visible(i) - tile, 0, key_tile), segment_of_query(at),
            keys == nullptr ? 0u : mix32(o.dropout.rows.data[at] ^ site)};
  }

  /// The keys of the tile that any of `count` queries sees, to whole panels: [first, last), relative to the tile.
  /// `last_key` is not rounded: no value from there on is read. i and at: positions and places of the queries.
  struct range {
    extent first, last, last_key;
  };
  range seen(extent const* i, extent const* at, extent count, extent tile) const {
    extent last_key = 0;
    for (extent r = 0; r < count; ++r) last_key = std::max(last_key, visible(i[r]) - tile);
    last_key = std::clamp<extent>(last_key, 0, key_tile);
    extent first = 0, last = rounded_up(last_key, key_panel);
    if (segments != nullptr) {
      auto const wanted = [&](extent panel) {
        for (extent j = tile + panel; j < std::min(length, tile + panel + key_panel); ++j)
          for (extent r = 0; r < count; ++r)
            if (segments[j] == segment_of_query(at[r])) return true;
        return false;
      };
      while (first < last && !wanted(first)) first += key_panel;
      while (first < last && !wanted(last - key_panel)) last -= key_panel;
    }
    return {first, last, std::min(last, last_key)};
  }

  /// Where the scores of queries at positions low … high start from: element [j − i + high] for key j and query i; the
  /// bias, or zeros.
  template <class B>
  float const* start(frame<B>& scratch, extent low, extent high) const {
    extent const size = rounded_up(length, key_panel) + high - low;
    float* const s = scratch.template make_vector<float>(size).data;
    if (o.bias.empty()) {
      std::fill_n(s, size, 0.0f);
      return s;
    }
    F const* const bias = o.bias.data + head * o.bias.stride;
    extent const farthest = o.max_distance(), zero = high + o.query_offset;  // s[zero] has distance 0
    extent const left = std::clamp<extent>(zero - farthest, 0, size),
                 right = std::clamp<extent>(zero + farthest, 0, size);
    std::fill_n(s, left, static_cast<float>(bias[0]));
    for (extent x = left; x < right; ++x) s[x] = static_cast<float>(bias[x - zero + farthest]);
    std::fill_n(s + right, size - right, static_cast<float>(bias[2 * farthest]));
    return s;
  }
};

}  // namespace flan::detail
