#pragma once
/// CPU: one step of an optimizer on one parameter, and the gradient's norm. Every sum's order is a function of the
/// extents alone: chunks of rows are summed each for itself and then added up in order.

#include <algorithm>
#include <cmath>

#include "flan/cpu/elementwise.hpp"
#include "flan/cpu/kernels/optimizer.hpp"
#include "flan/cpu/scratch.hpp"

namespace flan::detail {

class cpu_optimizer {
  instruction_set isa_;

  /// Σ of f(first row, rows) over the chunks of for_row_chunks, added up in order. `backwards`: done from the last to
  /// the first, so that what a pass before left in the caches is read first.
  template <class F>
  static double sum_over_chunks(extent rows, extent columns, bool backwards, F&& f) {
    extent const each = rows_per_chunk(columns), chunks = (rows + each - 1) / each;
    frame scratch{thread_scratch()};
    auto const sums = scratch.make_vector<double>(chunks);
    parallel_for(chunks, 1, [&](extent begin, extent end) {
      for (extent t = begin; t < end; ++t) {
        extent const i = backwards ? chunks - 1 - t : t;
        sums.data[i] = f(i * each, std::min(each, rows - i * each));
      }
    });
    double total = 0;
    for (extent i = 0; i < chunks; ++i) total += sums.data[i];
    return total;
  }

  template <class T>
  double squares(matrix<T const> x) {
    return sum_over_chunks(x.rows, x.columns, false, [&](extent first, extent rows) {
      double s = 0;
      with_kernels(isa_, [&](auto set) {
        s = optimizer_kernels<set()>::sum_of_squares(x.data + first * x.stride, x.stride, block{rows, x.columns});
      });
      return s;
    });
  }

  /// Σ x² of each row.
  template <class T>
  void squares_by_row(double* sums, matrix<T const> x) {
    for_row_chunks(x.rows, x.columns, [&](extent first, extent rows) {
      with_kernels(isa_, [&](auto set) {
        optimizer_kernels<set()>::sums_by_row(sums + first, x.data + first * x.stride, x.stride,
                                              block{rows, x.columns});
      });
    });
  }

  /// The rate after scaling by the parameter's size and clipping by the update's: Σ w² and Σ y² of `count` elements.
  static float clipped_rate(extent count, double squares, double update_squares, adafactor_options const& o) {
    double const clip = std::sqrt(update_squares / static_cast<double>(count)) / o.clip_threshold;
    double rate = clip > 1 ? o.rate / clip : o.rate;
    if (o.scale_by_parameter) {
      double const size = std::sqrt(squares / static_cast<double>(count));
      rate *= size > o.epsilon_scale ? size : o.epsilon_scale;
    }
    return static_cast<float>(rate);
  }

 public:
  explicit cpu_optimizer(instruction_set isa) : isa_(isa) {}

  template <class G>
  void sum_of_squares(vector_view<double> sum, matrix<G const> g) {
    expect("sum_of_squares", "the size of sum", 1, sum.size);
    sum.data[0] += squares(g);
  }

  template <class M, class G>
  void adafactor_update(matrix<M> w, matrix<G const> g, vector_view<M> v_row, vector_view<M> v_column, matrix<M> v,
                        adafactor_options const& o) {
    char const* const op = "adafactor_update";
    expect_shape(op, "g", g, w);
    if (w.empty()) return;
    if (v.empty()) {
      expect(op, "the size of v_row", w.rows, v_row.size);
      expect(op, "the size of v_column", w.columns, v_column.size);
      return factored(w, g, v_row, v_column, o);
    }
    expect_shape(op, "v", v, w);
    float const scale = static_cast<float>(o.gradient_scale);
    double const sum = sum_over_chunks(w.rows, w.columns, false, [&](extent first, extent rows) {
      double s = 0;
      with_kernels(isa_, [&](auto set) {
        s = optimizer_kernels<set()>::second_moment(
            v.data + first * v.stride, v.stride, g.data + first * g.stride, g.stride, block{rows, w.columns},
            static_cast<float>(o.beta2), static_cast<float>(1 - o.beta2), scale, static_cast<float>(o.epsilon_squared));
      });
      return s;
    });
    float const rate = clipped_rate(w.rows * w.columns, o.scale_by_parameter ? squares(in(w)) : 0, sum, o);
    for_row_chunks(w.rows, w.columns, [&](extent first, extent rows) {
      with_kernels(isa_, [&](auto set) {
        optimizer_kernels<set()>::update(w.data + first * w.stride, w.stride, g.data + first * g.stride, g.stride,
                                         v.data + first * v.stride, v.stride, block{rows, w.columns},
                                         static_cast<float>(1 - o.weight_decay), rate, scale);
      });
    });
  }

