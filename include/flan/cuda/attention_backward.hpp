#pragma once
/// CUDA: attention's backward.

#include "flan/backend/expect_ops.hpp"
#include "flan/cuda/attention.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::detail {

/// With p the probabilities (from lse) and t = p·kept: dv = tᵀ·dy; ds = p·(kept·(dy·vᵀ) − dy·y); dq = ds·k; dk = dsᵀ·q;
/// dbias += Σ ds by distance, without atomics. dbias may be empty; options have no key_rows and no ancestry.
template <class X>
struct attention_backward_task {
  heads_view<X> dq, dk, dv;
  matrix<float> dbias;
  heads_view<X const> dy, y;
  float const* lse;
  heads_view<X const> q, k, v;
  attention_options<float> options;
  std::uint32_t threshold;  ///< of options.dropout
  float kept;               ///< 1 / (1 − rate)
  float* common;            ///< scratch [B·H·Lq]: dy·y of each query
  matrix<float> partial;    ///< scratch [B·H·tiles of queries, 2·D + 1] for dbias; empty without one

  /// A row of `partial` is of so many queries.
  static constexpr extent queries_per_part(extent width) { return width <= 64 ? 64 : 32; }
  static constexpr extent parts(extent queries, extent width) {
    extent const each = queries_per_part(width);
    return (queries + each - 1) / each;
  }
  /// The row of the tile that begins with query i.
  constexpr float* partial_of(extent b, extent h, extent i) const {
    extent const part = i / queries_per_part(q.width);
    return partial.data + ((b * q.heads + h) * parts(q.length, q.width) + part) * partial.stride;
  }
};

/// Defined in kernels/attention_backward.cuh.
template <class X>
void launch_attention_backward(cudaStream_t, attention_backward_task<X> const&);

template <class Backend>
class cuda_attention_backward {
  Backend& self() { return static_cast<Backend&>(*this); }

 public:
  template <cuda_number D, std::same_as<float> F, std::same_as<D> X>
  void attention_backward(heads_view<D> dq, heads_view<D> dk, heads_view<D> dv, matrix<F> dbias, heads_view<X const> dy,
                          heads_view<X const> y, vector_view<F const> lse, heads_view<X const> q, heads_view<X const> k,
                          heads_view<X const> v, attention_options<F> const& o) {
    expect_attention_backward(dq, dk, dv, dbias, dy, y, lse, q, k, v, o);
    if (q.batch * q.heads * (q.length + k.length) == 0) return;
    using task = attention_backward_task<X>;
    frame f{self()};
    auto const common = f.template make_vector<float>(lse.size);
    matrix<float> partial;
    if (!dbias.empty())
      partial = f.template make<float>(q.batch * q.heads * task::parts(q.length, q.width), dbias.columns);
    launch_attention_backward<X>(self().stream(),
                                 {dq, dk, dv, dbias, dy, y, lse.data, q, k, v, o, o.dropout.threshold(),
                                  static_cast<float>(1 / (1 - o.dropout.rate)), common.data, partial});
  }
};

}  // namespace flan::detail
