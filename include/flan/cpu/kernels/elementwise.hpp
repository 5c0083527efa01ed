#pragma once
/// Elementwise kernels over a block of rows, per instruction set: elementwise_kernels<set>. Strides are in elements.

#include "flan/cpu/isa.hpp"
#include "flan/cpu/kernels/math.hpp"

namespace flan::detail {

/// rows × columns of something, as kernels take them.
struct block {
  extent rows, columns;
};

template <instruction_set>
struct elementwise_kernels;

}  // namespace flan::detail

#define FLAN_KERNELS "flan/cpu/kernels/elementwise.inc"
#include "flan/cpu/kernels/stamp.inc"
