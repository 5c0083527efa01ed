#pragma once
/// CPU: T5's layer norm and its backward.

#include "flan/backend/expect_ops.hpp"
#include "flan/backend/weight.hpp"
#include "flan/cpu/elementwise.hpp"
#include "flan/cpu/kernels/norm.hpp"

namespace flan::detail {

class cpu_norm {
  instruction_set isa_;

 public:
  explicit cpu_norm(instruction_set isa) : isa_(isa) {}

  template <class Y, class X, class F>
  void rms_norm(matrix<Y> y, vector_view<F> inverse, matrix<X const> x, weight<F> const& gain, double epsilon) {
    expect_shape("rms_norm", "y", y, x);
    expect("rms_norm", "the gain's columns", x.columns, gain.size());
    if (!inverse.empty()) expect("rms_norm", "the size of inverse", x.rows, inverse.size);
    F const* const g = gain.view().data;
    for_row_chunks(x.rows, x.columns, [&](extent first, extent rows) {
      with_kernels(isa_, [&](auto set) {
        norm_kernels<set()>::forward(y.data + first * y.stride, y.stride,
                                     inverse.empty() ? nullptr : inverse.data + first, x.data + first * x.stride,
                                     x.stride, g, block{rows, x.columns}, static_cast<float>(epsilon));
      });
    });
  }

  /// dgain is summed by columns over the rows in order, so that its bits do not depend on threads.
  template <class D, class G, class E, class X, class F>
  void rms_norm_backward(matrix<D> dx, matrix<G> dgain, matrix<E const> dy, matrix<X const> x,
                         vector_view<F const> inverse, weight<F> const& gain, bool accumulate) {
    expect_norm_backward(dx, dgain, dy, x, inverse, gain);
    F const* const g = gain.view().data;
    // First, since dx may be dy.
    parallel_for(x.columns, 64, [&](extent begin, extent end) {
      with_kernels(isa_, [&](auto set) {
        norm_kernels<set()>::gain_gradient(dgain.data + begin, dy.data + begin, dy.stride, x.data + begin, x.stride,
                                           inverse.data, block{x.rows, end - begin});
      });
    });
    for_row_chunks(x.rows, x.columns, [&](extent first, extent rows) {
      with_kernels(isa_, [&](auto set) {
        norm_kernels<set()>::backward(dx.data + first * dx.stride, dx.stride, dy.data + first * dy.stride, dy.stride,
                                      x.data + first * x.stride, x.stride, inverse.data + first, g,
                                      block{rows, x.columns}, accumulate);
      });
    });
  }
};

}  // namespace flan::detail
