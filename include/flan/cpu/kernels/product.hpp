#pragma once
/// What products are made of: product_kernels<isa>. How the pieces are put together is cpu/product.hpp.
///
/// A panel holds 32 outputs of one operand, term by term: element (k, j) lies at 32·k + j. A tile multiplies a few rows
/// of the other operand with it, at most product_chunk terms at a time, with one accumulator per result; the caller's
/// totals add the chunks up in order. The order of a sum is thus a function of the position of its terms alone.

// Before a loop over registers: without it they would be memory.
#if defined(__clang__)
#define FLAN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FLAN_UNROLL _Pragma("GCC unroll 32")
#endif

#include "flan/cpu/kernels/transpose.hpp"

namespace flan::detail {

/// Outputs in a panel, in every instruction set: a packed weight serves all of them.
inline constexpr extent panel_width = 32;
/// Terms that one accumulator takes before its sum goes to the total.
inline constexpr extent product_chunk = 256;
/// From row to row of a copied block: no multiple of 1 kB, so that rows do not fall on the same lines of the cache.
inline constexpr extent block_stride = product_chunk + 16;
/// Blocks of rows have room for a multiple of this: a tile may compute a few rows that nobody asked for.
inline constexpr extent row_multiple = 12;

/// What a tile does with what is in its totals: overwrites it, adds to it, or goes on from it with the same
/// accumulators.
enum class onto : signed char { nothing, totals, unfinished };

template <instruction_set>
struct product_kernels;

}  // namespace flan::detail

#define FLAN_KERNELS "flan/cpu/kernels/product.inc"
#include "flan/cpu/kernels/stamp.inc"
#undef FLAN_UNROLL
