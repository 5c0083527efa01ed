#pragma once
/// Conformance: attention under every mask, and its backward.

#include "flan/testing/conformance/session.hpp"

namespace flan::testing::detail {

struct attention_shape {
  extent batch, heads, queries, keys, width, farthest;  ///< farthest: the bias tells distances apart up to here
};
inline constexpr attention_shape attention_shapes[] = {
    {1, 1, 1, 1, 1, 1}, {2, 3, 5, 7, 8, 3}, {1, 2, 17, 33, 64, 128}, {3, 2, 1, 300, 16, 128}, {2, 4, 64, 64, 16, 9},
    {2, 2, 9, 9, 5, 4}, {1, 1, 2, 0, 4, 2}, {1, 2, 0, 3, 4, 2},      {1, 2, 70, 130, 24, 20}};

/// Which masks are on.
struct attention_case {
  char const* name;
  bool bias, causal, lengths, segments, dropout, key_rows, ancestry;
};
inline constexpr attention_case attention_cases[] = {
    {"no mask", false, false, false, false, false, false, false},
    {"bias", true, false, false, false, false, false, false},
    {"causal", true, true, false, false, false, false, false},
    {"key lengths", true, false, true, false, false, false, false},
    {"segments", true, false, false, true, false, false, false},
    {"dropout", true, false, false, false, true, false, false},
    {"causal, lengths, segments, dropout", true, true, true, true, true, false, false},
    {"key rows, lengths", true, false, true, false, false, true, false},
    {"ancestry", true, false, false, false, false, false, true},
};

/// All arguments of one call, in backend memory.
template <class X, class F>
struct attention_arguments {
  guarded<X> q, k, v, y;
  guarded<F> lse, bias;
  guarded<std::int32_t> lengths, query_segments, key_segments, rows, ancestry;
  guarded<std::uint32_t> query_keys, key_keys;
  attention_options<F> options;
  attention_shape shape;
  extent key_batch;
  bool cache;  ///< k and v head-major

