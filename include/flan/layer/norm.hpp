#pragma once
/// Root-mean-square norm (Zhang & Sennrich 2019), T5's "layer norm": a gain, no mean, no bias.

#include "flan/backend/weight.hpp"
#include "flan/core/members.hpp"
#include "flan/core/precision.hpp"
#include "flan/layer/resolved.hpp"
#include "flan/tensor/frame.hpp"

namespace flan {

template <auto const& C, class P>
struct rms_norm {
  using F = typename P::wide;
  using X = typename P::activation;

  flan::weight<F> weight;  ///< the gain, [1, d_model]
  [[no_unique_address]] resolved<C> config;
  static constexpr auto members = flan::members("weight", &rms_norm::weight);

  /// What backward needs: the input itself and 1/rms per row.
  struct trace {
    matrix<F, C.d_model> x;
    vector_view<F> inverse;
  };

  rms_norm() = default;
  template <class Config>
  explicit rms_norm(Config const& c) : config(c) {
    weight.rows = 1;
    weight.columns = checked_extent(C.d_model, c.d_model, "d_model");
  }

  /// y = x / rms(x) · gain, from the wide residual stream into activations.
  template <class B>
  void forward(B& be, matrix<X, C.d_model> y, matrix<F, C.d_model> x, trace* kept = nullptr) const {
    if (kept) {
      kept->x = keep<F, C.d_model>(be, x.rows, x.columns);
      kept->inverse = keep_vector<F>(be, x.rows);
      be.copy(out(matrix<F>(kept->x)), in(x));
    }
    be.rms_norm(out(y), kept ? kept->inverse : vector_view<F>{}, in(x), weight, config.epsilon());
  }
  /// dx (+)= the gradient of x; d.weight accumulates.
  template <class B, class G>
  void backward(B& be, matrix<F, C.d_model> dx, matrix<F, C.d_model> dy, trace const& kept, G& d,
                bool accumulate) const {
    be.rms_norm_backward(out(dx), d.weight.values(), in(dy), in(kept.x), in(kept.inverse), weight, accumulate);
  }
};

}  // namespace flan
