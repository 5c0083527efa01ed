#pragma once
/// Products of bytes summed in int32, four terms at a time: dot<isa>, one struct per instruction set with the same
/// members, on top of vector_math<isa>. What quantized_kernels are made of.
///
/// `symmetric`: a row's zero lies in the middle of its range, and its scale covers the largest magnitude on either
/// side; else the scale covers the range from least to largest, and zero_of(least / scale) is the term of 0. Without
/// has_zero that term is 0.
///
/// A vector of weights is four terms of `width` outputs, output by output; an operand is four terms of one row of
/// activations for each of them. Activations x ≈ scale · (term − zero) come as the instructions like them:
/// - avx512_dot: unsigned bytes, 127 levels on either side of the zero 128 (vpdpbusd)
/// - avx512 and avx2: unsigned bytes from 0 to 127, to 128 where the ends of a row are rounded away from each other,
/// and
///   a zero per row: two products that vpmaddubsw adds up in 16 bits, of 128·127 at most, do not saturate
/// - portable: signed 16-bit integers, 127 levels on either side of 0
/// No order of the sums changes a bit: they are exact.

#include "flan/core/packed.hpp"
#include "flan/cpu/kernels/math.hpp"

namespace flan::detail {

template <instruction_set>
struct dot;

#if defined(__x86_64__)

#define FLAN_INLINE \
  inline __attribute__((always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")))
template <>
struct dot<instruction_set::avx512_dot> : vector_math<instruction_set::avx512> {
  using term = std::uint8_t;
  using operand = ints;
  using weights = ints;
  using sums = ints;
  static constexpr bool has_zero = true, symmetric = true;

  FLAN_INLINE static sums no_sums() { return {_mm512_setzero_si512()}; }
  FLAN_INLINE static weights load_weights(q8 const* p) { return {_mm512_loadu_si512(p)}; }
  FLAN_INLINE static operand load_operand(term const* p) {
    std::int32_t four;
    std::memcpy(&four, p, 4);
    return {_mm512_set1_epi32(four)};
  }
  FLAN_INLINE static sums add_products(sums s, operand x, weights w) { return {_mm512_dpbusd_epi32(s.v, x.v, w.v)}; }
  FLAN_INLINE static ints totals(sums s) { return s; }
  FLAN_INLINE static vec to_floats(ints a) { return {_mm512_maskz_cvtepi32_ps(whole, a.v)}; }
  FLAN_INLINE static std::int32_t zero_of(float) { return 128; }
  /// `width` terms of values that lie between −127.5 and 127.5.
  FLAN_INLINE static void store_terms(term* p, vec x, std::int32_t zero) {
    __m512i const t = _mm512_add_epi32(_mm512_maskz_cvtps_epi32(whole, x.v), _mm512_set1_epi32(zero));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_maskz_cvtepi32_epi8(whole, t));
  }
};
#undef FLAN_INLINE

// g++ 12 computes products ahead and spills the sums for it: told that each sum is used, it does not.
#if defined(__clang__)
#define FLAN_KEEP(sum)
#else
#define FLAN_KEEP(sum) asm volatile("" : "+v"(sum))
#endif

#define FLAN_INLINE inline __attribute__((always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
template <>
struct dot<instruction_set::avx512> : vector_math<instruction_set::avx512> {
  using term = std::uint8_t;
  using operand = ints;
  using weights = ints;
  using sums = ints;
  static constexpr bool has_zero = true, symmetric = false;

  FLAN_INLINE static sums no_sums() { return {_mm512_setzero_si512()}; }
  FLAN_INLINE static weights load_weights(q8 const* p) { return {_mm512_loadu_si512(p)}; }
  FLAN_INLINE static operand load_operand(term const* p) {
    std::int32_t four;
    std::memcpy(&four, p, 4);
    return {_mm512_set1_epi32(four)};
  }
  FLAN_INLINE static sums add_products(sums s, operand x, weights w) {
    __m512i const pairs = _mm512_maddubs_epi16(x.v, w.v);
    s.v = _mm512_add_epi32(s.v, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
    FLAN_KEEP(s.v);
    return s;
  }
  FLAN_INLINE static ints totals(sums s) { return s; }
  FLAN_INLINE static vec to_floats(ints a) { return {_mm512_maskz_cvtepi32_ps(whole, a.v)}; }
  FLAN_INLINE static std::int32_t zero_of(float least) { return _mm_cvtss_si32(_mm_set_ss(-least)); }
  /// `width` terms. Zero and the least were rounded apart: what comes out below 0 is 0.
  FLAN_INLINE static void store_terms(term* p, vec x, std::int32_t zero) {
    __m512i const t = _mm512_add_epi32(_mm512_maskz_cvtps_epi32(whole, x.v), _mm512_set1_epi32(zero));
    __m512i const least = _mm512_maskz_max_epi32(whole, t, _mm512_setzero_si512());
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_maskz_cvtepi32_epi8(whole, least));
  }
};
#undef FLAN_INLINE
#undef FLAN_KEEP

#if defined(__clang__)
#define FLAN_KEEP(sum)
#else
#define FLAN_KEEP(sum) asm volatile("" : "+x"(sum))
#endif

#define FLAN_INLINE inline __attribute__((always_inline, target("avx2,fma")))
template <>
struct dot<instruction_set::avx2> : vector_math<instruction_set::avx2> {
  using term = std::uint8_t;
  using operand = ints;
  using weights = ints;
  using sums = ints;
  static constexpr bool has_zero = true, symmetric = false;

  FLAN_INLINE static sums no_sums() { return {_mm256_setzero_si256()}; }
  FLAN_INLINE static weights load_weights(q8 const* p) {
    return {_mm256_loadu_si256(reinterpret_cast<__m256i const*>(p))};
  }
  FLAN_INLINE static operand load_operand(term const* p) {
    std::int32_t four;
    std::memcpy(&four, p, 4);
    return {_mm256_set1_epi32(four)};
  }
  FLAN_INLINE static sums add_products(sums s, operand x, weights w) {
    __m256i const pairs = _mm256_maddubs_epi16(x.v, w.v);
    s.v = _mm256_add_epi32(s.v, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
    FLAN_KEEP(s.v);
    return s;
  }
  FLAN_INLINE static ints totals(sums s) { return s; }
  FLAN_INLINE static vec to_floats(ints a) { return {_mm256_cvtepi32_ps(a.v)}; }
  FLAN_INLINE static std::int32_t zero_of(float least) { return _mm_cvtss_si32(_mm_set_ss(-least)); }
  /// `width` terms. Zero and the least were rounded apart: what comes out below 0 is 0.
  FLAN_INLINE static void store_terms(term* p, vec x, std::int32_t zero) {
    __m256i const t = _mm256_add_epi32(_mm256_cvtps_epi32(x.v), _mm256_set1_epi32(zero));
    __m128i const words = _mm_packs_epi32(_mm256_castsi256_si128(t), _mm256_extracti128_si256(t, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
  }
};
#undef FLAN_INLINE
#undef FLAN_KEEP
#define FLAN_INLINE inline __attribute__((always_inline, target("no-avx")))
#else
#define FLAN_INLINE inline __attribute__((always_inline))
#endif

template <>
struct dot<instruction_set::portable> : vector_math<instruction_set::portable> {
  typedef std::int8_t byte_lanes __attribute__((vector_size(16)));
  typedef std::int16_t short_lanes __attribute__((vector_size(16)));
  typedef std::int64_t long_lanes __attribute__((vector_size(16)));

  using term = std::int16_t;
  struct operand {
    short_lanes v;  ///< the four terms twice
  };
  struct weights {
    short_lanes low, high;  ///< of two outputs each
  };
  struct sums {
    int_lanes low, high;  ///< of two outputs each: of their first two terms, of their last two
  };
  static constexpr bool has_zero = false, symmetric = true;

  FLAN_INLINE static sums no_sums() { return {int_lanes{}, int_lanes{}}; }
  FLAN_INLINE static weights load_weights(q8 const* p) {
    byte_lanes b;
    std::memcpy(&b, p, 16);
    // A byte twice, shifted right by one byte, is the byte with its sign.
    auto const low = __builtin_shufflevector(b, b, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    auto const high = __builtin_shufflevector(b, b, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
    return {(short_lanes)low >> 8, (short_lanes)high >> 8};  // NOLINT: a change of type alone
  }
  FLAN_INLINE static operand load_operand(term const* p) {
    std::int64_t four;
    std::memcpy(&four, p, 8);
    return {(short_lanes)long_lanes{four, four}};  // NOLINT
  }
  FLAN_INLINE static sums add_products(sums s, operand x, weights w) {
    return {s.low + pairs(x.v, w.low), s.high + pairs(x.v, w.high)};
  }
  FLAN_INLINE static ints totals(sums s) {
    auto const first = __builtin_shufflevector(s.low, s.high, 0, 2, 4, 6);
    auto const last = __builtin_shufflevector(s.low, s.high, 1, 3, 5, 7);
    return {(unsigned_lanes)(first + last)};  // NOLINT
  }
  FLAN_INLINE static vec to_floats(ints a) {
    return {__builtin_convertvector((int_lanes)a.v, float_lanes)};  // NOLINT
  }
  FLAN_INLINE static std::int32_t zero_of(float) { return 0; }
  FLAN_INLINE static void store_terms(term* p, vec x, std::int32_t) {
    int_lanes const t = __builtin_convertvector(round(x).v, int_lanes);
    for (int i = 0; i < 4; ++i) p[i] = static_cast<std::int16_t>(t[i]);
  }

 private:
  FLAN_INLINE static int_lanes pairs(short_lanes a, short_lanes b) {
#if __has_builtin(__builtin_ia32_pmaddwd128)
    return (int_lanes)__builtin_ia32_pmaddwd128(a, b);  // NOLINT
#else
    int_lanes const x = (int_lanes)a, y = (int_lanes)b;  // NOLINT
    return ((x << 16) >> 16) * ((y << 16) >> 16) + (x >> 16) * (y >> 16);
#endif
  }
};
#undef FLAN_INLINE

}  // namespace flan::detail
