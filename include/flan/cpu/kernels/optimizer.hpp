#pragma once
/// Optimizer kernels over a block of rows: optimizer_kernels<isa>. Long sums are double.

#include "flan/cpu/kernels/elementwise.hpp"

namespace flan::detail {

/// AdamW with its corrections folded in: rest = 1 − β, step = rate/(1 − β₁ᵗ), correction = 1/√(1 − β₂ᵗ).
struct adamw_constants {
  float beta1, rest1, beta2, rest2, scale, keep, step, correction, epsilon;
};

template <instruction_set>
struct optimizer_kernels;

}  // namespace flan::detail

#define FLAN_KERNELS "flan/cpu/kernels/optimizer.inc"
#include "flan/cpu/kernels/stamp.inc"
