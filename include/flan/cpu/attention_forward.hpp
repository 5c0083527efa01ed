#pragma once
/// CPU: attention. A task is one head of one group of batch rows and a run of its queries; it walks over the keys in
/// tiles (online softmax: Milakov & Gimelshein 2018; tiling: Dao et al. 2022) and holds the scores of a few queries and
/// one tile at a time. What masks exclude for all queries at hand is neither computed nor read.
///
/// A value that only some of the queries at hand may see is multiplied by a probability of 0 for the others: it should
/// be finite. Keys past key_lengths are never read.

#include <cmath>

#include "flan/cpu/attention_keys.hpp"
#include "flan/cpu/dispatch.hpp"
#include "flan/cpu/scratch.hpp"

namespace flan::detail {

/// Queries of a task: a multiple of every tile's rows. Each task packs its keys, so they are many where there are heads
/// enough for all threads, and fewer where threads share a head.
constexpr extent queries_per_task(extent heads, extent threads) { return heads >= 4 * threads ? 528 : 264; }

/// What attention needs of an instruction set, as pointers: then the walk over tiles is compiled once, not once for
/// every set.
template <class Y, class Q, class K>
struct attention_functions {
  /// R queries at a time: attention_kernels' scores<R>, and accumulate<R> or accumulate_in_place<R>.
  struct for_queries {
    extent count;
    void (*scores)(float*, float const*, float const* const*, float const*, extent, extent, extent);
    void (*add)(float*, extent, float const*, float const*, float const*, extent, extent, extent);
    void (*add_in_place)(float*, extent, float const*, float const*, K const* const*, extent, extent);  ///< or null
  };
  for_queries one, few, many;
  extent vector;  ///< floats in a vector
  void (*pack_panel)(float*, K const* const*, extent, extent);
  void (*pack_rows)(float*, extent, K const* const*, extent, extent);
  void (*interleave)(float*, extent, Q const* const*, extent, extent);
  float (*softmax)(float*, extent, extent, query_rules const&, tile_rules const&, softmax_state&);
  void (*finish)(Y*, float const*, extent, float);
};

template <instruction_set I, class Y, class Q, class K, class Kernels = attention_kernels<I>>
inline constexpr attention_functions<Y, Q, K> attention_functions_of = {
    {1, Kernels::template scores<1>, nullptr, Kernels::template accumulate_in_place<1, K>},
    {4, Kernels::template scores<4>, nullptr, Kernels::template accumulate_in_place<4, K>},
    {Kernels::tallest, Kernels::template scores<Kernels::tallest>,
     Kernels::template accumulate<Kernels::tallest, false>, nullptr},
    Kernels::width,
    Kernels::template pack_panel<K>,
    Kernels::template pack_rows<K>,
    Kernels::template interleave<Q>,
    Kernels::softmax,
    Kernels::template finish<Y>,
};

template <class Y, class F, class Q, class K>
struct attention_forward {
  using functions = attention_functions<Y, Q, K>;
  functions const& kernels;
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
    extent const count = last - first, width = rounded_up(q.width, 2 * kernels.vector);
    bool const one_row = first / q.length == (last - 1) / q.length;
    extent const low = one_row ? first % q.length : 0, high = one_row ? (last - 1) % q.length : q.length - 1;
    float const* const start = keys.start(scratch, low, high);
    float* const sums = scratch.template make<float>(rounded_up(count, kernels.many.count), width).data;
    std::fill_n(sums, rounded_up(count, kernels.many.count) * width, 0.0f);
    auto* const states = scratch.template make_vector<softmax_state>(count).data;
    for (extent t = 0; t < count; ++t) states[t] = {};

    auto const& at_once = count == 1 ? kernels.one : count <= 4 ? kernels.few : kernels.many;
    walk(scratch, task{keys, at_once, b, first, count, high, width, start, sums, states});
    for (extent t = 0; t < count; ++t) {
      extent const row = b + (first + t) / q.length, i = (first + t) % q.length;
      kernels.finish(y.at(row, h, i), sums + t * width, q.width, states[t].sum);
      if (!lse.empty())
        lse.data[(row * q.heads + h) * q.length + i] =
            static_cast<F>(static_cast<double>(states[t].largest) + std::log(static_cast<double>(states[t].sum)));
    }
  }

