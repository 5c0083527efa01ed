#pragma once
/// What every kernel function carries.
///
/// A kernel is compiled for its own instruction set whatever the translation unit is compiled for: each function, and
/// each lambda inside it (lambdas do not inherit), has its set's target attribute. Entry points are FLAN_ENTRY, never
/// inlined: a kernel inlined into code compiled with -mfma may be contracted to other bits. Kernels of one set live in
/// an ordinary namespace of their own, so that two translation units with different flags agree on each function.

#if defined(__x86_64__)
#define FLAN_TARGET_AVX2 __attribute__((target("avx2,fma")))
#define FLAN_TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
// Without AVX there is no FMA: the product and the sum round as they are written, also in a -march=native build.
#define FLAN_TARGET_PORTABLE __attribute__((target("no-avx")))
#else
#define FLAN_TARGET_PORTABLE
#endif

/// On a function that the rest of the library calls.
#define FLAN_ENTRY __attribute__((noinline))
/// On a helper of kernels.
#define FLAN_INLINE __attribute__((always_inline))

/// Before a loop over registers: without it they would be memory.
#if defined(__clang__)
#define FLAN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FLAN_UNROLL _Pragma("GCC unroll 32")
#endif
