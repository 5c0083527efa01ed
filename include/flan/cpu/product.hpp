#pragma once
/// A product of two matrices on the CPU, or several of the same left one: which blocks, copied how, on which thread.
/// The arithmetic is in cpu/kernels/product.inc.

#include <algorithm>
#include <type_traits>

#include "flan/core/parallel.hpp"
#include "flan/cpu/dispatch.hpp"
#include "flan/cpu/product_functions.hpp"
#include "flan/cpu/scratch.hpp"

namespace flan::detail {

constexpr extent quotient_up(extent a, extent b) { return (a + b - 1) / b; }

/// How the right operand's element (term k, output n) lies.
enum class arrangement : signed char {
  by_output,      ///< n·stride + k: a row-major weight times its input
  by_term,        ///< k·stride + n: the same weight transposed
  panels,         ///< (n/32)·stride + in_panel(k, n%32): a packed weight
  panels_by_term  ///< (k/32)·stride + in_panel(n, k%32): a packed weight transposed
};

/// y[m][n] = or += scale · Σ_k left(m, k)·right(k, n); for several y and right operands, if asked, with the same left
/// one; or y = a(left·right₀) ⊙ (left·right₁).
///
/// The right operand comes in panels: a packed weight's own, or copies of one slab after the other, made by all
/// threads. A task takes a block of rows, copies it once, so that it stays in the second-level cache, and streams
/// panels past it. Which rows and panels share a task depends on the machine; what is added to a result in which order
/// does not: chunks of 256 terms, one accumulator each, one after the other. Both operands are widened to float on the
/// way, unless both are bf16 and the instruction set has dot products of them: however they lie, the arithmetic is the
/// same.
template <class Y, class A, class B>
struct product {
  /// Results, and the right operand that they come from.
  struct part {
    matrix<Y> y;
    B const* right = nullptr;
  };
  part const* parts = nullptr;
  extent part_count = 1;  ///< they differ in their columns alone
  /// Of a gated product, packed: the parts are the gate and what it lets through, of as many columns, and results go to
  /// the first one's y alone.
  activation const* gate = nullptr;
  extent terms = 0;
  A const* left = nullptr;
  extent left_stride = 0;
  bool left_by_term = false;  ///< left(m, k) lies at k·stride + m instead of m·stride + k
  extent right_stride = 0;
  arrangement right_as = arrangement::by_output;
  double scale = 1;
  bool accumulate = false;

  void run(instruction_set isa) const {
    if (rows() == 0 || all_panels() == 0) return;
    if constexpr (has_product_kernels<Y, A, B>) {
#if defined(__x86_64__)
      if constexpr (std::is_same_v<A, bf16> && std::is_same_v<B, bf16>)
        if (isa == instruction_set::avx512_dot) return run_with(dot_product_functions<Y>);
#endif
      product_functions<Y, A, B, float> const* kernels = nullptr;
      with_kernels(isa, [&](auto i) { kernels = &product_functions_of<i(), Y, A, B>; });
      run_with(*kernels);
    } else {
      run_plainly();
    }
  }

 private:
  /// Bytes of a block of the left operand: half of a second-level cache.
  static constexpr extent block_bytes = extent{512} << 10;
  /// Terms of a block. Longer sums come in blocks of 2,048, with the totals of all panels kept between them.
  static constexpr extent most_block_terms = 3072, split_block_terms = 2048;
  /// Bytes of a slab of panels of the right operand, to be read again from the last-level cache.
  static constexpr extent slab_bytes = extent{8} << 20;

  extent rows() const { return parts->y.rows; }
  static extent panels_of(part const& p) { return quotient_up(p.y.columns, panel_width); }
  /// Of a gated product only the gate's: the other part's go with them.
  extent all_panels() const {
    extent n = 0;
    for (extent i = 0; i < (gate != nullptr ? 1 : part_count); ++i) n += panels_of(parts[i]);
    return n;
  }
  /// The part of a panel, and which one it is there.
  struct place {
    part const* of;
    extent panel;
    extent column() const { return panel * panel_width; }
    extent columns() const { return std::min(panel_width, of->y.columns - column()); }
  };
  place place_of(extent panel) const {
    part const* p = parts;
    for (; panel >= panels_of(*p); ++p) panel -= panels_of(*p);
    return {p, panel};
  }

  template <class Kernels>
  void run_with(Kernels const& kernels) const {
    if (right_as == arrangement::panels)
      multiply_panels(kernels, kernels.multiply_packed, static_cast<B const*>(nullptr), right_stride, 0, all_panels());
    else
      multiply_slabs(kernels);
  }

