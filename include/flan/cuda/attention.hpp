#pragma once
/// CUDA: attention.

#include "flan/backend/expect.hpp"
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

/// Throws unless the masks' extents fit q and k.
template <class X>
void expect_attention(char const* op, heads_view<X const> q, heads_view<X const> k, heads_view<X const> v,
                      attention_options<float> const& o) {
  expect(op, "the heads of k", q.heads, k.heads);
  expect(op, "the width of k", q.width, k.width);
  expect_shape(op, "v", v, k);
  if (!o.bias.empty()) expect(op, "the rows of the bias (heads)", q.heads, o.bias.rows);
  if (!o.key_lengths.empty()) expect(op, "the number of key lengths", k.batch, o.key_lengths.size);
  if (!o.query_segments.empty()) {
    expect(op, "the number of query segments", q.batch * q.length, o.query_segments.size);
    expect(op, "the number of key segments", k.batch * k.length, o.key_segments.size);
  }
  if (o.dropout.active()) {
    expect(op, "the dropout keys of queries", q.batch * q.length, o.dropout.rows.size);
    expect(op, "the dropout keys of keys", k.batch * k.length, o.key_keys.size);
  }
  if (!o.key_rows.empty()) expect(op, "the number of key rows", q.batch, o.key_rows.size);
  if (!o.ancestry.empty()) expect(op, "the rows of the ancestry", q.batch, o.ancestry.rows);
  if (o.key_rows.empty() && o.ancestry.empty()) expect(op, "the batch of k", q.batch, k.batch);
}

template <class Backend>
class cuda_attention {
  Backend& self() { return static_cast<Backend&>(*this); }

 public:
  template <cuda_number Y, std::same_as<float> F, std::same_as<Y> Q, std::same_as<Y> K>
  void attention(heads_view<Y> y, vector_view<F> lse, heads_view<Q const> q, heads_view<K const> k,
                 heads_view<K const> v, attention_options<F> const& o) {
    expect_attention<Y>("attention", q, k, v, o);
    expect_shape("attention", "y", y, q);
    if (!lse.empty()) expect("attention", "the size of lse", q.batch * q.heads * q.length, lse.size);
    if (q.batch * q.heads * q.length != 0)
      launch_attention<Y>(self().stream(), {y, lse.data, q, k, v, o, o.dropout.threshold(),
                                            static_cast<float>(1 / (1 - o.dropout.rate))});
  }
};

}  // namespace flan::detail
