#pragma once
/// What products are made of: product_kernels<isa>. How the pieces are put together is cpu/product.hpp.
///
/// A panel holds 32 outputs of one operand: floats term by term, element (k, j) at 32·k + j, and bf16 by pairs of
/// terms, at 64·(k/2) + 2·j + k%2, with zeros after an odd number of terms: so the dot products of avx512_dot take
/// them, and the others widen them without a shuffle. A tile multiplies a few rows of the other operand with it, at
/// most product_chunk terms at a time, with one accumulator per result; the caller's totals add the chunks up in order.
/// The order of a sum is thus a function of the position of its terms alone.
///
/// Operands are multiplied as floats, bf16 ones widened; product_kernels<avx512_dot> multiplies bf16 with bf16 as they
/// are, two terms to an instruction. Products of bf16 are exact in float either way. Of a pair the instruction adds the
/// second term before the first and rounds each sum to nearest (seen on a Zen 4), and it takes numbers below 2⁻¹²⁶ for
/// zeros.

#include <type_traits>

#include "flan/cpu/kernels/transpose.hpp"

namespace flan::detail {

/// Outputs in a panel, in every instruction set: a packed weight serves all of them.
inline constexpr extent panel_width = 32;
/// Neighbouring terms that lie side by side in a panel.
template <class T>
inline constexpr extent terms_together = std::is_same_v<T, bf16> ? 2 : 1;
/// Elements of a panel.
template <class T>
constexpr extent panel_size(extent terms) {
  return (terms + terms_together<T> - 1) / terms_together<T> * terms_together<T> * panel_width;
}
/// Where term k of output j lies in a panel.
template <class T>
constexpr extent in_panel(extent k, extent j) {
  constexpr extent n = terms_together<T>;
  return k / n * n * panel_width + j * n + k % n;
}
/// Terms that one accumulator takes before its sum goes to the total.
inline constexpr extent product_chunk = 256;
/// From row to row of a copied block: no multiple of 1 kB, so that rows do not fall on the same lines of the cache.
inline constexpr extent block_stride = product_chunk + 16;
/// Blocks of rows have room for a multiple of this: a tile may compute a few rows that nobody asked for.
inline constexpr extent row_multiple = 12;

/// What a tile does with what is in its totals: overwrites it, adds to it, or goes on from it with the same
/// accumulators.
enum class onto : signed char { nothing, totals, unfinished };

/// Where a panel's results will go: rows of at most two lines of the cache, some bytes apart; none where data is null.
/// They are asked for while the last terms are multiplied: a hundred rows, each on a page of its own, are beyond what
/// the hardware foresees.
struct destination {
  char const* data = nullptr;
  extent stride = 0, bytes = 0;
};

template <instruction_set>
struct product_kernels;

}  // namespace flan::detail

#define FLAN_KERNELS "flan/cpu/kernels/product.inc"
#define FLAN_KERNELS_OF_DOT
#include "flan/cpu/kernels/stamp.inc"
