#pragma once
/// One product of two matrices on the CPU: which blocks, copied how, on which thread. The arithmetic is in
/// cpu/kernels/product.inc.

#include <algorithm>

#include "flan/core/parallel.hpp"
#include "flan/cpu/dispatch.hpp"
#include "flan/cpu/kernels/product.hpp"
#include "flan/cpu/scratch.hpp"

namespace flan::detail {

constexpr extent quotient_up(extent a, extent b) { return (a + b - 1) / b; }

/// The formats that the kernels read and write.
template <class... T>
inline constexpr bool has_product_kernels = ((std::is_same_v<T, float> || std::is_same_v<T, bf16>)&&...);

/// How the right operand's element (term k, output n) lies.
enum class arrangement : signed char {
  by_output,      ///< n·stride + k: a row-major weight times its input
  by_term,        ///< k·stride + n: the same weight transposed
  panels,         ///< (n/32)·stride + 32·k + n%32: a packed weight
  panels_by_term  ///< (k/32)·stride + 32·n + k%32: a packed weight transposed
};

/// y[m][n] = or += scale · Σ_k left(m, k)·right(k, n).
///
/// A task takes some rows and some panels of 32 outputs, and runs through the terms in chunks of 256: it brings the
/// chunk's part of both operands into contiguous blocks (a packed weight is one already), widened to float, and adds
/// the chunk to its totals. Which rows and panels share a task depends on the machine; what is added to a result in
/// which order does not.
template <class Y, class A, class B>
struct product {
  matrix<Y> y;
  extent terms = 0;
  A const* left = nullptr;
  extent left_stride = 0;
  bool left_by_term = false;  ///< left(m, k) lies at k·stride + m instead of m·stride + k
  B const* right = nullptr;
  extent right_stride = 0;
  arrangement right_as = arrangement::by_output;
  double scale = 1;
  bool accumulate = false;

  void run(instruction_set isa) const {
    if (y.empty()) return;
    if constexpr (has_product_kernels<Y, A, B>) {
      with_kernels(isa, [&](auto i) { run_tasks<i()>(); });
    } else {
      run_plainly();
    }
  }

 private:
  /// Rows of the left operand that are copied at a time: with 256 terms they fit the second-level cache.
  static constexpr extent rows_at_once = 144;
  static_assert(rows_at_once % row_multiple == 0);

  template <instruction_set I>
  void run_tasks() const {
    extent const panels = quotient_up(y.columns, panel_width);
    // Few rows: the weight streams from memory once, and a task is a few panels from end to end. Many rows: what a task
    // copies of the right operand pays off over at least rows_at_once rows.
    extent const workers = threads();
    extent panels_each = y.rows == 1 ? 4 : y.rows <= row_multiple ? 2 : 8;
    extent rows_each = right_as == arrangement::panels ? rows_at_once : 1024;
    bool const small = y.rows * panels * panel_width * terms <= 1 << 16;
    if (small) panels_each = panels;
    while (!small && panels_each > 1 && quotient_up(panels, panels_each) * quotient_up(y.rows, rows_each) < 2 * workers)
      panels_each /= 2;
    while (!small && rows_each > rows_at_once &&
           quotient_up(panels, panels_each) * quotient_up(y.rows, rows_each) < 3 * workers)
      rows_each = std::max(rows_at_once, rows_each / 2);
    extent const across = quotient_up(panels, panels_each);
    parallel_for(across * quotient_up(y.rows, rows_each), 1, [&](extent begin, extent end) {
      for (extent t = begin; t < end; ++t) {
        extent const row = t / across * rows_each, panel = t % across * panels_each;
        run_task<I>(row, std::min(rows_each, y.rows - row), panel, std::min(panels_each, panels - panel));
      }
    });
  }

