#pragma once
/// CPU: attention. A task is one head of one group of batch rows and a run of its queries; it walks over the keys in
/// tiles (online softmax: Milakov & Gimelshein 2018; tiling: Dao et al. 2022) and holds the scores of a few queries and
/// one tile at a time. What masks exclude for all queries at hand is neither computed nor read.
///
/// A value that only some of the queries at hand may see is multiplied by a probability of 0 for the others: it should
/// be finite. Keys past key_lengths are never read.

#include <algorithm>
#include <cmath>

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/core/parallel.hpp"
#include "flan/cpu/dispatch.hpp"
#include "flan/cpu/kernels/attention.hpp"
#include "flan/cpu/scratch.hpp"

namespace flan::detail {

constexpr extent rounded_up(extent n, extent multiple) { return (n + multiple - 1) / multiple * multiple; }

/// Throws unless the options fit the operands.
template <class F, class Q, class K>
void expect_attention(char const* op, attention_options<F> const& o, heads_view<Q> const& q, heads_view<K> const& k,
                      heads_view<K> const& v) {
  expect_shape(op, "v", v, k);
  expect(op, "the heads of k", q.heads, k.heads);
  expect(op, "the width of k", q.width, k.width);
  if (!o.bias.empty()) expect(op, "the rows of the bias (heads)", q.heads, o.bias.rows);
  if (!o.key_lengths.empty()) expect(op, "the number of key lengths", k.batch, o.key_lengths.size);
  if (!o.query_segments.empty()) {
    expect(op, "the number of query segments", q.batch * q.length, o.query_segments.size);
    expect(op, "the number of key segments", k.batch * k.length, o.key_segments.size);
  }
  if (o.dropout.active()) {
    expect(op, "the dropout keys of queries", q.batch * q.length, o.dropout.rows.size);
    expect(op, "the dropout keys of keys", k.batch * k.length, o.key_keys.size);
  }
  if (!o.key_rows.empty()) expect(op, "the number of key rows", q.batch, o.key_rows.size);
  if (!o.ancestry.empty()) expect(op, "the rows of the ancestry", q.batch, o.ancestry.rows);
  if (!o.ancestry.empty() && o.ancestry.columns < k.length)
    fail(op, " expected the ancestry of ", k.length, " keys but found that of ", o.ancestry.columns);
  if (o.key_rows.empty() && o.ancestry.empty()) expect(op, "the batch of k", q.batch, k.batch);
}

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

class cpu_attention {
  instruction_set isa_;

  /// Queries of a task: enough to make packing the keys cheap, few enough that two threads share one head's queries.
  static constexpr extent queries_per_task = 240;

  template <instruction_set I, class Y, class F, class Q, class K>
  struct forward_pass {
    using kernels = attention_kernels<I>;
    heads_view<Y> y;
    vector_view<F> lse;
    heads_view<Q const> q;
    heads_view<K const> k, v;
    attention_options<F> const& o;

    /// The queries [first, last) of the group that begins at batch row b; query t is position t % length of row
    /// b + t / length.
    void run(extent b, extent h, extent first, extent last) const {
      frame scratch{thread_scratch()};
      attention_keys<F, K> const keys(scratch, o, k, v, b, h);
      extent const count = last - first, width = rounded_up(q.width, 2 * kernels::width);
      bool const one_row = first / q.length == (last - 1) / q.length;
      extent const low = one_row ? first % q.length : 0, high = one_row ? (last - 1) % q.length : q.length - 1;
      float const* const start = keys.start(scratch, low, high);
      float* const sums = scratch.template make<float>(rounded_up(count, kernels::tallest), width).data;
      std::fill_n(sums, rounded_up(count, kernels::tallest) * width, 0.0f);
      auto* const states = scratch.template make_vector<softmax_state>(count).data;
      for (extent t = 0; t < count; ++t) states[t] = {};

      task const all{keys, b, first, count, high, width, start, sums, states};
      if (count == 1) {
        walk<1, true>(scratch, all);
      } else if (count <= 4) {
        walk<4, true>(scratch, all);
      } else {
        walk<kernels::tallest, false>(scratch, all);
      }
      for (extent t = 0; t < count; ++t) {
        extent const row = b + (first + t) / q.length, i = (first + t) % q.length;
        kernels::finish(y.at(row, h, i), sums + t * width, q.width, states[t].sum);
        if (!lse.empty())
          lse.data[(row * q.heads + h) * q.length + i] =
              static_cast<F>(static_cast<double>(states[t].largest) + std::log(static_cast<double>(states[t].sum)));
      }
    }

   private:
    struct task {
      attention_keys<F, K> const& keys;
      extent batch, first, count, high, width;
      float const* start;
      float* sums;
      softmax_state* states;
    };

