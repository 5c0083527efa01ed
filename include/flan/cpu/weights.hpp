#pragma once
/// CPU: packed weights. Panels of 32 rows, the first, the second … one after the other: inside, columns are terms and
/// rows outputs as in cpu/kernels/product.hpp, in every instruction set; rows and columns past the last are zeros.

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstdlib>

#include "flan/backend/expect.hpp"
#include "flan/backend/quantized.hpp"
#include "flan/core/parallel.hpp"
#include "flan/cpu/kernels/product.hpp"

namespace flan::detail {

/// Uninitialised memory for what is read from end to end again and again: in huge pages where it fills some, which
/// made decoding a fifth faster where it was measured.
inline memory allocate_streamed(std::size_t bytes) {
  constexpr std::size_t huge = 2u << 20;
  std::size_t const alignment = bytes >= huge ? huge : memory_alignment;
  void* const p = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (p == nullptr) fail("the host has no room for a packed weight of ", bytes, " bytes");
#if defined(MADV_HUGEPAGE)
  if (bytes >= huge) madvise(p, bytes / huge * huge, MADV_HUGEPAGE);  // advice: to be refused is no error
#endif
  return {p, [](void* q) { std::free(q); }};
}

/// Where the element (row, column) of a weight lies, in either layout.
template <class W>
extent offset_in(weight<W> const& w, extent row, extent column) {
  if (w.format == layout::row_major) return row * w.columns + column;
  return row / panel_width * panel_size<W>(w.columns) + in_panel<W>(column, row % panel_width);
}

/// Throws unless this backend can read the weight's layout.
template <class W>
void expect_readable(char const* op, weight<W> const& w) {
  if (w.format == layout::packed && w.panel != panel_width)
    fail(op, " expected a weight in row-major order or in panels of ", panel_width, " rows but found panels of ",
         static_cast<int>(w.panel), ", packed by another backend");
}

/// Throws unless y = x·wᵀ, or x·w with `transpose`, has these shapes.
template <class Y, class X, class W>
void expect_product(matrix<Y> y, matrix<X const> x, weight<W> const& w, bool transpose) {
  expect_readable("matmul", w);
  expect("matmul", "the rows of y", x.rows, y.rows);
  expect("matmul", "the columns of x", transpose ? w.rows : w.columns, x.columns);
  expect("matmul", "the columns of y", transpose ? w.columns : w.rows, y.columns);
}

struct cpu_weights {
  /// Replaces the weight by its panels; copies made before keep the old memory alive.
  template <class W>
  void pack(weight<W>& w) {
    expect_readable("pack", w);
    if (w.format == layout::packed) return;
    extent const panels = (w.rows + panel_width - 1) / panel_width;
    weight<W> packed = w;
    extent const size = panel_size<W>(w.columns), columns = size / panel_width;
    packed.owner = allocate_streamed(static_cast<std::size_t>(panels * size) * sizeof(W));
    packed.data = static_cast<W*>(packed.owner.get());
    packed.format = layout::packed;
    packed.panel = static_cast<std::uint8_t>(panel_width);
    packed.read_only = false;
    // A few columns of 32 rows at a time: what is read and what is written both stay in the first-level cache.
    constexpr extent columns_at_once = 32;
    parallel_for(panels, 1, [&](extent begin, extent end) {
      for (extent p = begin; p < end; ++p)
        for (extent first = 0; first < columns; first += columns_at_once)
          for (extent j = 0; j < panel_width; ++j) {
            extent const row = p * panel_width + j, last = std::min(columns, first + columns_at_once);
            W* const to = packed.data + p * size;
            for (extent c = first; c < last; ++c)
              to[in_panel<W>(c, j)] = row < w.rows && c < w.columns ? w.data[row * w.columns + c] : W(0.0f);
          }
    });
    w = packed;
  }

  /// y = the weight's elements, bit for bit.
  template <class W>
  void unpack(matrix<W> y, weight<W> const& w) {
    expect_readable("unpack", w);
    expect("unpack", "the rows of y", w.rows, y.rows);
    expect("unpack", "the columns of y", w.columns, y.columns);
    parallel_for(w.rows, panel_width, [&](extent begin, extent end) {
      for (extent r = begin; r < end; ++r)
        for (extent c = 0; c < w.columns; ++c) y.data[r * y.stride + c] = w.data[offset_in(w, r, c)];
    });
  }

  /// Quantised weights are packed from the beginning (backend/quantized.hpp).
  template <quantized W>
  void pack(weight<W>& w) {
    expect_readable("pack", w);
  }
  template <quantized W>
  void quantize(weight<W> const& w, extent first, matrix<wide_t<W> const> rows) {
    quantize_rows(w, first, rows);
  }
  /// y = scale · integer.
  template <quantized W>
  void unpack(matrix<wide_t<W>> y, weight<W> const& w) {
    expect_readable("unpack", w);
    dequantize_rows(y, w);
  }
};

}  // namespace flan::detail
