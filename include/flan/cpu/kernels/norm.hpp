#pragma once
/// Kernels of T5's layer norm over a block of rows: norm_kernels<isa>.

#include "flan/cpu/kernels/elementwise.hpp"

namespace flan::detail {
template <instruction_set>
struct norm_kernels;
}

#define FLAN_KERNELS "flan/cpu/kernels/norm.inc"
#include "flan/cpu/kernels/stamp.inc"
