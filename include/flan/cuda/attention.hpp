#pragma once
/// CUDA: attention.

#include "flan/backend/expect_ops.hpp"
#include "flan/backend/options.hpp"
#include "flan/cuda/elements.hpp"
#include "flan/cuda/error.hpp"

namespace flan::detail {

/// softmax(q·kᵀ + bias)·v under the masks of `options`, which are what attention_options says. lse may be null. Of k
/// there may be no key at all; y is not empty.
template <class X>
struct attention_task {
  heads_view<X> y;
  float* lse;
  heads_view<X const> q, k, v;
  attention_options<float> options;
  std::uint32_t threshold;  ///< of options.dropout
  float kept;               ///< 1 / (1 − rate)
};

/// Defined in kernels/attention_forward.cuh.
template <class X>
void launch_attention(cudaStream_t, attention_task<X> const&);

template <class Backend>
class cuda_attention {
  Backend& self() { return static_cast<Backend&>(*this); }

 public:
  template <cuda_number Y, std::same_as<float> F, std::same_as<Y> Q, std::same_as<Y> K>
  void attention(heads_view<Y> y, vector_view<F> lse, heads_view<Q const> q, heads_view<K const> k,
                 heads_view<K const> v, attention_options<F> const& o) {
    expect_attention("attention", o, q, k);
    expect_shape("attention", "v", v, k);
    expect_shape("attention", "y", y, q);
    if (!lse.empty()) expect("attention", "the size of lse", q.batch * q.heads * q.length, lse.size);
    if (q.batch * q.heads * q.length != 0)
      launch_attention<Y>(self().stream(), {y, lse.data, q, k, v, o, o.dropout.threshold(),
                                            static_cast<float>(1 / (1 - o.dropout.rate))});
  }
};

}  // namespace flan::detail
