#pragma once
/// Multi-head attention of the T5 family: no bias terms, no 1/√d_kv, scores shifted by a bias per distance. The same
/// code attends within a sequence, from a decoder to encoder states, and with a cache while decoding.

#include "flan/layer/cache.hpp"
#include "flan/layer/linear.hpp"
#include "flan/layer/rows.hpp"
#include "flan/tensor/frame.hpp"

namespace flan {

/// The run-time side of one call.
template <class P>
struct attention_call {
  token_rows queries, keys;
  matrix<typename P::wide> bias{};  ///< [heads, 2·max_distance + 1], or empty (cross-attention)
  bool causal = false;
  dropout_options probabilities{}, after{};  ///< of the attention matrix, and of the output
  // Decoding:
  kv_cache<typename P::activation> const* cache = nullptr;  ///< read instead of projecting keys and values
  bool append = false;                         ///< first write this call's keys and values behind `position`
  extent position = 0;                         ///< tokens already in the cache (self-attention)
  matrix<std::int32_t const> ancestry{};       ///< beams: cache row per key position
  vector_view<std::int32_t const> key_rows{};  ///< cross-attention: cache row per query row
};

template <auto const& C, class P>
struct attention {
  using F = typename P::wide;
  using X = typename P::activation;
  static constexpr extent inner = times(C.heads, C.d_kv);

  linear<C.d_model, inner, P> q, k, v;
  linear<inner, C.d_model, P> o;
  [[no_unique_address]] resolved<C> config;
  static constexpr auto members =
      flan::members("q", &attention::q, "k", &attention::k, "v", &attention::v, "o", &attention::o);

  struct trace {
    matrix<X, inner> q, k, v, y;  ///< y: what o saw
    vector_view<F> lse;
  };

  attention() = default;
  template <class Config>
  [[gnu::cold]] explicit attention(Config const& c)
      : q(c.d_model, c.heads * c.d_kv),
        k(c.d_model, c.heads * c.d_kv),
        v(c.d_model, c.heads * c.d_kv),
        o(c.heads * c.d_kv, c.d_model),
        config(c) {}

  extent heads() const { return config.heads(); }
  extent width() const { return q.weight.rows / heads(); }

  /// residual[queries, d_model] += attention. x[queries, d_model] is normalised input; keys and values come from
  /// `source`[keys, d_model]: x itself, or the encoder's states, unless the call's cache holds them.
  template <class B>
  void forward(B& be, matrix<F, C.d_model> residual, matrix<X, C.d_model> x, matrix<X, C.d_model> source,
               attention_call<P> const& call, trace* kept = nullptr) const {
    frame f(be);
    extent const n = x.rows, w = q.weight.rows, batch = call.queries.batch;
    auto make = [&](extent rows) { return kept ? keep<X, inner>(be, rows, w) : f.template make<X, inner>(rows, w); };
    trace t;
    t.q = make(n);
    heads_view<X> kh, vh;
    if (call.cache && !call.append) {
      q.forward(be, t.q, x);
    } else {
      t.k = make(source.rows), t.v = make(source.rows);
      if (source.data == x.data) {
        forward_together(be, x, q.to(t.q), k.to(t.k), v.to(t.v));
      } else {
        q.forward(be, t.q, x);
        forward_together(be, source, k.to(t.k), v.to(t.v));
      }
      kh = split_heads(t.k, call.keys.batch, heads()), vh = split_heads(t.v, call.keys.batch, heads());
    }
    if (call.cache) {
      extent length = call.cache->k.length;
      if (call.append) {
        be.append_to_cache(call.cache->k, in(kh), call.position);
        be.append_to_cache(call.cache->v, in(vh), call.position);
        length = call.position + call.queries.length;
      }
      kh = first_positions(call.cache->k, length), vh = first_positions(call.cache->v, length);
      // Without a list each row is its own past; the cache may have more rows than are in use.
      if (call.append && call.ancestry.empty()) kh.batch = vh.batch = batch;
    }
    t.y = make(n);
    if (kept) t.lse = keep_vector<F>(be, batch * heads() * call.queries.length);
    be.attention(split_heads(matrix<X>(t.y), batch, heads()), t.lse, in(split_heads(t.q, batch, heads())), in(kh),
                 in(vh), options(call));
    if (call.after.active()) {
      auto const y = f.template make<F, C.d_model>(n, residual.columns);
      o.forward(be, y, t.y);
      be.dropout(out(residual), in(y), call.after, true);
    } else {
      o.forward(be, residual, t.y, {.accumulate = true});
    }
    if (kept) *kept = t;
  }

