#pragma once
/// T5 (Raffel et al. 2020): T5 1.0, 1.1 and Flan-T5, ByT5, mT5, UMT5 by configuration. Parameter names are Hugging
/// Face's.

#include <cmath>

#include "flan/backend/together.hpp"
#include "flan/layer/embedding.hpp"
#include "flan/model/t5_config.hpp"
#include "flan/model/t5_stack.hpp"

namespace flan {

/// One micro-batch in backend memory. Decoder inputs are the labels shifted right behind the start token.
struct t5_batch {
  vector_view<std::int32_t const> input_ids;    ///< [inputs.count()]
  token_rows inputs;                            ///< of the encoder
  vector_view<std::int32_t const> decoder_ids;  ///< [targets.count()]
  token_rows targets;                           ///< of the decoder
  vector_view<std::int32_t const> labels;       ///< [targets.count()], −100 = no loss
};

/// How a training step runs.
struct step_options {
  loss_options loss{};
  dropout_plan dropout{};
  bool recompute = false;  ///< keep block inputs alone; each block runs again in backward
};

/// Caches of a decoder: everything that one more token needs.
template <class P>
struct t5_cache {
  std::vector<block_cache<typename P::activation>> blocks;
  token_rows state_rows{};  ///< of the encoder states behind the cross caches
};

template <auto const& C, class P>
struct t5 {
  using precision_type = P;
  using W = typename P::weight;
  using X = typename P::activation;
  using F = typename P::wide;
  using states = matrix<X, C.d_model>;

  embedding<C.vocabulary, C.d_model, P> shared;
  t5_stack<C, P, t5_side::encoder> encoder;
  t5_stack<C, P, t5_side::decoder> decoder;
  [[no_unique_address]] only_if<!C.tied, linear<C.d_model, C.vocabulary, P>> lm_head;
  static constexpr auto members =
      flan::members("shared", &t5::shared, "encoder", &t5::encoder, "decoder", &t5::decoder, "lm_head", &t5::lm_head);

  struct trace {
    typename t5_stack<C, P, t5_side::encoder>::trace encoder;
    typename t5_stack<C, P, t5_side::decoder>::trace decoder;
  };

  /// Parameters have extents but no memory: allocate_parameters, or a checkpoint reader, gives it to them.
  /// Throws where `c` does not fit C.
  [[gnu::cold]] explicit t5(t5_config const& c)
      : shared(fitting(c).vocabulary, c.d_model),
        encoder(c),
        decoder(c),
        lm_head(make_part<decltype(lm_head)>(c.tied == flag::no, c.d_model, c.vocabulary)),
        config_(c) {}
  t5() requires(is_resolved(C)) : t5(C) {}

  /// The run-time configuration; every field is known.
  t5_config const& config() const { return config_; }

  /// The weight that makes logits: lm_head's, or the embedding when tied.
  weight<W> const& head() const {
    weight<W> const* w = &shared.weight;
    if_present(lm_head, [&](auto const& l) { w = &l.weight; });
    return *w;
  }
  weight<W>& head() { return const_cast<weight<W>&>(std::as_const(*this).head()); }
  /// T5 1.0 multiplies the decoder's output by d_model^-½ before the head.
  double head_scale() const {
    return config_.scaled == flag::yes ? 1 / std::sqrt(static_cast<double>(config_.d_model)) : 1.0;
  }

  /// y[rows.count(), d_model] = the encoder's final states.
  template <class B>
  void encode(B& be, states y, vector_view<std::int32_t const> ids, token_rows const& rows, step_options const& o = {},
              trace* kept = nullptr) const {
    frame f(be);
    auto const h = f.template make<F, C.d_model>(rows.count(), config_.d_model);
    shared.forward(be, h, ids);
    encoder.forward(be, y, h, call(rows, o), kept ? &kept->encoder : nullptr);
  }

  /// y[call.rows.count(), d_model] = the decoder's final states, before the head.
  template <class B>
  void decode(B& be, states y, vector_view<std::int32_t const> ids, stack_call<P> const& c,
              trace* kept = nullptr) const {
    frame f(be);
    auto const h = f.template make<F, C.d_model>(c.rows.count(), config_.d_model);
    shared.forward(be, h, ids);
    decoder.forward(be, y, h, c, kept ? &kept->decoder : nullptr);
  }

  /// logits[rows, vocabulary] = scale · y·headᵀ
  template <class B>
  void logits(B& be, matrix<F> z, states y) const {
    be.matmul(z, in(y), head(), matmul_options{.scale = head_scale()});
  }

  /// The k likeliest tokens of each row of states, as top_k of their logits; those exist only where the backend has
  /// nothing better.
  template <class B>
  void top_k(B& be, matrix<F> values, matrix<std::int32_t> ids, vector_view<F> lse, states y) const {
    if constexpr (multiplies_to_top_k<B, F, X, W>) {
      be.matmul(top_results<F>{values, ids, lse}, matrix<X const>(in(y)), head(),
                matmul_options{.scale = head_scale()});
    } else {
      frame f(be);
      auto const z = f.template make<F>(y.rows, config_.vocabulary);
      logits(be, z, y);
      be.top_k(out(values), out(ids), out(lse), in(z));
    }
  }

