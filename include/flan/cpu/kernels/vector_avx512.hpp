#pragma once
/// One AVX-512 register of floats, by the names that kernels use.

#if defined(__x86_64__)
#include <immintrin.h>

#include "flan/core/number.hpp"
#include "flan/core/shape.hpp"
#include "flan/cpu/kernels/target.hpp"

#define FLAN_OP FLAN_TARGET_AVX512 FLAN_INLINE inline

namespace flan::detail::avx512 {

struct vec {
  static constexpr int lanes = 16;
  __m512 v;
};

/// Lanes 0 … n−1 of the 16.
FLAN_OP __mmask16 first_lanes(extent n) { return static_cast<__mmask16>((1u << n) - 1u); }

FLAN_OP vec zero() { return {_mm512_setzero_ps()}; }
FLAN_OP vec all(float x) { return {_mm512_set1_ps(x)}; }
FLAN_OP vec load(float const* p) { return {_mm512_loadu_ps(p)}; }
FLAN_OP vec load(bf16 const* p) {
  __m512i const bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<__m256i const*>(p)));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(bits, 16))};
}
/// n lanes from memory, zeros above; no byte past the n-th is touched.
FLAN_OP vec load_part(float const* p, extent n) { return {_mm512_maskz_loadu_ps(first_lanes(n), p)}; }
FLAN_OP vec load_part(bf16 const* p, extent n) {
  __m512i const bits = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(first_lanes(n), p));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(bits, 16))};
}

/// Sixteen floats as bf16, rounded as bf16's constructor rounds.
FLAN_OP __m256i round_to_bf16(vec x) {
  __m512i const u = _mm512_castps_si512(x.v);
  __m512i const odd = _mm512_and_si512(_mm512_srli_epi32(u, 16), _mm512_set1_epi32(1));
  __m512i const rounded = _mm512_add_epi32(_mm512_add_epi32(u, _mm512_set1_epi32(0x7fff)), odd);
  __m512i const quiet = _mm512_or_si512(u, _mm512_set1_epi32(0x400000));
  __mmask16 const nan = _mm512_cmp_ps_mask(x.v, x.v, _CMP_UNORD_Q);
  return _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_mask_blend_epi32(nan, rounded, quiet), 16));
}
FLAN_OP void store(float* p, vec x) { _mm512_storeu_ps(p, x.v); }
FLAN_OP void store(bf16* p, vec x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), round_to_bf16(x)); }
FLAN_OP void store_part(float* p, vec x, extent n) { _mm512_mask_storeu_ps(p, first_lanes(n), x.v); }
FLAN_OP void store_part(bf16* p, vec x, extent n) { _mm256_mask_storeu_epi16(p, first_lanes(n), round_to_bf16(x)); }

FLAN_OP vec add(vec a, vec b) { return {_mm512_add_ps(a.v, b.v)}; }
FLAN_OP vec mul(vec a, vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
/// a·b + c, rounded once.
FLAN_OP vec fma(vec a, vec b, vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }

}  // namespace flan::detail::avx512

#undef FLAN_OP
#endif
