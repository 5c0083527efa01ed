#pragma once
/// Products of quantised weights: quantized_kernels<isa>, for avx512_dot too. How the work is divided is
/// cpu/quantized_product.hpp.

#include <limits>

#include "flan/backend/quantized.hpp"
#include "flan/cpu/kernels/dot.hpp"

namespace flan::detail {

/// What a row of activations was quantised with: x ≈ scale · (term − zero). A scale of 0: the row counts as zeros; of
/// NaN: it held a NaN or an infinity.
struct quantized_row {
  float scale;
  std::int32_t zero;
};

template <instruction_set>
struct quantized_kernels;

}  // namespace flan::detail

#define FLAN_KERNELS "flan/cpu/kernels/quantized.inc"
#define FLAN_KERNELS_OF_DOT
#include "flan/cpu/kernels/stamp.inc"
