#pragma once
/// The vectors that kernels compute with: simd<isa>, one struct per instruction set with the same members. Kernels
/// derive from it and are stamped once per instruction set (stamp.inc): a template cannot vary its `target`, and a
/// function without the target cannot inline one that has it.
///
/// vec holds `width` floats; load and store convert bf16 in passing and take a count for the end of a row; load_even
/// and load_odd take every other of 2·width bf16; max and min return their second argument where one is a NaN. fma is
/// fused where the hardware can. front is lane 0; in down<N>(x), lane i < N holds what lane i + N of x does.
/// simd<avx512_dot> is avx512's, with an fma of pairs of bf16.

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

// g++ lays out a struct that holds a vector by the target in force where the struct is defined: without this,
// translation units compiled with and without -mavx2 would disagree about `vec`, and link-time optimization says so
// (tests/odr). clang has no such pragma and no such difference.
#if defined(__GNUC__) && !defined(__clang__)
#define FLAN_PRAGMA(text) _Pragma(#text)
#define FLAN_BEGIN_TARGET(set) _Pragma("GCC push_options") FLAN_PRAGMA(GCC target(set))
#define FLAN_END_TARGET _Pragma("GCC pop_options")
#else
#define FLAN_BEGIN_TARGET(set)
#define FLAN_END_TARGET
#endif

#if defined(__x86_64__)
#define FLAN_INLINE inline __attribute__((always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
FLAN_BEGIN_TARGET("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#include "flan/cpu/kernels/simd_avx512.inc"
FLAN_END_TARGET
#undef FLAN_INLINE
#define FLAN_INLINE \
  inline __attribute__((always_inline, target("avx512bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
FLAN_BEGIN_TARGET("avx512bf16,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#include "flan/cpu/kernels/simd_avx512_dot.inc"
FLAN_END_TARGET
#undef FLAN_INLINE
#define FLAN_INLINE inline __attribute__((always_inline, target("avx2,fma")))
FLAN_BEGIN_TARGET("avx2,fma")
#include "flan/cpu/kernels/simd_avx2.inc"
FLAN_END_TARGET
#undef FLAN_INLINE
#define FLAN_INLINE inline __attribute__((always_inline, target("no-avx")))
#else
#define FLAN_INLINE inline __attribute__((always_inline))
#endif
#include "flan/cpu/kernels/simd_portable.inc"
#undef FLAN_INLINE
#undef FLAN_BEGIN_TARGET
#undef FLAN_END_TARGET
#if defined(FLAN_PRAGMA)
#undef FLAN_PRAGMA
#endif

}  // namespace flan::detail