 private:
  struct task {
    attention_keys<F, K> const& keys;
    typename functions::for_queries const& at_once;
    extent batch, first, count, high, width;
    float const* start;
    float* sums;
    softmax_state* states;
  };

  /// Some queries at a time. A few take keys and values from where they lie, panel by panel; many are worth packing a
  /// tile of both.
  void walk(frame<host_memory>& scratch, task const& t) const {
    bool const in_place = t.at_once.add_in_place != nullptr;
    extent const tile_keys = std::min(rounded_up(t.keys.length, key_panel), key_tile), rows = t.at_once.count;
    float* const panels = scratch.template make<float>(in_place ? key_panel : tile_keys, q.width).data;
    float* const values = in_place ? nullptr : scratch.template make<float>(tile_keys, t.width).data;
    float* const scores = scratch.template make<float>(rows, score_stride).data;
    float* const query = scratch.template make_vector<float>(rows * q.width + interleave_slack).data;
    for (extent tile = 0; tile < t.keys.length; tile += key_tile) {
      if (!in_place) {
        extent const n = std::min(key_tile, t.keys.length - tile);
        for (extent j = 0; j < n; j += key_panel)
          kernels.pack_panel(panels + j * q.width, t.keys.key_rows + tile + j, std::min(key_panel, n - j), q.width);
        kernels.pack_rows(values, t.width, t.keys.value_rows + tile, n, q.width);
      }
      for (extent at = 0; at < t.count; at += rows) block(t, at, tile, panels, values, scores, query);
    }
  }

  void block(task const& t, extent at, extent tile, float* panels, float const* values, float* scores,
             float* query) const {
    constexpr extent most = 16;  // at least every set's `tallest`
    extent const rows_at_once = t.at_once.count, count = std::min(rows_at_once, t.count - at);
    extent position[most] = {}, place[most] = {};
    Q const* rows[most] = {};
    float const* start[most] = {};
    for (extent r = 0; r < rows_at_once; ++r) {
      extent const n = t.first + at + std::min(r, count - 1), row = t.batch + n / q.length;
      position[r] = n % q.length, place[r] = row * q.length + position[r];
      rows[r] = q.at(row, t.keys.head, position[r]);
      start[r] = t.start + (t.high - position[r]) + tile;
    }
    auto const seen = t.keys.seen(position, place, count, tile);
    if (seen.first >= seen.last) return;
    kernels.interleave(query, rows_at_once, rows, count, q.width);
    bool const in_place = t.at_once.add_in_place != nullptr;
    if (in_place) {
      for (extent j = seen.first; j < seen.last; j += key_panel) {
        kernels.pack_panel(panels, t.keys.key_rows + tile + j, std::min(key_panel, seen.last_key - j), q.width);
        float const* here[most];
        for (extent r = 0; r < rows_at_once; ++r) here[r] = start[r] + j;
        t.at_once.scores(scores + j, query, here, panels, 0, 1, q.width);
      }
    } else {
      t.at_once.scores(scores, query, start, panels, seen.first / key_panel, seen.last / key_panel, q.width);
    }
    float rescale[most] = {};
    tile_rules const rules = t.keys.rules(tile);
    for (extent r = 0; r < count; ++r)
      rescale[r] = kernels.softmax(scores + r * score_stride, seen.first, seen.last,
                                   t.keys.rules_of_query(position[r], place[r], tile), rules, t.states[at + r]);
    float* const out = t.sums + at * t.width;
    extent const terms = seen.last_key - seen.first;
    if (in_place) {
      t.at_once.add_in_place(out, t.width, rescale, scores + seen.first, t.keys.value_rows + tile + seen.first, terms,
                             q.width);
    } else {
      t.at_once.add(out, t.width, rescale, scores + seen.first, values + seen.first * t.width, t.width, terms, t.width);
    }
  }
};

}  // namespace flan::detail
