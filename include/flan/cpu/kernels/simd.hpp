#pragma once
/// The vectors that kernels compute with: simd<isa>, one struct per instruction set with the same members. Kernels
/// derive from it and are stamped once per instruction set (stamp.inc): a template cannot vary its `target`, and a
/// function without the target cannot inline one that has it.
///
/// vec holds `width` floats; load and store convert bf16 in passing and take a count for the end of a row; max and min
/// return their second argument where one is a NaN. fma is fused where the hardware can.

#include <cstdint>
#include <cstring>

#include "flan/core/number.hpp"
#include "flan/core/shape.hpp"
#include "flan/cpu/isa.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace flan::detail {

template <instruction_set>
struct simd;

#if defined(__x86_64__)
#define FLAN_INLINE inline __attribute__((always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#include "flan/cpu/kernels/simd_avx512.inc"
#undef FLAN_INLINE
#define FLAN_INLINE inline __attribute__((always_inline, target("avx2,fma")))
#include "flan/cpu/kernels/simd_avx2.inc"
#undef FLAN_INLINE
#define FLAN_INLINE inline __attribute__((always_inline, target("no-avx")))
#else
#define FLAN_INLINE inline __attribute__((always_inline))
#endif
#include "flan/cpu/kernels/simd_portable.inc"
#undef FLAN_INLINE

}  // namespace flan::detail
