#pragma once
/// CUDA: T5's layer norm and its backward.

#include "flan/backend/expect_ops.hpp"
#include "flan/backend/weight.hpp"
#include "flan/cuda/elements.hpp"
#include "flan/cuda/error.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::detail {

/// inverse = 1/√(mean(x²) + ε) for each row; y = x·inverse·gain. `inverse` may be null.
template <class Y>
struct rms_norm_task {
  matrix<Y> y;
  float* inverse;
  matrix<float const> x;
  float const* gain;
  float epsilon;
};
/// With n = x·inverse and e = dy·gain: dx = (or +=) inverse·(e − n·mean(e·n)), dgain += Σ dy·n. dx may be dy when not
/// accumulating.
template <class D, class G, class E>
struct rms_norm_backward_task {
  matrix<D> dx;
  G* dgain;
  matrix<E const> dy;
  matrix<float const> x;
  float const *inverse, *gain;
  bool accumulate;
  matrix<float> partial;  ///< scratch: a row of sums for each run of `rows_per_part` rows of x, as wide as x
  static constexpr extent rows_per_part = 32;
};

template <class Y>
void launch_rms_norm(cudaStream_t, rms_norm_task<Y> const&);
template <class D, class G, class E>
void launch_rms_norm_backward(cudaStream_t, rms_norm_backward_task<D, G, E> const&);

template <class Backend>
class cuda_norm {
  Backend& self() { return static_cast<Backend&>(*this); }

 public:
  template <cuda_number Y, std::same_as<float> F>
  void rms_norm(matrix<Y> y, vector_view<F> inverse, matrix<F const> x, weight<F> const& gain, double epsilon) {
    expect_shape("rms_norm", "y", y, x);
    expect("rms_norm", "the gain's columns", x.columns, gain.size());
    if (!inverse.empty()) expect("rms_norm", "the size of inverse", x.rows, inverse.size);
    if (!x.empty())
      launch_rms_norm<Y>(self().stream(), {y, inverse.data, x, gain.view().data, static_cast<float>(epsilon)});
  }

  template <std::same_as<float> D, std::same_as<float> G, std::same_as<float> E, std::same_as<float> F>
  void rms_norm_backward(matrix<D> dx, matrix<G> dgain, matrix<E const> dy, matrix<F const> x,
                         vector_view<F const> inverse, weight<F> const& gain, bool accumulate) {
    expect_norm_backward(dx, dgain, dy, x, inverse, gain);
    if (x.empty()) return;
    using task = rms_norm_backward_task<D, G, E>;
    frame f{self()};
    auto const partial = f.template make<float>((x.rows + task::rows_per_part - 1) / task::rows_per_part, x.columns);
    launch_rms_norm_backward<D, G, E>(self().stream(),
                                      task{dx, dgain.data, dy, x, inverse.data, gain.view().data, accumulate, partial});
  }
};

}  // namespace flan::detail