  template <instruction_set I>
  void run_task(extent first_row, extent rows, extent first_panel, extent panels) const {
    using kernels = product_kernels<I>;
    frame scratch{thread_scratch()};
    extent const blocks = quotient_up(rows, rows_at_once);
    extent const block_rows = quotient_up(std::min(rows, rows_at_once), row_multiple) * row_multiple;
    extent const total_step = block_rows * panel_width;  // from panel to panel, of one block of rows
    float* const a = scratch.template make<float>(block_rows, block_stride).data;
    float* const total = scratch.template make<float>(blocks * panels, total_step).data;
    float* copied = nullptr;
    if (right_as != arrangement::panels)
      copied = scratch.template make<float>(panels, product_chunk * panel_width).data;
    if (terms == 0) std::fill(total, total + blocks * panels * total_step, 0.0f);

    for (extent k = 0; k < terms; k += product_chunk) {
      extent const n = std::min(product_chunk, terms - k);
      if (copied != nullptr)
        for (extent p = 0; p < panels; ++p)
          copy_right<kernels>(copied + p * product_chunk * panel_width, (first_panel + p) * panel_width, k, n);
      for (extent block = 0; block < blocks; ++block) {
        extent const row = first_row + block * rows_at_once;
        extent const count = std::min(rows_at_once, first_row + rows - row);
        copy_left<kernels>(a, row, count, k, n);
        float* const t = total + block * panels * total_step;
        if (copied != nullptr) {
          kernels::multiply(t, total_step, a, count, copied, product_chunk * panel_width, panels, n, k == 0);
        } else {
          kernels::multiply(t, total_step, a, count, right + first_panel * right_stride + k * panel_width, right_stride,
                            panels, n, k == 0);
        }
      }
    }
    for (extent block = 0; block < blocks; ++block)
      for (extent p = 0; p < panels; ++p) {
        extent const row = first_row + block * rows_at_once, column = (first_panel + p) * panel_width;
        kernels::finish(y.data + row * y.stride + column, y.stride, total + (block * panels + p) * total_step,
                        std::min(rows_at_once, first_row + rows - row), std::min(panel_width, y.columns - column),
                        static_cast<float>(scale), accumulate);
      }
  }

  /// Rows row … row + count − 1, terms k … k + n − 1, and zeros for the rows that a tile may add.
  template <class Kernels>
  void copy_left(float* to, extent row, extent count, extent k, extent n) const {
    if (left_by_term) {
      Kernels::copy_transposed(to, block_stride, left + k * left_stride + row, left_stride, n, count,
                               quotient_up(n, 8) * 8);
    } else {
      Kernels::copy(to, block_stride, left + row * left_stride + k, left_stride, count, n, n);
    }
    extent const padded = count <= 2 ? count : quotient_up(count, 4) * 4;
    for (extent r = count; r < padded; ++r) std::fill_n(to + r * block_stride, n, 0.0f);
  }

  /// The panel of outputs column … column + 31, terms k … k + n − 1, with zeros past the last output.
  template <class Kernels>
  void copy_right(float* to, extent column, extent k, extent n) const {
    extent const count = std::min(panel_width, y.columns - column);
    if (right_as == arrangement::by_output) {
      Kernels::copy_transposed(to, panel_width, right + column * right_stride + k, right_stride, count, n, panel_width);
    } else if (right_as == arrangement::by_term) {
      Kernels::copy(to, panel_width, right + k * right_stride + column, right_stride, n, count, panel_width);
    } else {
      std::fill_n(to, n * panel_width, 0.0f);
      for (extent i = 0; i < n; ++i)
        for (extent j = 0; j < count; ++j)
          to[i * panel_width + j] = static_cast<float>(widen(at_right(k + i, column + j)));
    }
  }

  B at_right(extent k, extent n) const {
    switch (right_as) {
      case arrangement::by_output:
        return right[n * right_stride + k];
      case arrangement::by_term:
        return right[k * right_stride + n];
      case arrangement::panels:
        return right[n / panel_width * right_stride + k * panel_width + n % panel_width];
      case arrangement::panels_by_term:
        break;
    }
    return right[k / panel_width * right_stride + n * panel_width + k % panel_width];
  }

  /// For formats without kernels (double): the same order of sums, one by one.
  void run_plainly() const {
    using F = wide_t<Y>;
    parallel_for(y.rows * y.columns, 256, [&](extent begin, extent end) {
      for (extent i = begin; i < end; ++i) {
        extent const m = i / y.columns, n = i % y.columns;
        F total(0);
        for (extent k = 0; k < terms;) {
          F sum(0);
          for (extent const stop = std::min(terms, k + product_chunk); k < stop; ++k)
            sum += static_cast<F>(widen(left_by_term ? left[k * left_stride + m] : left[m * left_stride + k])) *
                   static_cast<F>(widen(at_right(k, n)));
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
