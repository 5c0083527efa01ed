#pragma once
/// y = x·wᵀ, without a bias term: the T5 family has none.

#include <array>

#include "flan/backend/together.hpp"
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
  /// One of the products of forward_together: y[rows, Out] = x·wᵀ.
  template <class Y>
  projection<Y, typename P::weight> to(matrix<Y, Out> y) const {
    return {out(y), borrowed(weight)};
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

/// y = x·wᵀ of several layers, at once where the backend can (backend/together.hpp).
template <class B, class X, extent In, class Y, class W, class... More>
void forward_together(B& be, matrix<X, In> x, projection<Y, W> const& first, More const&... more) {
  if constexpr (multiplies_together<B, Y, X, W>) {
    be.matmul(std::array<projection<Y, W>, 1 + sizeof...(More)>{first, more...}, in(x), matmul_options{});
  } else {
    auto const one = [&](projection<Y, W> const& p) { be.matmul(p.y, in(x), p.w, matmul_options{}); };
    one(first), (one(more), ...);
  }
}

/// y = a(x·gateᵀ) ⊙ (x·upᵀ), the products of two layers, without room for either; false, and nothing done, where the
/// backend has no such op for these weights.
template <class B, extent In, extent Out, class P, class X>
bool forward_gated(B& be, matrix<X, Out> y, matrix<X, In> x, linear<In, Out, P> const& gate,
                   linear<In, Out, P> const& up, activation a) {
  using W = typename P::weight;
  if constexpr (multiplies_gated<B, X, W>) {
    if (gate.weight.format == layout::packed && up.weight.format == layout::packed) {
      be.matmul(out(y), in(x), gated_weights<W>{borrowed(gate.weight), borrowed(up.weight), a});
      return true;
    }
  }
  return false;
}

}  // namespace flan