  /// loss[targets.count()]: each target token's loss (0 where the label is −100). With `gradient`, a model of the same
  /// shape in P's gradient format, adds d(gradient_scale · Σ loss) to it. `again`: a trace of an earlier call whose
  /// lists are used again, so that nothing is allocated; what it held is over.
  template <class B, class G = t5>
  void loss(B& be, vector_view<F> loss, t5_batch const& b, step_options const& o, G* gradient = nullptr,
            trace* again = nullptr) const {
    frame f(be);
    frame kept_until_the_end(be, be.kept());
    trace own;
    trace& t = again ? *again : own;
    trace* const kept = gradient ? &t : nullptr;
    extent const d = config_.d_model;
    auto const x = f.template make<X, C.d_model>(b.inputs.count(), d);
    auto const y = f.template make<X, C.d_model>(b.targets.count(), d);
    encode(be, x, b.input_ids, b.inputs, o, kept);
    auto dc = call(b.targets, o);
    dc.states = x;
    dc.state_rows = b.inputs;
    decode(be, y, b.decoder_ids, dc, kept);
    auto lo = o.loss;
    lo.scale = head_scale();
    if constexpr (!std::is_same_v<G, t5> || std::is_same_v<P, gradient_precision<P>>) {
      if (gradient) {
        auto const dy = f.template make<F, C.d_model>(y.rows, d), dh = f.template make<F, C.d_model>(y.rows, d);
        auto const dx = f.template make<F, C.d_model>(x.rows, d);
        be.cross_entropy_head(loss, matrix<F>(dy), gradient->head().values(), in(y), head(), b.labels, lo);
        be.fill(out(matrix<F>(dx)), 0.0);
        decoder.backward(be, dh, dx, dy, dc, t.decoder, gradient->decoder);
        shared.backward(be, dh, b.decoder_ids, gradient->shared);
        auto const de = f.template make<F, C.d_model>(x.rows, d);
        encoder.backward(be, de, {}, dx, call(b.inputs, o), t.encoder, gradient->encoder);
        shared.backward(be, de, b.input_ids, gradient->shared);
        return;
      }
    }
    be.cross_entropy_head(loss, matrix<F>{}, matrix<typename P::gradient>{}, in(y), head(), b.labels, lo);
  }

  /// Caches for `rows` decoder rows of up to `length` tokens over encoder states of `inputs` (batch · length rows).
  template <class B>
  t5_cache<P> make_cache(B& be, extent rows, extent length, states x, token_rows const& inputs) const {
    t5_cache<P> cache;
    cache.state_rows = inputs;
    extent const h = config_.heads, d = config_.d_kv;
    for (auto const& layer : decoder.block) {
      block_cache<X> b{{be, rows, h, length, d}, {be, inputs.batch, h, inputs.length, d}};
      if_present(layer.cross, [&](auto const& cross) { cross.fill_cache(be, b.cross, x, inputs.batch); });
      cache.blocks.push_back(std::move(b));
    }
    return cache;
  }

  /// One decoding step: y[rows·length, d_model] = the final states of `length` new tokens per row (ids[rows·length]),
  /// appended at `position`. ancestry[rows, ≥ position + length]: the cache row of each earlier token (beams);
  /// key_rows[rows]: the encoder row. Either may be empty: row r is its own ancestor and reads encoder row r.
  template <class B>
  void step(B& be, states y, vector_view<std::int32_t const> ids, extent rows, extent length, t5_cache<P> const& cache,
            extent position, matrix<std::int32_t const> ancestry, vector_view<std::int32_t const> key_rows) const {
    stack_call<P> c;
    c.rows = {.batch = rows, .length = length};
    c.state_rows = cache.state_rows;
    c.caches = cache.blocks.data();
    c.position = position;
    c.ancestry = ancestry;
    c.key_rows = key_rows;
    decode(be, y, ids, c);
  }

 private:
  /// Asked before any part is made, so that the error shows every difference, and not the first part's.
  static t5_config const& fitting(t5_config const& c) {
    if (!is_resolved(c)) fail("a model needs a configuration without open fields");
    require_fit(C, c, config_name<C>(), "the configuration");
    return c;
  }
  static stack_call<P> call(token_rows const& rows, step_options const& o) {
    stack_call<P> c;
    c.rows = rows;
    c.dropout = o.dropout;
    c.recompute = o.recompute;
    return c;
  }

  t5_config config_;
};

namespace detail {
template <class M>
struct gradient_type;
template <auto const& C, class P>
struct gradient_type<t5<C, P>> {
  using type = t5<C, gradient_precision<P>>;
};
template <class M>
struct master_type;
template <auto const& C, class P>
struct master_type<t5<C, P>> {
  using type = t5<C, master_precision<P>>;
};
}  // namespace detail

/// The model that holds M's gradients, or M's masters: the same shape in another precision. Construct from M's
/// config().
template <class M>
using gradient_of = typename detail::gradient_type<M>::type;
template <class M>
using master_of = typename detail::master_type<M>::type;

}  // namespace flan