  auto queries(guarded<X> const& g) const { return by_heads(g.view, shape.batch, shape.heads, false); }
  auto keys(guarded<X> const& g) const { return by_heads(g.view, key_batch, shape.heads, cache); }
};

template <class X, class F, class S>
attention_arguments<X, F> make_attention(S& s, attention_shape const& a, attention_case const& c, bool cache) {
  auto const p = cache ? placement::ragged : placement::aligned;
  extent const key_batch = c.key_rows ? a.batch + 1 : a.batch;
  extent const key_rows = key_batch * a.keys * (cache ? a.heads : 1), key_columns = a.width * (cache ? 1 : a.heads);
  attention_arguments<X, F> t{s.template make<X>(a.batch * a.queries, a.heads * a.width, p),
                              s.template make<X>(key_rows, key_columns, p),
                              s.template make<X>(key_rows, key_columns, p),
                              s.template make<X>(a.batch * a.queries, a.heads * a.width, p),
                              s.template make<F>(1, a.batch * a.heads * a.queries),
                              s.template make<F>(a.heads, 2 * a.farthest + 1, p),
                              s.ids(key_batch, a.keys + 1),
                              s.ids(a.batch * a.queries, 3),
                              s.ids(key_batch * a.keys, 2),
                              s.ids(a.batch, key_batch),
                              s.template make<std::int32_t>(a.batch, a.keys, placement::ragged),
                              s.keys(a.batch * a.queries),
                              s.keys(key_batch * a.keys),
                              {},
                              a,
                              key_batch,
                              cache};
  s.fill(t.ancestry, [&] { return s.below(key_batch); });
  auto& o = t.options;
  if (c.bias) o.bias = in(t.bias.view);
  o.causal = c.causal;
  if (c.causal) o.query_offset = a.keys > a.queries ? (a.keys - a.queries) / 2 : 0;
  if (c.lengths) o.key_lengths = in(t.lengths.flat());
  if (c.segments) o.query_segments = in(t.query_segments.flat()), o.key_segments = in(t.key_segments.flat());
  if (c.dropout) o.dropout = {0.3, 4711, in(t.query_keys.flat())}, o.key_keys = in(t.key_keys.flat());
  if (c.key_rows) o.key_rows = in(t.rows.flat());
  if (c.ancestry) o.ancestry = in(t.ancestry.view);
  if (c.lengths)  // what lies behind the length is not there: in a cache it was never written
    for (extent b = 0; b < key_batch; ++b)
      for (extent j = t.lengths.at(0, b); j < a.keys; ++j)
        for (extent h = 0; h < a.heads; ++h)
          for (auto* m : {&t.k, &t.v})
            (cache ? m->at((b * a.heads + h) * a.keys + j, 0) : m->at(b * a.keys + j, h * a.width)) =
                narrow<X>(std::numeric_limits<F>::quiet_NaN());
  t.k.reset(s.backend()), t.v.reset(s.backend());
  return t;
}

template <class S, class F>
void each_attention(S const& s, F f) {
  for (auto const& shape : attention_shapes) {
    if (s.skips(shape.batch * shape.heads * shape.queries * shape.keys * shape.width)) continue;
    for (auto const& c : attention_cases)
      for (bool cache : {false, true})
        f(shape, c, cache,
          sentence(shape.batch, " x ", shape.heads, " heads, ", shape.queries, " queries, ", shape.keys, " keys of ",
                   shape.width, ", ", c.name, cache ? ", from a cache" : ""));
  }
}

template <class X, class F, class S>
void check_attention(S& s) {
  each_attention(s, [&](attention_shape const& shape, attention_case const& c, bool cache, std::string const& context) {
    auto t = make_attention<X, F>(s, shape, c, cache);
    auto const call = [&](vector_view<F> lse) {
      return [&t, lse](auto& be) {
        be.attention(t.queries(t.y), lse, in(t.queries(t.q)), in(t.keys(t.k)), in(t.keys(t.v)), t.options);
      };
    };
    s.run("attention", context, call(t.lse.flat()), t.y, t.lse);
    s.run("attention", context + ", without lse", call({}), t.y);
  });
  // NaN in one query or one key that is seen: the queries that have it are NaN, the others are not.
  auto t = make_attention<X, F>(s, {2, 2, 6, 6, 8, 3}, {"", true, true, false, false, false, false, false}, false);
  t.q.at(1, 3) = t.k.at(10, 2) = narrow<X>(std::numeric_limits<F>::quiet_NaN());
  t.q.reset(s.backend()), t.k.reset(s.backend());
  s.run(
      "attention", "NaN in a query and in a key",
      [&](auto& be) {
        be.attention(t.queries(t.y), t.lse.flat(), in(t.queries(t.q)), in(t.keys(t.k)), in(t.keys(t.v)), t.options);
      },
      t.y, t.lse);
}

template <class X, class F, class S>
void check_attention_backward(S& s) {
  each_attention(s, [&](attention_shape const& shape, attention_case const& c, bool cache, std::string const& context) {
    if (c.key_rows || c.ancestry) return;
    auto t = make_attention<X, F>(s, shape, c, cache);
    auto const p = cache ? placement::ragged : placement::aligned;
    auto& be = s.backend();
    be.attention(t.queries(t.y), t.lse.flat(), in(t.queries(t.q)), in(t.keys(t.k)), in(t.keys(t.v)), t.options);
    auto dy = s.template make<X>(t.y.view.rows, t.y.view.columns, p);
    auto dq = s.template make<X>(t.q.view.rows, t.q.view.columns, p);
    auto dk = s.template make<X>(t.k.view.rows, t.k.view.columns, p);
    auto dv = s.template make<X>(t.k.view.rows, t.k.view.columns, p);
    auto dbias = s.template make<F>(t.bias.view.rows, t.bias.view.columns, p);
    s.run(
        "attention_backward", context,
        [&](auto& b) {
          b.attention_backward(t.queries(dq), t.keys(dk), t.keys(dv), c.bias ? dbias.view : matrix<F>{},
                               in(t.queries(dy)), in(t.queries(t.y)), in(t.lse.flat()), in(t.queries(t.q)),
                               in(t.keys(t.k)), in(t.keys(t.v)), t.options);
        },
        dq, dk, dv, dbias);
    if (c.bias)
      s.run(
          "attention_backward", context + ", without dbias",
          [&](auto& b) {
            b.attention_backward(t.queries(dq), t.keys(dk), t.keys(dv), matrix<F>{}, in(t.queries(dy)),
                                 in(t.queries(t.y)), in(t.lse.flat()), in(t.queries(t.q)), in(t.keys(t.k)),
                                 in(t.keys(t.v)), t.options);
          },
          dq, dk, dv);
  });
}

}  // namespace flan::testing::detail
