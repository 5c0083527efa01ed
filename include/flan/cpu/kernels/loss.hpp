#pragma once
/// Softmax statistics of a row of logits and the gradient that replaces them: loss_kernels<isa>.

#include <cmath>
#include <limits>

#include "flan/cpu/kernels/math.hpp"

namespace flan::detail {

/// Of one row: log Σ exp, and Σ (log Σ exp − logit), what label smoothing adds up.
struct logits_summary {
  float log_sum, distance;
};

/// What the options make of it: 1 − s, s / V and z (loss_options).
struct loss_terms {
  float sharp, smooth, z;
};

template <instruction_set>
struct loss_kernels;

}  // namespace flan::detail

#define FLAN_KERNELS "flan/cpu/kernels/loss.inc"
#include "flan/cpu/kernels/stamp.inc"
