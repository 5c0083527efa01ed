#pragma once
/// What layers know about the tokens behind the rows of their matrices, and about one call.

#include <type_traits>

#include "flan/backend/options.hpp"
#include "flan/tensor/frame.hpp"

namespace flan {

/// batch × length token positions, row b·length + i. Arrays lie in backend memory; an empty one means "no such mask".
struct token_rows {
  extent batch = 0, length = 0;
  vector_view<std::int32_t const> lengths{};   ///< [batch]: real tokens of each row, the rest is padding
  vector_view<std::int32_t const> segments{};  ///< [batch·length]: packed examples see their own segment only
  vector_view<std::uint32_t const> keys{};     ///< [batch·length]: dropout keys (sample and position inside it)

  constexpr extent count() const { return batch * length; }
};

/// Dropout of one training step. Each call of a layer passes its own site number.
struct dropout_plan {
  double rate = 0;
  std::uint64_t key = 0;  ///< key_of(seed, step)

  constexpr bool active() const { return rate > 0; }
  constexpr dropout_options at(std::uint64_t site, token_rows const& rows) const {
    return {rate, static_cast<std::uint32_t>(key_of(key, site) >> 32), rows.keys};
  }
};

/// The gradient of a branch's output, given the residual stream's: dropped as the output was (`after`), in the
/// activations' format X, so that products take both their factors in it. dy itself where nothing changes.
template <class X, class B, class F, extent N>
matrix<X, N> branch_gradient(B& be, frame<B>& f, matrix<F, N> dy, dropout_options const& after) {
  if constexpr (std::is_same_v<X, F>) {
    if (!after.active()) return dy;
  }
  auto const y = f.template make<X, N>(dy.rows, dy.columns);
  if constexpr (std::is_same_v<X, F>) {
    be.dropout(out(y), in(dy), after, false);
  } else {
    be.copy(out(y), in(dy));
    if (after.active()) be.dropout(out(y), in(y), after, false);
  }
  return y;
}

}  // namespace flan
