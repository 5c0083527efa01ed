#pragma once
/// How much a model's work is, counted by hand: operations of its products and attention, bytes of its weights.
///
/// A multiply-add is two operations. Norms, softmax, activations, embeddings, the optimizer and whatever is computed
/// again count nothing, so that a share of the peak is a share of the work that has to be done. With d = d_model,
/// a = heads·d_kv, f = d_ff, m = 3 (gated) or 2 matrices in a feed-forward, of one position:
/// - self-attention's products 8·d·a (q, k, v, o), cross-attention's 4·d·a (q, o), of each encoder position 4·d·a (k,
/// v)
/// - attention to n keys 4·n·a (scores and values); in the decoder a position sees itself and those before it
/// - feed-forward 2·m·d·f, head 2·d·vocabulary
/// A backward pass is two products for each of the forward pass's: twice its operations.

#include <string>

#include "flan/layer/parameters.hpp"
#include "flan/model/t5_config.hpp"

namespace counts {

using namespace flan;

struct extents {
  double d, inner, ff, vocabulary, layers, decoder_layers;

  explicit extents(t5_config const& c)
      : d(static_cast<double>(c.d_model)),
        inner(static_cast<double>(c.heads * c.d_kv)),
        ff((c.gated == flag::yes ? 3 : 2) * static_cast<double>(c.d_ff)),
        vocabulary(static_cast<double>(c.vocabulary)),
        layers(static_cast<double>(c.layers)),
        decoder_layers(static_cast<double>(c.decoder_layers)) {}
};

/// The encoder on `rows` inputs of `length` tokens.
inline double encoder_flops(t5_config const& c, double rows, double length) {
  extents const e(c);
  return e.layers * rows * length * (8 * e.d * e.inner + 4 * length * e.inner + 2 * e.d * e.ff);
}

/// The decoder and its head on `rows` targets of `length` tokens at once, over the encoder's states of `inputs` inputs
/// of `input` tokens, projected once.
inline double decoder_flops(t5_config const& c, double rows, double length, double inputs, double input) {
  extents const e(c);
  double const states = inputs * input * 4 * e.d * e.inner;
  double const position = 12 * e.d * e.inner + 4 * e.inner * ((length + 1) / 2) + 4 * e.inner * input + 2 * e.d * e.ff;
  return e.decoder_layers * (states + rows * length * position) + rows * length * 2 * e.d * e.vocabulary;
}

/// Forward and backward on `rows` examples.
inline double gradient_flops(t5_config const& c, double rows, double input, double target) {
  return 3 * (encoder_flops(c, rows, input) + decoder_flops(c, rows, target, rows, input));
}

/// Bytes of the weights that a decoding step reads whatever the number of its rows: all of the decoder but what
/// projects the encoder's states, and the head. (Keys and values of earlier positions come on top.)
template <class M>
double bytes_of_a_step(M const& model) {
  double bytes = 0;
  auto const add = [&](auto const& w) {
    using W = typename std::remove_cvref_t<decltype(w)>::value_type;
    bytes += static_cast<double>(w.size()) * sizeof(W);
  };
  for_each_parameter(
      [&](std::string const& name, auto const& w) {
        if (!name.ends_with("EncDecAttention.k.weight") && !name.ends_with("EncDecAttention.v.weight")) add(w);
      },
      model.decoder);
  add(model.head());
  return bytes;
}

/// Bytes of all weights.
template <class M>
double bytes_of_weights(M const& model) {
  double bytes = 0;
  for_each_parameter(
      [&](std::string const&, auto const& w) {
        using W = typename std::remove_cvref_t<decltype(w)>::value_type;
        bytes += static_cast<double>(w.size()) * sizeof(W);
      },
      model);
  return bytes;
}

/// An update of n parameters with a factored second moment reads weights and gradients and writes weights, twelve
/// bytes a parameter in f32, if caches held all else. The rule as it is passes over the gradient three times (sums by
/// row and column, the update's size, the update) and reads and writes the weights once: 20 bytes.
inline double update_bytes(double parameters) { return 12 * parameters; }
inline double update_bytes_passed_over(double parameters) { return 20 * parameters; }

}  // namespace counts