    /// R queries at a time. A few queries take keys and values from where they lie, panel by panel; many are worth
    /// packing a tile of both.
    template <int R, bool InPlace>
    void walk(frame<host_memory>& scratch, task const& t) const {
      extent const tile_keys = std::min(rounded_up(t.keys.length, key_panel), key_tile);
      float* const panels = scratch.template make<float>(InPlace ? key_panel : tile_keys, q.width).data;
      float* const values = InPlace ? nullptr : scratch.template make<float>(tile_keys, t.width).data;
      float* const scores = scratch.template make<float>(R, score_stride).data;
      float* const query = scratch.template make<float>(R, q.width).data;
      for (extent tile = 0; tile < t.keys.length; tile += key_tile) {
        if constexpr (!InPlace) {
          extent const n = std::min(key_tile, t.keys.length - tile);
          for (extent j = 0; j < n; j += key_panel)
            kernels::pack_panel(panels + j * q.width, t.keys.key_rows + tile + j, std::min(key_panel, n - j), q.width);
          kernels::pack_rows(values, t.width, t.keys.value_rows + tile, n, q.width);
        }
        for (extent at = 0; at < t.count; at += R) block<R, InPlace>(t, at, tile, panels, values, scores, query);
      }
    }

    template <int R, bool InPlace>
    void block(task const& t, extent at, extent tile, float* panels, float const* values, float* scores,
               float* query) const {
      extent const count = std::min<extent>(R, t.count - at);
      extent position[R], place[R];
      Q const* rows[R];
      float const* start[R];
      for (extent r = 0; r < R; ++r) {
        extent const n = t.first + at + std::min(r, count - 1), row = t.batch + n / q.length;
        position[r] = n % q.length, place[r] = row * q.length + position[r];
        rows[r] = q.at(row, t.keys.head, position[r]);
        start[r] = t.start + (t.high - position[r]) + tile;
      }
      auto const seen = t.keys.seen(position, place, count, tile);
      if (seen.first >= seen.last) return;
      kernels::template interleave<R>(query, rows, count, q.width);
      if constexpr (InPlace) {
        for (extent j = seen.first; j < seen.last; j += key_panel) {
          kernels::pack_panel(panels, t.keys.key_rows + tile + j, std::min(key_panel, seen.last_key - j), q.width);
          float const* here[R];
          for (int r = 0; r < R; ++r) here[r] = start[r] + j;
          kernels::template scores<R>(scores + j, query, here, panels, 0, 1, q.width);
        }
      } else {
        kernels::template scores<R>(scores, query, start, panels, seen.first / key_panel, seen.last / key_panel,
                                    q.width);
      }
      float rescale[R] = {};
      tile_rules const rules = t.keys.rules(tile);
      for (extent r = 0; r < count; ++r)
        rescale[r] = kernels::softmax(scores + r * score_stride, seen.first, seen.last,
                                      t.keys.rules_of_query(position[r], place[r], tile), rules, t.states[at + r]);
      float* const out = t.sums + at * t.width;
      extent const terms = seen.last_key - seen.first;
      if constexpr (InPlace) {
        kernels::template accumulate_in_place<R>(out, t.width, rescale, scores + seen.first,
                                                 t.keys.value_rows + tile + seen.first, terms, q.width);
      } else {
        kernels::template accumulate<R, false>(out, t.width, rescale, scores + seen.first,
                                               values + seen.first * t.width, t.width, terms, t.width);
      }
    }
  };

 public:
  explicit cpu_attention(instruction_set isa) : isa_(isa) {}

  /// Batch rows that follow each other and read the same key row (beams over one encoder) share its keys.
  template <class Y, class F, class Q, class K>
  void attention(heads_view<Y> y, vector_view<F> lse, heads_view<Q const> q, heads_view<K const> k,
                 heads_view<K const> v, attention_options<F> const& o) {
    expect_attention("attention", o, q, k, v);
    expect_shape("attention", "y", y, q);
    if (!lse.empty()) expect("attention", "the size of lse", q.batch * q.heads * q.length, lse.size);
    if (q.batch * q.heads * q.length == 0) return;
    frame scratch{thread_scratch()};
    auto const groups = scratch.make_vector<extent>(q.batch + 1);  // where each begins, and the end
    extent count = 0, longest = 0;
    for (extent b = 0; b < q.batch; ++b) {
      bool const shares =
          b > 0 && o.ancestry.empty() && !o.key_rows.empty() && o.key_rows.data[b] == o.key_rows.data[b - 1];
      if (!shares) groups.data[count++] = b;
      longest = std::max(longest, b + 1 - groups.data[count - 1]);
    }
    groups.data[count] = q.batch;
    extent const runs = (longest * q.length + queries_per_task - 1) / queries_per_task;
    extent const work = std::min(longest * q.length, queries_per_task) * k.length * q.width;
    with_kernels(isa_, [&](auto i) {
      forward_pass<i(), Y, F, Q, K> const pass{y, lse, q, k, v, o};
      parallel_for(count * q.heads * runs, std::max<extent>(1, 32768 / std::max<extent>(1, work)),
                   [&](extent begin, extent end) {
                     for (extent t = begin; t < end; ++t) {
                       extent const group = t / (q.heads * runs), h = t / runs % q.heads;
                       extent const queries = (groups.data[group + 1] - groups.data[group]) * q.length;
                       extent const first = t % runs * queries_per_task;
                       if (first >= queries) continue;
                       pass.run(groups.data[group], h, first, std::min(queries, first + queries_per_task));
                     }
                   });
    });
  }
};

}  // namespace flan::detail
