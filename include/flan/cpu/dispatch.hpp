#pragma once
/// From an instruction set chosen at run time to kernels that exist once per set.

#include <type_traits>

#include "flan/cpu/isa.hpp"

namespace flan::detail {

/// f(integral_constant<instruction_set, i>{}): f names its kernels by the constant, kernels<i()>::run(…).
/// avx512_dot comes as avx512: the few kernels that need more are chosen beside this.
template <class F>
void with_kernels(instruction_set i, F&& f) {
#if defined(__x86_64__)
  if (i >= instruction_set::avx512) return f(std::integral_constant<instruction_set, instruction_set::avx512>{});
  if (i == instruction_set::avx2) return f(std::integral_constant<instruction_set, instruction_set::avx2>{});
#endif
  f(std::integral_constant<instruction_set, instruction_set::portable>{});
}

}  // namespace flan::detail
