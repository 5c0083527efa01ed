#pragma once
/// The run-time arguments of ops. F is `wide_t<Activation>`: float, or the oracle's double or complex.

#include <cstdint>

#include "flan/core/activation.hpp"
#include "flan/core/random.hpp"
#include "flan/tensor/view.hpp"

namespace flan {

struct matmul_options {
  bool accumulate = false;  ///< y += instead of y =
  bool transpose = false;   ///< y = x·w instead of x·wᵀ: the gradient of a product's input
  double scale = 1;         ///< multiplies the product (T5 1.0 scales its logits by d_model^-½)
};

/// Dropout per element, at the places of Hugging Face's T5. Whether an element is kept is a function of its row's key
/// (the sample and the position inside it), the site's key (seed, step, call) and its column: not of batch, padding or
/// threads.
struct dropout_options {
  double rate = 0;                          ///< 0: nothing is dropped and no key is read
  std::uint32_t site = 0;                   ///< key_of(seed, step, call), folded to 32 bits
  vector_view<std::uint32_t const> rows{};  ///< one key per row of x

  constexpr bool active() const { return rate > 0; }
  /// An element is dropped when dropout_bits(row, site, column) < threshold().
  constexpr std::uint32_t threshold() const { return static_cast<std::uint32_t>(rate * 4294967296.0); }
};

/// Masks and bias of attention. Arrays lie in backend memory; an empty one means "no such mask".
/// Query i of batch row b sees key j of row r(b, j) when all of these hold: j < key_lengths[r]; not causal, or
/// j <= i + query_offset; equal segments. A query that sees no key yields zeros and a log-sum of -infinity.
template <class F>
struct attention_options {
  matrix<F const> bias{};  ///< [heads, 2·D + 1]; the score of (i, j) gets column clamp(j − i − query_offset, ±D) + D
  extent query_offset = 0;  ///< position of the first query among the keys (decoding with a cache)
  bool causal = false;
  vector_view<std::int32_t const> key_lengths{};     ///< [batch of k]
  vector_view<std::int32_t const> query_segments{};  ///< [batch · query length], with key_segments
  vector_view<std::int32_t const> key_segments{};    ///< [batch · key length]
  vector_view<std::int32_t const> key_rows{};  ///< [batch]: row of k and v that batch row b attends to (default: b)
  matrix<std::int32_t const> ancestry{};       ///< [batch, ≥ key length]: row of k and v per key (beams)
  /// Of the probabilities: `rows` holds the queries' keys, [batch · query length]; the column is key_keys' entry, and
  /// head h uses the site `mix32(site + h)`.
  dropout_options dropout{};
  vector_view<std::uint32_t const> key_keys{};  ///< [batch · key length]: row keys of the keys, when dropout is active

  constexpr extent max_distance() const { return (bias.columns - 1) / 2; }
};

/// T5's buckets of relative positions (paper_facts: "rel = key − query"; `bidirectional` in the encoder).
struct bias_options {
  bool bidirectional = true;
  extent buckets = 32;
  extent max_distance = 128;
};

/// Loss of one row: (1 − s)·(−log p[label]) + s/V·Σ(−log p) + z·(log Z)²; 0 where the label is `ignore`.
struct loss_options {
  double scale = 1;            ///< logits = scale · x·wᵀ
  double z_loss = 0;           ///< z
  double label_smoothing = 0;  ///< s, as torch defines it
  double gradient_scale = 1;   ///< multiplies dx and dw: 1 / (target tokens of the optimizer step)
  std::int32_t ignore = -100;
};

/// Adafactor by T5X's rule (Shazeer & Stern 2018; no momentum).
struct adafactor_options {
  double rate = 1e-3;
  double beta2 = 0;  ///< 1 − (step + 1)^−decay, step counted from 0
  double epsilon_squared = 1e-30;
  double epsilon_scale = 1e-3;
  double clip_threshold = 1;
  bool scale_by_parameter = true;
  double weight_decay = 0;    ///< w ← (1 − weight_decay)·w − …
  double gradient_scale = 1;  ///< multiplies the gradient first (global-norm clipping)
  /// [rows] or empty, in backend memory: where a backend may leave Σ w² of each updated row, and find it at the next
  /// call on the same w. It changes no bit.
  vector_view<double> row_squares{};
  bool squares_known = false;  ///< row_squares is what the last call on this w left, and w is as it was left
};

/// AdamW (Loshchilov & Hutter 2019), as torch's.
struct adamw_options {
  double rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;  ///< w ← (1 − rate·weight_decay)·w − …
  extent step = 1;          ///< 1 in the first update
  double gradient_scale = 1;
};

}  // namespace flan
