#pragma once
/// y = x·wᵀ, without a bias term: the T5 family has none.

#include "flan/backend/options.hpp"
#include "flan/backend/weight.hpp"
#include "flan/core/members.hpp"
#include "flan/core/precision.hpp"
#include "flan/layer/resolved.hpp"

namespace flan {

template <extent In, extent Out, class P>
struct linear {
  flan::weight<typename P::weight> weight;  ///< [out, in]
  static constexpr auto members = flan::members("weight", &linear::weight);

  linear() = default;
  linear(extent inputs, extent outputs) {
    weight.columns = checked_extent(In, inputs, "input width");
    weight.rows = checked_extent(Out, outputs, "output width");
  }

  /// y[rows, Out] = (or, accumulating, +=) scale · x[rows, In]·wᵀ
  template <class B, class Y, class X>
  void forward(B& be, matrix<Y, Out> y, matrix<X, In> x, matmul_options o = {}) const {
    be.matmul(out(y), in(x), weight, o);
  }
  /// dx[rows, In] = (or +=) dy·w
  template <class B, class DX, class DY>
  void backward_input(B& be, matrix<DX, In> dx, matrix<DY, Out> dy, matmul_options o = {}) const {
    o.transpose = true;
    be.matmul(out(dx), in(dy), weight, o);
  }
  /// d.weight += scale · dyᵀ·x
  template <class B, class DY, class X, class G>
  void backward_weight(B& be, matrix<DY, Out> dy, matrix<X, In> x, G& d, double scale = 1) const {
    be.weight_gradient(d.weight.values(), in(dy), in(x), scale);
  }
};

}  // namespace flan
