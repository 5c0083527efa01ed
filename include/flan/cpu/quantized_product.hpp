#pragma once
/// y = x·wᵀ with a quantised weight on the CPU: activations are quantised row by row, sums of products of integers are
/// exact, and each result is scaled once. The arithmetic is in cpu/kernels/quantized.inc.

#include <algorithm>

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/backend/together.hpp"
#include "flan/core/parallel.hpp"
#include "flan/cpu/kernels/elementwise.hpp"
#include "flan/cpu/kernels/quantized.hpp"
#include "flan/cpu/scratch.hpp"
#include "flan/cpu/weights.hpp"

namespace flan::detail {

/// What a product needs of an instruction set, as pointers.
template <class Y, class X, class Term>
struct quantized_functions {
  using term = Term;
  void (*quantize)(Term*, extent, quantized_row*, X const*, extent, extent, extent);
  void (*multiply)(Y*, extent, Term const*, extent, quantized_row const*, extent, q8_panel const*, extent, extent,
                   float, bool);
  void (*gate)(Y*, extent, Y const*, extent, Y const*, extent, block, activation);
};

/// Products of the same rows, which are quantised once. How they are divided among threads changes no bit: each result
/// is one exact sum.
template <class Y, class X>
struct quantized_product {
  struct part {
    matrix<Y> y;
    weight<q8> const* w;
  };
  part const* parts;
  extent part_count;       ///< their weights have as many columns
  activation const* gate;  ///< of a gated product: y = a(x·w₀ᵀ) ⊙ (x·w₁ᵀ) goes to the first part's y alone
  matrix<X const> x;
  float scale = 1;
  bool accumulate = false;

  template <class Functions>
  void run(Functions const& kernels) const {
    using term = typename Functions::term;
    extent panels = 0;
    for (extent i = 0; i < (gate != nullptr ? 1 : part_count); ++i) panels += panels_of(parts[i]);
    if (x.rows == 0 || panels == 0) return;
    frame scratch{thread_scratch()};
    // Some bytes more than the columns: no multiple of 4 kB, so that rows do not fall on the same lines of the cache.
    extent const stride = (x.columns + 63) / 64 * 64 + 64;
    term* const terms = scratch.template make<term>(x.rows, stride).data;
    quantized_row* const as = scratch.template make_vector<quantized_row>(x.rows).data;
    // Some 16,384 elements are worth the hand-over to another thread.
    parallel_for(x.rows, std::max<extent>(1, 16384 / stride), [&](extent begin, extent end) {
      kernels.quantize(terms + begin * stride, stride, as + begin, x.data + begin * x.stride, x.stride, end - begin,
                       x.columns);
    });

    division const by(x.rows, stride * static_cast<extent>(sizeof(term)), panels,
                      x.rows * panels * q8_panel::rows * x.columns);
    extent const across = (panels + by.panels - 1) / by.panels, down = (x.rows + by.rows - 1) / by.rows;
    parallel_for(across * down, 1, [&](extent begin, extent end) {
      for (extent t = begin; t < end; ++t) {
        extent const row = t / across * by.rows, rows = std::min(by.rows, x.rows - row);
        extent p = t % across * by.panels;
        for (extent const stop = std::min(panels, p + by.panels); p < stop;) {
          part const* of = parts;
          extent first = p;
          for (; first >= panels_of(*of); ++of) first -= panels_of(*of);
          extent const here = std::min(stop - p, panels_of(*of) - first);
          run_panels(kernels, terms + row * stride, stride, as + row, row, rows, *of, first, here);
          p += here;
        }
      }
    });
  }

 private:
  static extent panels_of(part const& p) { return (p.y.columns + q8_panel::rows - 1) / q8_panel::rows; }

