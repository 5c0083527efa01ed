#pragma once
/// y = x·wᵀ with a quantised weight on the CPU: activations are quantised row by row, sums of products of integers are
/// exact, and each result is scaled once. The arithmetic is in cpu/kernels/quantized.inc.

#include <algorithm>

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/core/parallel.hpp"
#include "flan/cpu/kernels/quantized.hpp"
#include "flan/cpu/scratch.hpp"
#include "flan/cpu/weights.hpp"

namespace flan::detail {

/// What a product needs of an instruction set, as pointers.
template <class Y, class X, class Term>
struct quantized_functions {
  void (*quantize)(Term*, extent, quantized_row*, X const*, extent, extent, extent);
  void (*multiply)(Y*, extent, Term const*, extent, quantized_row const*, extent, q8_panel const*, extent, extent,
                   float, bool);
};

/// One product. Its division among threads changes no bit: each result is one exact sum.
template <class Y, class X, class Term>
struct quantized_product {
  matrix<Y> y;
  matrix<X const> x;
  weight<q8> const& w;
  float scale;
  bool accumulate;

  void run(quantized_functions<Y, X, Term> const& kernels) const {
    if (y.empty()) return;
    frame scratch{thread_scratch()};
    // Some bytes more than the columns: no multiple of 4 kB, so that rows do not fall on the same lines of the cache.
    extent const stride = (x.columns + 63) / 64 * 64 + 64;
    Term* const terms = scratch.template make<Term>(x.rows, stride).data;
    quantized_row* const as = scratch.template make_vector<quantized_row>(x.rows).data;
    // Some 16,384 elements are worth the hand-over to another thread.
    parallel_for(x.rows, std::max<extent>(1, 16384 / stride), [&](extent begin, extent end) {
      kernels.quantize(terms + begin * stride, stride, as + begin, x.data + begin * x.stride, x.stride, end - begin,
                       x.columns);
    });

    extent const panels = (y.columns + q8_panel::rows - 1) / q8_panel::rows;
    division const by(y.rows, stride * static_cast<extent>(sizeof(Term)), panels, y.rows * y.columns * x.columns);
    extent const across = (panels + by.panels - 1) / by.panels, down = (y.rows + by.rows - 1) / by.rows;
    parallel_for(across * down, 1, [&](extent begin, extent end) {
      for (extent t = begin; t < end; ++t) {
        extent const row = t / across * by.rows, column = t % across * by.panels * q8_panel::rows;
        kernels.multiply(y.data + row * y.stride + column, y.stride, terms + row * stride, stride, as + row,
                         std::min(by.rows, y.rows - row), panel_of(w, column),
                         std::min(by.panels * q8_panel::rows, y.columns - column), q8_panel::groups_of(x.columns),
                         scale, accumulate);
      }
    });
  }

 private:
  /// Rows of x and panels of w that make a task.
  struct division {
    extent rows, panels;

    division(extent all_rows, extent row_bytes, extent all_panels, extent work) {
      // A block of rows stays in the second-level cache while panels go by: 256 kB.
      rows = std::clamp<extent>((extent{1} << 18) / row_bytes, 16, 128) / 8 * 8;
      panels = all_panels;
      if (work <= 1 << 16) {  // not worth a second thread
        rows = all_rows;
        return;
      }
      // Enough tasks to keep threads busy to the end.
      extent const blocks = (all_rows + rows - 1) / rows, wanted = 4 * threads();
      if (blocks < wanted) {
        extent const parts = (wanted + blocks - 1) / blocks;
        panels = std::max<extent>(2, (all_panels + parts - 1) / parts);
      }
    }
  };
};

/// The product on the kernels of one instruction set.
template <instruction_set I, class Y, class X>
void multiply_quantized(matrix<Y> y, matrix<X const> x, weight<q8> const& w, float scale, bool accumulate) {
  using kernels = quantized_kernels<I>;
  static constexpr quantized_functions<Y, X, typename kernels::term> functions{kernels::template quantize<X>,
                                                                               kernels::template multiply<Y>};
  quantized_product<Y, X, typename kernels::term>{y, x, w, scale, accumulate}.run(functions);
}

/// y = or += scale · x·wᵀ. A row of x with a NaN or an infinity makes a row of NaN.
template <class Y, class X, quantized W>
void multiply(instruction_set isa, matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options const& o) {
  expect_readable("matmul", w);
  if (o.transpose)
    fail(
        "matmul cannot multiply with a transposed q8 weight, since only gradients ask for it: they need weights in "
        "float or bf16");
  expect("matmul", "the rows of y", x.rows, y.rows);
  expect("matmul", "the columns of x", w.columns, x.columns);
  expect("matmul", "the columns of y", w.rows, y.columns);
  auto const scale = static_cast<float>(o.scale);
  switch (isa) {
#if defined(__x86_64__)
    case instruction_set::avx512_dot:
      return multiply_quantized<instruction_set::avx512_dot>(y, x, w, scale, o.accumulate);
    case instruction_set::avx512:
      return multiply_quantized<instruction_set::avx512>(y, x, w, scale, o.accumulate);
    case instruction_set::avx2:
      return multiply_quantized<instruction_set::avx2>(y, x, w, scale, o.accumulate);
#endif
    default:
      return multiply_quantized<instruction_set::portable>(y, x, w, scale, o.accumulate);
  }
}

}  // namespace flan::detail