  template <class Kernels>
  void multiply_slabs(Kernels const& kernels) const {
    using C = typename Kernels::copied;
    extent const panels = all_panels(), step = panel_size<C>(terms);
    extent const fitting = slab_bytes / static_cast<extent>(sizeof(C)) / std::max<extent>(step, 1);
    extent const at_once = std::min(panels, std::max<extent>(1, fitting));
    frame scratch{thread_scratch()};
    C* const slab = scratch.template make<C>(at_once, step).data;
    for (extent first = 0; first < panels; first += at_once) {
      extent const here = std::min(at_once, panels - first), chunks = quotient_up(terms, product_chunk);
      // Some 32,768 elements are worth the hand-over to another thread.
      parallel_for(here * chunks, 4, [&](extent begin, extent end) {
        for (extent i = begin; i < end; ++i) {
          extent const p = i / chunks, k = i % chunks * product_chunk;
          copy_right(kernels, slab + p * step + k * panel_width, place_of(first + p), k,
                     std::min(product_chunk, terms - k));
        }
      });
      multiply_panels(kernels, kernels.multiply_copied, static_cast<C const*>(slab), step, first, here);
    }
  }

  /// How the work on some panels is divided.
  struct division {
    extent rows, terms;  // of a block of the left operand
    extent panels;       // of a task

    division(extent all_rows, extent all_terms, extent all_panels, extent element_bytes) {
      terms = quotient_up(all_terms > most_block_terms ? split_block_terms : std::max<extent>(all_terms, 1),
                          product_chunk) *
              product_chunk;
      rows = std::clamp(block_bytes / element_bytes / terms, 2 * row_multiple, 12 * row_multiple) / row_multiple *
             row_multiple;
      // Blocks of one size, so that a thread's share of them is a share of the work.
      rows = quotient_up(quotient_up(all_rows, quotient_up(all_rows, rows)), row_multiple) * row_multiple;
      panels = all_panels;
      if (all_rows * all_panels * panel_width * all_terms <= 1 << 16) return;  // not worth a second thread
      // Enough tasks to keep threads busy to the end, of at least four panels: the block of rows is copied for each.
      extent const blocks = quotient_up(all_rows, rows), wanted = 4 * threads();
      if (blocks < wanted) panels = std::max<extent>(4, quotient_up(all_panels, quotient_up(wanted, blocks)));
      if (all_rows == 1) panels = quotient_up(panels, 4) * 4;  // whole groups of panels abreast
    }
  };

  /// Panels first_panel, first_panel + 1 … of all parts; they lie at `slab`, or where each part has them.
  template <class Kernels, class W>
  void multiply_panels(Kernels const& kernels, typename Kernels::template multiply_function<W> multiply, W const* slab,
                       extent step, extent first_panel, extent panels) const {
    division const by(rows(), terms, panels, static_cast<extent>(sizeof(typename Kernels::copied)));
    extent const across = quotient_up(panels, by.panels);
    parallel_for(across * quotient_up(rows(), by.rows), 1, [&](extent begin, extent end) {
      for (extent t = begin; t < end; ++t) {
        extent const row = t / across * by.rows, p = t % across * by.panels;
        run_task(kernels, multiply, by, row, std::min(by.rows, rows() - row),
                 slab == nullptr ? nullptr : slab + p * step, step, first_panel + p, std::min(by.panels, panels - p));
      }
    });
  }

  template <class Kernels, class W>
  void run_task(Kernels const& kernels, typename Kernels::template multiply_function<W> multiply, division const& by,
                extent row, extent rows, W const* slab, extent step, extent first_panel, extent panels) const {
    using C = typename Kernels::copied;
    frame scratch{thread_scratch()};
    extent const block_step = by.rows * block_stride, total_step = by.rows * panel_width;
    extent const group = rows == 1 ? kernels.abreast : 1;  // panels that are multiplied at the same time
    extent const sides = gate != nullptr ? 2 : 1;          // panels that make a panel of results
    bool const split = terms > by.terms;
    C* const a = scratch.template make<C>(by.terms / product_chunk, block_step).data;
    float* const totals = scratch.template make<float>((split ? panels : group) * sides, total_step).data;
    if (terms == 0) std::fill(totals, totals + group * sides * total_step, 0.0f);

    for (extent start = 0; start == 0 || start < terms; start += by.terms) {
      extent const stop = std::min(terms, start + by.terms);
      for (extent k = start; k < stop; k += product_chunk)
        copy_left(kernels, a + (k - start) / product_chunk * block_step, row, rows, k,
                  std::min(product_chunk, stop - k));
      for (extent p = 0, here = 0; p < panels; p += here) {
        place const to = place_of(first_panel + p);
        here = std::min({group, panels - p, panels_of(*to.of) - to.panel});
        float* const total = totals + (split ? p * sides * total_step : 0);
        for (extent side = 0; side < sides; ++side) {
          W const* const w = panel_at(slab, p, to, side, step);
          for (extent k = start; k < stop; k += product_chunk)
            multiply(total + side * here * total_step, total_step, a + (k - start) / product_chunk * block_step, rows,
                     w + k * panel_width, step, here, std::min(product_chunk, stop - k), k == 0,
                     side + 1 == sides && k + product_chunk >= terms ? results(row, to) : destination{});
        }
        if (stop < terms) continue;
        for (extent i = 0; i < here; ++i)
          finish(kernels, row, rows, place{to.of, to.panel + i}, total + i * total_step,
                 gate == nullptr ? nullptr : total + (here + i) * total_step);
      }
    }
  }