  /// Some rows by panels of one part.
  template <class Functions, class Term>
  void run_panels(Functions const& kernels, Term const* terms, extent stride, quantized_row const* as, extent row,
                  extent rows, part const& to, extent panel, extent panels) const {
    extent const groups = q8_panel::groups_of(x.columns), column = panel * q8_panel::rows;
    extent const columns = std::min(panels * q8_panel::rows, to.y.columns - column);
    Y* const y = to.y.data + row * to.y.stride + column;
    if (gate == nullptr) {
      kernels.multiply(y, to.y.stride, terms, stride, as, rows, panel_of(*to.w, column), columns, groups, scale,
                       accumulate);
      return;
    }
    // As few columns at a time as keep the kernel busy: the two products stay in the second-level cache.
    constexpr extent at_once = 4 * q8_panel::rows;
    frame scratch{thread_scratch()};
    Y* const gates = scratch.template make<Y>(2 * rows, at_once).data;
    Y* const others = gates + rows * at_once;
    for (extent c = 0; c < columns; c += at_once) {
      extent const n = std::min(at_once, columns - c);
      kernels.multiply(gates, at_once, terms, stride, as, rows, panel_of(*to.w, column + c), n, groups, 1.0f, false);
      kernels.multiply(others, at_once, terms, stride, as, rows, panel_of(*parts[1].w, column + c), n, groups, 1.0f,
                       false);
      kernels.gate(y + c, to.y.stride, gates, at_once, others, at_once, block{rows, n}, *gate);
    }
  }

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
        extent const tasks = (wanted + blocks - 1) / blocks;
        panels = std::max<extent>(2, (all_panels + tasks - 1) / tasks);
      }
    }
  };
};

/// The product on the kernels of one instruction set.
template <instruction_set I, class Y, class X>
void run_quantized(quantized_product<Y, X> const& p) {
  using kernels = quantized_kernels<I>;
  constexpr instruction_set plain = I == instruction_set::portable || I == instruction_set::avx2
                                        ? I
                                        : static_cast<instruction_set>(instruction_set::avx512);
  static constexpr quantized_functions<Y, X, typename kernels::term> functions{
      kernels::template quantize<X>, kernels::template multiply<Y>, elementwise_kernels<plain>::template gate<Y>};
  p.run(functions);
}
template <class Y, class X>
void run_quantized(instruction_set isa, quantized_product<Y, X> const& p) {
  switch (isa) {
#if defined(__x86_64__)
    case instruction_set::avx512_dot:
      return run_quantized<instruction_set::avx512_dot>(p);
    case instruction_set::avx512:
      return run_quantized<instruction_set::avx512>(p);
    case instruction_set::avx2:
      return run_quantized<instruction_set::avx2>(p);
#endif
    default:
      return run_quantized<instruction_set::portable>(p);
  }
}

/// y = or += scale · x·wᵀ. A row of x with a NaN or an infinity makes a row of NaN.
template <class Y, class X, quantized W>
void multiply(instruction_set isa, matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options const& o) {
  if (o.transpose)
    fail(
        "matmul cannot multiply with a transposed q8 weight, since only gradients ask for it: they need weights in "
        "float or bf16");
  expect_product(y, x, w, false);
  typename quantized_product<Y, X>::part const part{y, &w};
  run_quantized(isa, quantized_product<Y, X>{&part, 1, nullptr, x, static_cast<float>(o.scale), o.accumulate});
}

/// The same for several weights at once.
template <class Y, class X, quantized W, std::size_t N>
void multiply(instruction_set isa, std::array<projection<Y, W>, N> const& all, matrix<X const> x,
              matmul_options const& o) {
  typename quantized_product<Y, X>::part parts[N];
  for (std::size_t i = 0; i < N; ++i) {
    expect_product(all[i].y, x, all[i].w, false);
    parts[i] = {all[i].y, &all[i].w};
  }
  run_quantized(isa, quantized_product<Y, X>{parts, static_cast<extent>(N), nullptr, x, static_cast<float>(o.scale),
                                             o.accumulate});
}

/// y = a(x·gateᵀ) ⊙ (x·upᵀ).
template <class Y, class X, quantized W>
void multiply(instruction_set isa, matrix<Y> y, matrix<X const> x, gated_weights<W> const& w) {
  expect_product(y, x, w.gate, false);
  expect_product(y, x, w.up, false);
  typename quantized_product<Y, X>::part const parts[] = {{y, &w.gate}, {y, &w.up}};
  run_quantized(isa, quantized_product<Y, X>{parts, 2, &w.a, x});
}

}  // namespace flan::detail
