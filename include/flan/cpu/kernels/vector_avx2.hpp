#pragma once
/// One AVX2 register of floats, by the names that kernels use.

#if defined(__x86_64__)
#include <immintrin.h>

#include "flan/core/number.hpp"
#include "flan/core/shape.hpp"
#include "flan/cpu/kernels/target.hpp"

#define FLAN_OP FLAN_TARGET_AVX2 FLAN_INLINE inline

namespace flan::detail::avx2 {

struct vec {
  static constexpr int lanes = 8;
  __m256 v;
};

/// All ones in lanes 0 … n−1 of the 8.
FLAN_OP __m256i first_lanes(extent n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

FLAN_OP vec zero() { return {_mm256_setzero_ps()}; }
FLAN_OP vec all(float x) { return {_mm256_set1_ps(x)}; }
FLAN_OP vec load(float const* p) { return {_mm256_loadu_ps(p)}; }
FLAN_OP vec widen_bf16(__m128i bits) {
  return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16))};
}
FLAN_OP vec load(bf16 const* p) { return widen_bf16(_mm_loadu_si128(reinterpret_cast<__m128i const*>(p))); }
/// n lanes from memory, zeros above; no byte past the n-th is touched.
FLAN_OP vec load_part(float const* p, extent n) { return {_mm256_maskload_ps(p, first_lanes(n))}; }
FLAN_OP vec load_part(bf16 const* p, extent n) {
  alignas(16) unsigned short bits[8] = {};  // AVX2 has no masked load of 16-bit lanes
  for (extent i = 0; i < n; ++i) bits[i] = p[i].bits;
  return widen_bf16(_mm_load_si128(reinterpret_cast<__m128i const*>(bits)));
}

/// Eight floats as bf16, rounded as bf16's constructor rounds.
FLAN_OP __m128i round_to_bf16(vec x) {
  __m256i const u = _mm256_castps_si256(x.v);
  __m256i const odd = _mm256_and_si256(_mm256_srli_epi32(u, 16), _mm256_set1_epi32(1));
  __m256i const rounded = _mm256_add_epi32(_mm256_add_epi32(u, _mm256_set1_epi32(0x7fff)), odd);
  __m256i const quiet = _mm256_or_si256(u, _mm256_set1_epi32(0x400000));
  __m256i const nan = _mm256_castps_si256(_mm256_cmp_ps(x.v, x.v, _CMP_UNORD_Q));
  __m256i const words = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
  return _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}
FLAN_OP void store(float* p, vec x) { _mm256_storeu_ps(p, x.v); }
FLAN_OP void store(bf16* p, vec x) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), round_to_bf16(x)); }
FLAN_OP void store_part(float* p, vec x, extent n) { _mm256_maskstore_ps(p, first_lanes(n), x.v); }
FLAN_OP void store_part(bf16* p, vec x, extent n) {
  alignas(16) unsigned short bits[8];
  _mm_store_si128(reinterpret_cast<__m128i*>(bits), round_to_bf16(x));
  for (extent i = 0; i < n; ++i) p[i].bits = bits[i];
}

FLAN_OP vec add(vec a, vec b) { return {_mm256_add_ps(a.v, b.v)}; }
FLAN_OP vec mul(vec a, vec b) { return {_mm256_mul_ps(a.v, b.v)}; }
/// a·b + c, rounded once.
FLAN_OP vec fma(vec a, vec b, vec c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }

}  // namespace flan::detail::avx2

#undef FLAN_OP
#endif
