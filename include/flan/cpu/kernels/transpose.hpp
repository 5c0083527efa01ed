#pragma once
/// Square blocks of floats, transposed in registers: transposer<isa>, the vectors that hold a block's rows.

#include "flan/cpu/kernels/simd.hpp"

namespace flan::detail {

template <instruction_set>
struct transposer;

// Before a loop over registers: without it they would be memory.
#if defined(__clang__)
#define FLAN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FLAN_UNROLL _Pragma("GCC unroll 32")
#endif
#if defined(__x86_64__)
#define FLAN_INLINE inline __attribute__((always_inline, target("avx2,fma")))
template <>
struct transposer<instruction_set::avx2> : simd<instruction_set::avx2> {
  FLAN_INLINE static void transpose(vec (&r)[8]) {
    __m256 pair[8], quad[8];
    FLAN_UNROLL
    for (int i = 0; i < 4; ++i) {
      pair[2 * i] = _mm256_unpacklo_ps(r[2 * i].v, r[2 * i + 1].v);
      pair[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i].v, r[2 * i + 1].v);
    }
    FLAN_UNROLL
    for (int i = 0; i < 8; i += 4) {
      quad[i] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0x44);
      quad[i + 1] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0xee);
      quad[i + 2] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0x44);
      quad[i + 3] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0xee);
    }
    FLAN_UNROLL
    for (int i = 0; i < 4; ++i) {
      r[i].v = _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x20);
      r[i + 4].v = _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x31);
    }
  }
};
#undef FLAN_INLINE
/// Eight wide as well: blocks of sixteen would fill all registers, for work that waits on memory anyway.
template <>
struct transposer<instruction_set::avx512> : transposer<instruction_set::avx2> {};
template <>
struct transposer<instruction_set::avx512_dot> : transposer<instruction_set::avx2> {};
#define FLAN_INLINE inline __attribute__((always_inline, target("no-avx")))
#else
#define FLAN_INLINE inline __attribute__((always_inline))
#endif
template <>
struct transposer<instruction_set::portable> : simd<instruction_set::portable> {
  FLAN_INLINE static void transpose(vec (&r)[4]) {
    float_lanes const a = __builtin_shufflevector(r[0].v, r[1].v, 0, 4, 1, 5);
    float_lanes const b = __builtin_shufflevector(r[0].v, r[1].v, 2, 6, 3, 7);
    float_lanes const c = __builtin_shufflevector(r[2].v, r[3].v, 0, 4, 1, 5);
    float_lanes const d = __builtin_shufflevector(r[2].v, r[3].v, 2, 6, 3, 7);
    r[0].v = __builtin_shufflevector(a, c, 0, 1, 4, 5);
    r[1].v = __builtin_shufflevector(a, c, 2, 3, 6, 7);
    r[2].v = __builtin_shufflevector(b, d, 0, 1, 4, 5);
    r[3].v = __builtin_shufflevector(b, d, 2, 3, 6, 7);
  }
};
#undef FLAN_INLINE
#undef FLAN_UNROLL

}  // namespace flan::detail
