#pragma once
/// The CPU backend with Eigen's products: a second opinion in tests, and a use for an Eigen that is tuned already.

#include "flan/cpu/backend.hpp"
#include "flan/eigen/maps.hpp"

namespace flan {

/// Models training_backend for fp32 and bf16_mixed. matmul and weight_gradient are Eigen's; all else is cpu_backend's,
/// the head inside cross_entropy_head too. bf16 is widened to float first; q8 is
/// no weight for it. Eigen's blocking depends on the number of
/// rows, so a row's bits do too: of cpu_backend's promises that one is not kept. Eigen runs on the calling thread,
/// unless the program is compiled with OpenMP.
class eigen_backend : public cpu_backend {
  /// The elements as float: where they lie, or widened into the frame.
  template <class Frame, class T>
  matrix<float const> widened(Frame& f, matrix<T const> m) {
    if constexpr (std::is_same_v<T, float>) {
      return m;
    } else {
      auto const wide = f.template make<float>(m.rows, m.columns);
      copy(wide, m);
      return in(wide);
    }
  }

 public:
  using cpu_backend::cpu_backend;

  /// Row-major is what Eigen reads: packing changes nothing.
  template <class W>
  void pack(weight<W>&) {}

  template <class Y, class X, number W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& weights, matmul_options const& o) {
    auto const w = weights.view();
    detail::expect("matmul", "the rows of y", x.rows, y.rows);
    detail::expect("matmul", "the columns of x", o.transpose ? w.rows : w.columns, x.columns);
    detail::expect("matmul", "the columns of y", o.transpose ? w.columns : w.rows, y.columns);
    frame f{static_cast<cpu_backend&>(*this)};
    auto const left = as_eigen(widened(f, x)), right = as_eigen(widened(f, w));
    // Straight into y where it is float, else through a float copy that is rounded once.
    auto const wide = [&] {
      if constexpr (std::is_same_v<Y, float>)
        return y;
      else
        return f.template make<float>(y.rows, y.columns);
    }();
    auto to = as_eigen(wide);
    if (!o.accumulate)
      to.setZero();
    else if constexpr (!std::is_same_v<Y, float>)
      copy(wide, in(y));
    auto const scale = static_cast<float>(o.scale);
    if (o.transpose)
      to.noalias() += scale * (left * right);
    else
      to.noalias() += scale * (left * right.transpose());
    if constexpr (!std::is_same_v<Y, float>) copy(y, in(wide));
  }

  template <class G, class D, class X>
  void weight_gradient(matrix<G> dw, matrix<D const> dy, matrix<X const> x, double scale) {
    static_assert(std::is_same_v<G, float>, "gradients of weights are accumulated in float");
    detail::expect("weight_gradient", "the rows of x", dy.rows, x.rows);
    detail::expect("weight_gradient", "the rows of dw", dy.columns, dw.rows);
    detail::expect("weight_gradient", "the columns of dw", x.columns, dw.columns);
    frame f{static_cast<cpu_backend&>(*this)};
    auto const left = as_eigen(widened(f, dy)), right = as_eigen(widened(f, x));
    as_eigen(dw).noalias() += static_cast<float>(scale) * (left.transpose() * right);
  }
};

}  // namespace flan
