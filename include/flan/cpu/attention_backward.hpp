#pragma once
/// CPU: attention's backward. Probabilities are computed again from the scores and the forward's log-sums, some queries
/// and one tile of keys at a time.

#include "flan/cpu/attention_keys.hpp"
#include "flan/cpu/dispatch.hpp"
#include "flan/cpu/scratch.hpp"

namespace flan::detail {

template <instruction_set I, class D, class F, class X>
struct attention_backward_pass {
  using kernels = attention_kernels<I>;
  static constexpr int R = kernels::tallest;
  /// Queries at a time, a multiple of every R: their scores and gradients fit the second-level cache.
  static constexpr extent queries = 48;
  static_assert(queries % R == 0);

  heads_view<D> dq, dk, dv;
  heads_view<X const> dy, y;
  vector_view<F const> lse;
  heads_view<X const> q, k, v;
  attention_options<F> const& o;

  /// Head h of batch row b; dbias[2D + 1] of it alone is written, where it is not null.
  void run(extent b, extent h, float* dbias) const {
    frame scratch{thread_scratch()};
    attention_keys<F, X> const keys(scratch, o, k, v, b, h);
    extent const width = rounded_up(q.width, 2 * kernels::width), high = q.length > 0 ? q.length - 1 : 0;
    extent const tile_keys = std::min(rounded_up(keys.length, key_panel), key_tile);
    auto const zeros = [&](extent rows) {
      auto const m = scratch.make<float>(rows, width);
      std::fill_n(m.data, rows * width, 0.0f);
      return m.data;
    };
    float* const query_sums = zeros(rounded_up(q.length, R));
    extent const distances = rounded_up(keys.length, key_panel) + high;
    float* const diagonals = dbias == nullptr ? nullptr : scratch.make_vector<float>(distances).data;
    if (diagonals != nullptr) std::fill_n(diagonals, distances, 0.0f);
    tile_scratch const t{.key_panels = scratch.make<float>(tile_keys, q.width).data,
                         .value_panels = scratch.make<float>(tile_keys, q.width).data,
                         .key_rows = scratch.make<float>(tile_keys, width).data,
                         .key_sums = zeros(tile_keys + R),
                         .value_sums = zeros(tile_keys + R),
                         .scores = scratch.make<float>(queries, score_stride).data,
                         .gradients = scratch.make<float>(queries, score_stride).data,
                         .query_rows = scratch.make<float>(queries, width).data,
                         .dy_rows = scratch.make<float>(queries, width).data,
                         .interleaved = scratch.make_vector<float>(R * q.width + interleave_slack).data,
                         .start = keys.start(scratch, 0, high),
                         .no_start = zeros_of_panels(scratch, tile_keys),
                         .query_sums = query_sums,
                         .diagonals = diagonals,
                         .high = high,
                         .width = width};
    for (extent tile = 0; tile < keys.length; tile += key_tile) {
      extent const n = std::min(key_tile, keys.length - tile);
      for (extent j = 0; j < n; j += key_panel) {
        extent const here = std::min(key_panel, n - j);
        kernels::pack_panel(t.key_panels + j * q.width, keys.key_rows + tile + j, here, q.width);
        kernels::pack_panel(t.value_panels + j * q.width, keys.value_rows + tile + j, here, q.width);
      }
      kernels::pack_rows(t.key_rows, width, keys.key_rows + tile, n, q.width);
      std::fill_n(t.key_sums, n * width, 0.0f), std::fill_n(t.value_sums, n * width, 0.0f);
      for (extent at = 0; at < q.length; at += queries) block(keys, t, b, at, tile);
      for (extent j = 0; j < n; ++j) {
        kernels::finish(dk.at(b, h, tile + j), t.key_sums + j * width, q.width, 1.0f);
        kernels::finish(dv.at(b, h, tile + j), t.value_sums + j * width, q.width, 1.0f);
      }
    }
    for (extent j = keys.length; j < k.length; ++j) {
      std::fill_n(dk.at(b, h, j), k.width, narrow<D>(wide_t<D>(0)));
      std::fill_n(dv.at(b, h, j), k.width, narrow<D>(wide_t<D>(0)));
    }
    for (extent i = 0; i < q.length; ++i) kernels::finish(dq.at(b, h, i), query_sums + i * width, q.width, 1.0f);
    if (dbias == nullptr) return;
    extent const farthest = o.max_distance();
    std::fill_n(dbias, 2 * farthest + 1, 0.0f);
    for (extent x = 0; x < distances; ++x)
      dbias[std::clamp(x - high - o.query_offset, -farthest, farthest) + farthest] += diagonals[x];
  }