  template <class M, class G>
  void adamw_update(matrix<M> w, matrix<G const> g, matrix<M> m, matrix<M> v, adamw_options const& o) {
    expect_shape("adamw_update", "g", g, w);
    expect_shape("adamw_update", "m", m, w);
    expect_shape("adamw_update", "v", v, w);
    double const step = static_cast<double>(o.step);
    auto const narrow_all = [](auto... x) { return adamw_constants{static_cast<float>(x)...}; };
    adamw_constants const k =
        narrow_all(o.beta1, 1 - o.beta1, o.beta2, 1 - o.beta2, o.gradient_scale, 1 - o.rate * o.weight_decay,
                   o.rate / (1 - std::pow(o.beta1, step)), 1 / std::sqrt(1 - std::pow(o.beta2, step)), o.epsilon);
    for_row_chunks(w.rows, w.columns, [&](extent first, extent rows) {
      with_kernels(isa_, [&](auto set) {
        optimizer_kernels<set()>::adamw(w.data + first * w.stride, w.stride, g.data + first * g.stride, g.stride,
                                        m.data + first * m.stride, m.stride, v.data + first * v.stride, v.stride,
                                        block{rows, w.columns}, k);
      });
    });
  }

 private:
  template <class M, class G>
  void factored(matrix<M> w, matrix<G const> g, vector_view<M> v_row, vector_view<M> v_column,
                adafactor_options const& o) {
    extent const rows = w.rows, columns = w.columns;
    frame scratch{thread_scratch()};
    // Sums of g² by row and, per chunk of rows, by column.
    extent const each = rows_per_chunk(columns) < 64 ? 64 : rows_per_chunk(columns), chunks = (rows + each - 1) / each;
    auto const row_sums = scratch.make_vector<double>(rows), column_sums = scratch.make_vector<double>(columns);
    auto const parts = scratch.make<float>(chunks, columns);
    parallel_for(rows, each, [&](extent begin, extent end) {
      with_kernels(isa_, [&](auto set) {
        optimizer_kernels<set()>::sums_by_row_and_column(
            row_sums.data + begin, parts.data + begin / each * parts.stride, g.data + begin * g.stride, g.stride,
            block{end - begin, columns});
      });
    });
    double const scale = o.gradient_scale;
    auto const decay = [&](M& average, double sum, extent count) {
      double const now = sum * scale * scale / static_cast<double>(count) + o.epsilon_squared;
      average = static_cast<M>(o.beta2 * static_cast<double>(average) + (1 - o.beta2) * now);
    };
    double rows_mean = 0;
    for (extent r = 0; r < rows; ++r) {
      decay(v_row.data[r], row_sums.data[r], columns);
      rows_mean += static_cast<double>(v_row.data[r]);
    }
    rows_mean /= static_cast<double>(rows);
    for (extent c = 0; c < columns; ++c) column_sums.data[c] = 0;
    for (extent i = 0; i < chunks; ++i)
      for (extent c = 0; c < columns; ++c) column_sums.data[c] += static_cast<double>(parts.data[i * parts.stride + c]);
    for (extent c = 0; c < columns; ++c) decay(v_column.data[c], column_sums.data[c], rows);
    // The update is g·row·column: two roots, not the root of a product (1e-30·1e-30 is no float).
    auto const row = scratch.make_vector<float>(rows), column = scratch.make_vector<float>(columns);
    // Most rows of an embedding have no gradient in a step: their factor is 0, and the next passes leave them out.
    for (extent r = 0; r < rows; ++r)
      row.data[r] = row_sums.data[r] == 0
                        ? 0
                        : static_cast<float>(scale / std::sqrt(static_cast<double>(v_row.data[r]) / rows_mean));
    for (extent c = 0; c < columns; ++c)
      column.data[c] = static_cast<float>(1 / std::sqrt(static_cast<double>(v_column.data[c])));
    double const sum = sum_over_chunks(rows, columns, true, [&](extent first, extent count) {
      double s = 0;
      with_kernels(isa_, [&](auto set) {
        s = optimizer_kernels<set()>::update_squares(g.data + first * g.stride, g.stride, row.data + first, column.data,
                                                     block{count, columns});
      });
      return s;
    });
    double w_squares = 0;
    double* kept = nullptr;  // Σ w² of each row, from one update to the next
    if (o.scale_by_parameter) {
      bool const keeps = !o.row_squares.empty();
      if (keeps) expect("adafactor_update", "the size of row_squares", rows, o.row_squares.size);
      double* const all = keeps ? o.row_squares.data : scratch.make_vector<double>(rows).data;
      if (!keeps || !o.squares_known) squares_by_row(all, in(w));
      for (extent r = 0; r < rows; ++r) w_squares += all[r];
      if (keeps) kept = all;
    }
    float const rate = clipped_rate(w.rows * w.columns, w_squares, sum, o);
    for_row_chunks(rows, columns, [&](extent first, extent count) {
      with_kernels(isa_, [&](auto set) {
        optimizer_kernels<set()>::factored_update(w.data + first * w.stride, w.stride, g.data + first * g.stride,
                                                  g.stride, row.data + first, column.data,
                                                  kept == nullptr ? nullptr : kept + first, block{count, columns},
                                                  static_cast<float>(1 - o.weight_decay), rate);
      });
    });
  }
};

}  // namespace flan::detail
