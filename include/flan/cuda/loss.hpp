#pragma once
/// CUDA: the head's product and the loss, by chunks of rows: the logits of all are never in memory.

#include <algorithm>

#include "flan/backend/expect_ops.hpp"
#include "flan/cuda/products.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::detail {

/// Of one chunk of rows, given its logits (scaled): the losses and, where `gradient` is not empty,
/// gradient[m, v] = factor·(p_v·(1 + 2·z·log Z) − (1 − s)·[v = label] − s/V). A row whose label is `ignore` has loss 0
/// and gradient 0; one whose label is outside of the vocabulary has NaN.
template <class X>
struct cross_entropy_task {
  float* loss;
  matrix<X> gradient;  ///< [rows, V]; for float it may be the logits
  matrix<float const> logits;
  std::int32_t const* labels;
  std::int32_t ignore;
  float z, sharp, smooth;  ///< z_loss, 1 − s, s/V
  float factor;            ///< loss_options' scale · gradient_scale
};

/// Defined in kernels/loss.cuh.
template <class X>
void launch_cross_entropy(cudaStream_t, cross_entropy_task<X> const&);

template <class Backend>
class cuda_loss {
  Backend& self() { return static_cast<Backend&>(*this); }

 public:
  /// How many bytes of logits a chunk has, about.
  static constexpr extent chunk_bytes = extent{64} << 20;

  template <std::same_as<float> F, std::same_as<float> D, std::same_as<float> G, cuda_number X, cuda_weight_element W>
  void cross_entropy_head(vector_view<F> loss, matrix<D> dx, matrix<G> dw, matrix<X const> x, weight<W> const& w,
                          vector_view<std::int32_t const> labels, loss_options const& o) {
    expect_cross_entropy(loss, dx, dw, x, w, labels);
    bool const backward = !dx.empty() || !dw.empty();
    if constexpr (quantized<W>)
      if (backward) fail("cross_entropy_head expected no gradients of a quantised weight");
    auto& be = self();
    extent const fitting = chunk_bytes / std::max<extent>(1, w.rows * 4), most = std::clamp<extent>(fitting, 1, 4096);
    for (extent first = 0; first < x.rows; first += most) {
      extent const rows = std::min(most, x.rows - first);
      frame f{be};
      auto const logits = f.template make<float>(rows, w.rows);
      auto const part = x.row_range(first, rows);
      be.Backend::matmul(logits, part, w, matmul_options{.scale = o.scale});
      matrix<X> gradient;
      if (backward) {
        if constexpr (std::same_as<X, float>)
          gradient = logits;
        else
          gradient = f.template make<X>(rows, w.rows);
      }
      launch_cross_entropy<X>(be.stream(),
                              {loss.data + first, gradient, in(logits), labels.data + first, o.ignore,
                               static_cast<float>(o.z_loss), static_cast<float>(1 - o.label_smoothing),
                               static_cast<float>(o.label_smoothing / static_cast<double>(std::max<extent>(1, w.rows))),
                               static_cast<float>(o.scale * o.gradient_scale)});
      if constexpr (!quantized<W>) {
        if (!dx.empty())
          be.Backend::matmul(dx.row_range(first, rows), in(gradient), w, matmul_options{.transpose = true});
        if (!dw.empty()) be.Backend::weight_gradient(dw, in(gradient), part, 1.0);
      }
    }
  }
};

}  // namespace flan::detail