 private:
  struct tile_scratch {
    float *key_panels, *value_panels, *key_rows, *key_sums, *value_sums;
    float *scores, *gradients, *query_rows, *dy_rows, *interleaved;
    float const *start, *no_start;
    float *query_sums, *diagonals;  ///< diagonals may be null
    extent high, width;
  };

  static float const* zeros_of_panels(frame<host_memory>& scratch, extent size) {
    float* const z = scratch.make_vector<float>(size).data;
    std::fill_n(z, size, 0.0f);
    return z;
  }

  void block(attention_keys<F, X> const& keys, tile_scratch const& t, extent b, extent at, extent tile) const {
    extent const count = std::min(queries, q.length - at), h = keys.head;
    extent position[queries], place[queries];
    X const *query[queries], *upstream[queries];
    for (extent r = 0; r < count; ++r) {
      position[r] = at + r, place[r] = b * q.length + at + r;
      query[r] = q.at(b, h, at + r), upstream[r] = dy.at(b, h, at + r);
    }
    auto const seen = keys.seen(position, place, count, tile);
    if (seen.first >= seen.last) return;
    kernels::pack_rows(t.query_rows, t.width, query, count, q.width);
    kernels::pack_rows(t.dy_rows, t.width, upstream, count, q.width);
    for (extent r = 0; r < count; r += R) {
      float const *start[R], *no_start[R];
      for (extent i = 0; i < R; ++i) {
        start[i] = t.start + (t.high - position[std::min(r + i, count - 1)]) + tile;
        no_start[i] = t.no_start;
      }
      extent const first = seen.first / key_panel, last = seen.last / key_panel;
      kernels::interleave(t.interleaved, R, query + r, count - r, q.width);
      kernels::template scores<R>(t.scores + r * score_stride, t.interleaved, start, t.key_panels, first, last,
                                  q.width);
      kernels::interleave(t.interleaved, R, upstream + r, count - r, q.width);
      kernels::template scores<R>(t.gradients + r * score_stride, t.interleaved, no_start, t.value_panels, first, last,
                                  q.width);
    }
    tile_rules const rules = keys.rules(tile);
    for (extent r = 0; r < count; ++r)
      kernels::score_gradient(t.scores + r * score_stride, t.gradients + r * score_stride, seen.first, seen.last,
                              keys.rules_of_query(position[r], place[r], tile), rules,
                              static_cast<float>(lse.data[(b * q.heads + h) * q.length + at + r]),
                              kernels::dot(upstream[r], y.at(b, h, at + r), q.width),
                              t.diagonals == nullptr ? nullptr : t.diagonals + (t.high - position[r]) + tile);
    float ones[R];
    std::fill_n(ones, R, 1.0f);
    extent const terms = seen.last_key - seen.first;
    for (extent r = 0; r < count; r += R)
      kernels::template accumulate<R, false>(t.query_sums + (at + r) * t.width, t.width, ones,
                                             t.gradients + r * score_stride + seen.first,
                                             t.key_rows + seen.first * t.width, t.width, terms, t.width);
    for (extent j = seen.first; j < seen.last_key; j += R) {
      kernels::template accumulate<R, true>(t.value_sums + j * t.width, t.width, ones, t.scores + j, t.dy_rows, t.width,
                                            count, t.width);
      kernels::template accumulate<R, true>(t.key_sums + j * t.width, t.width, ones, t.gradients + j, t.query_rows,
                                            t.width, count, t.width);
    }
  }
};

}  // namespace flan::detail
