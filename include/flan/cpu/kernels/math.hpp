#pragma once
/// exp, the normal distribution, activations and dropout's bits, on vectors: vector_math<isa>. No libm call: the
/// errors are ours, the same on every machine, and bounded by tests/cpu/elementwise.cpp. NaN in, NaN out.

#include "flan/core/activation.hpp"
#include "flan/core/random.hpp"
#include "flan/cpu/kernels/simd.hpp"

namespace flan::detail {
template <instruction_set>
struct vector_math;
}

#define FLAN_KERNELS "flan/cpu/kernels/math.inc"
#include "flan/cpu/kernels/stamp.inc"
