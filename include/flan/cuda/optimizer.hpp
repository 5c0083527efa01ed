#pragma once
/// CUDA: one step of an optimizer on one parameter.

#include <cmath>

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/cuda/elements.hpp"
#include "flan/cuda/error.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::detail {

/// sum += Σ g², in double: `parts` sums of their own in `partial`, added in order.
template <class G>
struct sum_of_squares_task {
  double* sum;
  matrix<G const> g;
  double* partial;
  static constexpr extent parts = 512;
};
/// Adafactor as reference/optimizer.hpp has it; factored where v is empty. Sums run in double, in an order of the
/// extents alone. Scratch: `sums` [3, parts] holds parts of Σ v_row, Σ u² and Σ w²; where factored, `row_sums`
/// [tiles, rows] and `column_sums` [column_parts, columns] hold parts of the means of g², and `row_roots`,
/// `column_roots` become 1/√v_row and 1/√v_column.
template <class M, class G>
struct adafactor_task {
  matrix<M> w;
  matrix<G const> g;
  M *v_row, *v_column;
  matrix<M> v;
  adafactor_options options;
  double *sums, *row_sums, *column_sums;
  float *row_roots, *column_roots;
  static constexpr extent parts = 512, tile = 256, most_column_parts = 64, rows_of_part = 16;

  constexpr extent tiles() const { return (w.columns + tile - 1) / tile; }
  constexpr extent column_parts() const {
    extent const n = (w.rows + rows_of_part - 1) / rows_of_part;
    return n < most_column_parts ? n : most_column_parts;
  }
};
/// `first` and `second` are 1 − β₁^step and 1 − β₂^step.
template <class M, class G>
struct adamw_task {
  matrix<M> w;
  matrix<G const> g;
  matrix<M> m, v;
  adamw_options options;
  double first, second;
};

/// Defined in kernels/optimizer.cuh.
template <class G>
void launch_sum_of_squares(cudaStream_t, sum_of_squares_task<G> const&);
template <class M, class G>
void launch_adafactor(cudaStream_t, adafactor_task<M, G> const&);
template <class M, class G>
void launch_adamw(cudaStream_t, adamw_task<M, G> const&);

template <class Backend>
class cuda_optimizer {
  Backend& self() { return static_cast<Backend&>(*this); }

 public:
  template <std::same_as<float> G>
  void sum_of_squares(vector_view<double> sum, matrix<G const> g) {
    expect("sum_of_squares", "the size of sum", 1, sum.size);
    if (g.empty()) return;
    frame f{self()};
    auto const partial = f.template make_vector<double>(sum_of_squares_task<G>::parts);
    launch_sum_of_squares<G>(self().stream(), {sum.data, g, partial.data});
  }

  template <std::same_as<float> M, std::same_as<float> G>
  void adafactor_update(matrix<M> w, matrix<G const> g, vector_view<M> v_row, vector_view<M> v_column, matrix<M> v,
                        adafactor_options const& o) {
    char const* const op = "adafactor_update";
    expect_shape(op, "g", g, w);
    if (w.empty()) return;
    bool const factored = v.empty();
    if (factored) {
      expect(op, "the size of v_row", w.rows, v_row.size);
      expect(op, "the size of v_column", w.columns, v_column.size);
    } else {
      expect_shape(op, "v", v, w);
    }
    adafactor_task<M, G> t{w, g, v_row.data, v_column.data, v, o, nullptr, nullptr, nullptr, nullptr, nullptr};
    frame f{self()};
    t.sums = f.template make_vector<double>(3 * t.parts).data;
    if (factored) {
      t.row_sums = f.template make_vector<double>(t.tiles() * w.rows).data;
      t.column_sums = f.template make_vector<double>(t.column_parts() * w.columns).data;
      t.row_roots = f.template make_vector<float>(w.rows).data;
      t.column_roots = f.template make_vector<float>(w.columns).data;
    }
    launch_adafactor<M, G>(self().stream(), t);
  }

  template <std::same_as<float> M, std::same_as<float> G>
  void adamw_update(matrix<M> w, matrix<G const> g, matrix<M> m, matrix<M> v, adamw_options const& o) {
    expect_shape("adamw_update", "g", g, w);
    expect_shape("adamw_update", "m", m, w);
    expect_shape("adamw_update", "v", v, w);
    if (w.empty()) return;
    double const step = static_cast<double>(o.step);
    launch_adamw<M, G>(self().stream(), {w, g, m, v, o, 1 - std::pow(o.beta1, step), 1 - std::pow(o.beta2, step)});
  }
};

}  // namespace flan::detail
