#pragma once
/// Kernels of decoding: decode_kernels<isa>.

#include <limits>

#include "flan/cpu/kernels/math.hpp"

namespace flan::detail {
template <instruction_set>
struct decode_kernels;
}

#define FLAN_KERNELS "flan/cpu/kernels/decode.inc"
#include "flan/cpu/kernels/stamp.inc"