  /// Where panel p of a slab lies, or of a packed weight: the gate's or the other's.
  template <class W>
  W const* panel_at(W const* slab, extent p, place const& to, extent side, extent step) const {
    if constexpr (std::is_same_v<W, B>)
      if (slab == nullptr) return (to.of + side)->right + to.panel * step;
    return slab + p * step;
  }

  /// Totals become results; `other`, with a gate, are those of what it lets through.
  template <class Kernels>
  void finish(Kernels const& kernels, extent row, extent rows, place const& to, float* total, float* other) const {
    matrix<Y> const y = to.of->y;
    Y* const results = y.data + row * y.stride + to.column();
    if (gate == nullptr) {
      kernels.finish(results, y.stride, total, rows, to.columns(), static_cast<float>(scale), accumulate);
    } else if constexpr (std::is_same_v<Y, float>) {
      kernels.gate(results, y.stride, total, panel_width, other, panel_width, block{rows, to.columns()}, *gate);
    } else {
      frame scratch{thread_scratch()};
      Y* const rounded = scratch.template make<Y>(2 * rows, panel_width).data;
      Y* const rounded_other = rounded + rows * panel_width;
      kernels.finish(rounded, panel_width, total, rows, to.columns(), 1.0f, false);
      kernels.finish(rounded_other, panel_width, other, rows, to.columns(), 1.0f, false);
      kernels.gate(results, y.stride, rounded, panel_width, rounded_other, panel_width, block{rows, to.columns()},
                   *gate);
    }
  }

  destination results(extent row, place const& to) const {
    constexpr extent size = sizeof(Y);
    matrix<Y> const y = to.of->y;
    return {reinterpret_cast<char const*>(y.data + row * y.stride + to.column()), y.stride * size, to.columns() * size};
  }

  /// Rows row … row + count − 1, terms k … k + n − 1, and zeros for the rows that a tile may add.
  template <class Kernels, class C>
  void copy_left(Kernels const& kernels, C* to, extent row, extent count, extent k, extent n) const {
    if (left_by_term) {
      kernels.transpose_left(to, block_stride, left + k * left_stride + row, left_stride, n, count,
                             quotient_up(n, 8) * 8);
    } else {
      kernels.copy_left(to, block_stride, left + row * left_stride + k, left_stride, count, n, n);
    }
    extent const padded = count <= 2 ? count : quotient_up(count, 4) * 4;
    for (extent r = count; r < padded; ++r) std::fill_n(to + r * block_stride, quotient_up(n, 2) * 2, C(0.0f));
    if (n % 2 != 0)
      for (extent r = 0; r < count; ++r) to[r * block_stride + n] = C(-0.0f);
  }

  /// The panel of outputs of one place, terms k … k + n − 1, with zeros past the last output.
  template <class Kernels, class C>
  void copy_right(Kernels const& kernels, C* to, place const& from, extent k, extent n) const {
    extent const column = from.column(), count = from.columns();
    B const* const right = from.of->right;
    if (right_as == arrangement::by_output) {
      kernels.transpose_right(to, panel_width, right + column * right_stride + k, right_stride, count, n, panel_width);
    } else if (right_as == arrangement::by_term) {
      kernels.copy_right(to, panel_width, right + k * right_stride + column, right_stride, n, count, panel_width);
    } else {
      std::fill_n(to, panel_size<C>(n), C(0.0f));
      for (extent i = 0; i < n; ++i)
        for (extent j = 0; j < count; ++j) to[in_panel<C>(i, j)] = narrow<C>(widen(at_right(right, k + i, column + j)));
    }
  }

  B at_right(B const* right, extent k, extent n) const {
    switch (right_as) {
      case arrangement::by_output:
        return right[n * right_stride + k];
      case arrangement::by_term:
        return right[k * right_stride + n];
      case arrangement::panels:
        return right[n / panel_width * right_stride + in_panel<B>(k, n % panel_width)];
      case arrangement::panels_by_term:
        break;
    }
    return right[k / panel_width * right_stride + in_panel<B>(n, k % panel_width)];
  }

  /// For formats without kernels (double): the same order of sums, one by one.
  void run_plainly() const {
    for (extent i = 0; i < part_count; ++i) run_plainly(parts[i]);
  }
  void run_plainly(part const& one) const {
    using F = wide_t<Y>;
    matrix<Y> const y = one.y;
    parallel_for(y.rows * y.columns, 256, [&](extent begin, extent end) {
      for (extent i = begin; i < end; ++i) {
        extent const m = i / y.columns, n = i % y.columns;
        F total(0);
        for (extent k = 0; k < terms;) {
          F sum(0);
          for (extent const stop = std::min(terms, k + product_chunk); k < stop; ++k)
            sum += static_cast<F>(widen(left_by_term ? left[k * left_stride + m] : left[m * left_stride + k])) *
                   static_cast<F>(widen(at_right(one.right, k, n)));
          total += sum;
        }
        Y& element = y.data[m * y.stride + n];
        F const result = static_cast<F>(scale) * total;
        element = narrow<Y>(accumulate ? widen(element) + result : result);
      }
    });
  }
};

}  // namespace flan::detail
