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
/// Adafactor as reference/optimizer.hpp has it; factored where v is empty. Sums run in double, in scratch:
/// `rows` [w.rows] and `columns` [column_parts, w.columns] (both only where factored), `sums` [2·parts + 4].
template <class M, class G>
struct adafactor_task {
  matrix<M> w;
  matrix<G const> g;
  M *v_row, *v_column;
  matrix<M> v;
  adafactor_options options;
  double *rows, *columns, *sums;
  static constexpr extent column_parts = 32, parts = 512;
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
    using task = adafactor_task<M, G>;
    frame f{self()};
    auto const rows = f.template make_vector<double>(factored ? w.rows : 0);
    auto const columns = f.template make_vector<double>(factored ? task::column_parts * w.columns : 0);
    auto const sums = f.template make_vector<double>(2 * task::parts + 4);
    launch_adafactor<M, G>(self().stream(),
                           {w, g, v_row.data, v_column.data, v, o, rows.data, columns.data, sums.data});
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