  /// Projects the encoder's states once; every later cross-attention reads the cache.
  template <class B>
  void fill_cache(B& be, kv_cache<X> const& cache, matrix<X, C.d_model> source, extent batch) const {
    frame f(be);
    auto const tk = f.template make<X, inner>(source.rows, q.weight.rows);
    auto const tv = f.template make<X, inner>(source.rows, q.weight.rows);
    forward_together(be, source, k.to(tk), v.to(tv));
    be.append_to_cache(cache.k, in(split_heads(tk, batch, heads())), 0);
    be.append_to_cache(cache.v, in(split_heads(tv, batch, heads())), 0);
  }

  /// dx = the gradient of x, given dy, the residual stream's. Cross-attention adds the gradient of its source to
  /// `dsource`; self-attention passes an empty one and dx holds all of it. dbias[heads, distances] accumulates.
  template <class B, class G>
  void backward(B& be, matrix<F, C.d_model> dx, matrix<F, C.d_model> dsource, matrix<F> dbias, matrix<F, C.d_model> dy,
                matrix<X, C.d_model> x, matrix<X, C.d_model> source, attention_call<P> const& call, trace const& kept,
                G& d) const {
    frame f(be);
    extent const n = x.rows, w = q.weight.rows, h = heads(), batch = call.queries.batch, sources = call.keys.batch;
    auto const dout = branch_gradient<X>(be, f, dy, call.after);
    o.backward_weight(be, dout, kept.y, d.o);
    auto const dctx = f.template make<X, inner>(n, w), dq = f.template make<X, inner>(n, w);
    auto const dk = f.template make<X, inner>(source.rows, w), dv = f.template make<X, inner>(source.rows, w);
    o.backward_input(be, dctx, dout);
    be.attention_backward(split_heads(matrix<X>(dq), batch, h), split_heads(matrix<X>(dk), sources, h),
                          split_heads(matrix<X>(dv), sources, h), dbias, in(split_heads(dctx, batch, h)),
                          in(split_heads(kept.y, batch, h)), in(kept.lse), in(split_heads(kept.q, batch, h)),
                          in(split_heads(kept.k, sources, h)), in(split_heads(kept.v, sources, h)), options(call));
    q.backward_weight(be, dq, x, d.q);
    k.backward_weight(be, dk, source, d.k);
    v.backward_weight(be, dv, source, d.v);
    q.backward_input(be, dx, dq);
    auto const into = dsource.empty() ? dx : dsource;
    k.backward_input(be, into, dk, {.accumulate = true});
    v.backward_input(be, into, dv, {.accumulate = true});
  }

 private:
  static attention_options<F> options(attention_call<P> const& call) {
    attention_options<F> o;
    o.bias = in(call.bias);
    o.query_offset = call.append ? call.position : 0;
    o.causal = call.causal;
    o.key_lengths = call.keys.lengths;
    o.query_segments = call.queries.segments;
    o.key_segments = call.keys.segments;
    o.key_rows = call.key_rows;
    o.ancestry = call.ancestry;
    o.dropout = call.probabilities;
    o.key_keys = call.keys.keys;
    return o;
  }
};

}  // namespace flan
