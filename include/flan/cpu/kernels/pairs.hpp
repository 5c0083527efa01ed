#pragma once
/// bf16 operands as the dot products of avx512_dot take them.

#include "flan/cpu/kernels/transpose.hpp"

#if defined(__x86_64__)
namespace flan::detail {

#define FLAN_TARGET target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#define FLAN_INLINE inline __attribute__((always_inline, FLAN_TARGET))
#define FLAN_ENTRY __attribute__((noinline, FLAN_TARGET))
/// Copies for product_kernels<avx512_dot>: pairs of terms side by side, with a zero after an odd number of terms. Those
/// of the left operand lie row by row, to_stride elements apart, those of the right one in a panel of 32 outputs,
/// filled up with zeros. What is not named is there for the sake of other copies' signature.
struct pair_copies : transposer<instruction_set::avx512> {
  /// Left, from rows of terms.
  FLAN_ENTRY static void copy_left(bf16* to, extent to_stride, bf16 const* from, extent from_stride, extent rows,
                                   extent terms, extent) {
    rows_of_terms const x{from, from_stride, rows, terms};
    for (extent r = 0; r < rows; ++r)
      for (extent k = 0; k < terms; k += 2 * width) store_pairs(to + r * to_stride + k, x.pairs(r, k / 2));
  }

  /// Left, from columns of terms.
  FLAN_ENTRY static void transpose_left(bf16* to, extent to_stride, bf16 const* from, extent from_stride, extent terms,
                                        extent rows, extent) {
    transpose_pairs(to, to_stride, columns_of_terms{from, from_stride, terms, rows}, (terms + 1) / 2, rows);
  }

  /// Right, from rows of terms.
  FLAN_ENTRY static void transpose_right(bf16* to, extent, bf16 const* from, extent from_stride, extent outputs,
                                         extent terms, extent) {
    transpose_pairs(to, 2 * outputs_in_panel, rows_of_terms{from, from_stride, outputs, terms}, outputs_in_panel,
                    (terms + 1) / 2);
  }

  /// Right, from columns of terms.
  FLAN_ENTRY static void copy_right(bf16* to, extent, bf16 const* from, extent from_stride, extent terms,
                                    extent outputs, extent) {
    auto const all = static_cast<__mmask32>(outputs < 32 ? (1u << outputs) - 1 : ~0u);
    // Two rows after each other are numbers 0 to 31 and 32 to 63: column i's pair is made of i and 32 + i.
    __m512i const columns = _mm512_setr_epi32(0, 0x10001, 0x20002, 0x30003, 0x40004, 0x50005, 0x60006, 0x70007, 0x80008,
                                              0x90009, 0xa000a, 0xb000b, 0xc000c, 0xd000d, 0xe000e, 0xf000f);
    __m512i const low = _mm512_add_epi32(columns, _mm512_set1_epi32(32 << 16));
    __m512i const high = _mm512_add_epi32(low, _mm512_set1_epi32((16 << 16) + 16));
    for (extent k = 0; k < terms; k += 2, to += 2 * outputs_in_panel, from += 2 * from_stride) {
      __m512i const first = _mm512_maskz_loadu_epi16(all, from);
      __m512i const second = _mm512_maskz_loadu_epi16(k + 1 < terms ? all : 0, from + from_stride);
      _mm512_storeu_si512(to, _mm512_permutex2var_epi16(first, low, second));
      _mm512_storeu_si512(to + outputs_in_panel, _mm512_permutex2var_epi16(first, high, second));
    }
  }

 private:
  static constexpr extent outputs_in_panel = 32;

  /// An operand as pairs of terms, eight at a time, with zeros past its edges: pairs(r, p) are pairs p … p + 7 of row
  /// r.
  struct rows_of_terms {
    bf16 const* data;
    extent stride, rows, terms;
    FLAN_INLINE vec pairs(extent r, extent p) const {
      extent const rest = r < rows ? terms - 2 * p : 0;
      return {_mm256_castsi256_ps(_mm256_maskz_loadu_epi16(first_of_16(rest), data + r * stride + 2 * p))};
    }
  };
  /// pairs(p, r) are pair p of rows r … r + 7.
  struct columns_of_terms {
    bf16 const* data;
    extent stride, terms, rows;
    FLAN_INLINE vec pairs(extent p, extent r) const {
      return {_mm256_castsi256_ps(_mm256_or_si256(row(2 * p, r), _mm256_slli_epi32(row(2 * p + 1, r), 16)))};
    }

   private:
    FLAN_INLINE __m256i row(extent k, extent r) const {
      auto const some = static_cast<__mmask8>(first_of_16(k < terms ? rows - r : 0));
      return _mm256_cvtepu16_epi32(_mm_maskz_loadu_epi16(some, data + k * stride + r));
    }
  };
  FLAN_INLINE static __mmask16 first_of_16(extent n) {
    return static_cast<__mmask16>(n >= 16 ? 0xffffu : n <= 0 ? 0u : (1u << n) - 1);
  }

  FLAN_INLINE static void store_pairs(bf16* p, vec x) { _mm256_storeu_ps(reinterpret_cast<float*>(p), x.v); }

  /// to[j][i] = from[i][j] in pairs, for i < count rounded up to 8 and j < columns.
  template <class From>
  FLAN_INLINE static void transpose_pairs(bf16* to, extent to_stride, From const& from, extent count, extent columns) {
    for (extent j = 0; j < columns; j += width)
      for (extent i = 0; i < count; i += width) {
        vec b[width];
        for (extent r = 0; r < width; ++r) b[r] = from.pairs(i + r, j);
        transpose(b);
        extent const n = columns - j < width ? columns - j : width;
        for (extent r = 0; r < n; ++r) store_pairs(to + (j + r) * to_stride + 2 * i, b[r]);
      }
  }
};
#undef FLAN_TARGET
#undef FLAN_INLINE
#undef FLAN_ENTRY

}  // namespace flan::detail
#endif
