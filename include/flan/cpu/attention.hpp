#pragma once
/// CPU: attention and its backward.

#include "flan/backend/expect_ops.hpp"
#include "flan/core/parallel.hpp"
#include "flan/cpu/attention_backward.hpp"
#include "flan/cpu/attention_forward.hpp"

namespace flan::detail {

class cpu_attention {
  instruction_set isa_;

 public:
  explicit cpu_attention(instruction_set isa) : isa_(isa) {}

  /// Batch rows that follow each other and read the same key row (beams over one encoder) share its keys.
  template <class Y, class F, class Q, class K>
  void attention(heads_view<Y> y, vector_view<F> lse, heads_view<Q const> q, heads_view<K const> k,
                 heads_view<K const> v, attention_options<F> const& o) {
    expect_attention("attention", o, q, k);
    expect_shape("attention", "v", v, k);
    expect_shape("attention", "y", y, q);
    if (!lse.empty()) expect("attention", "the size of lse", q.batch * q.heads * q.length, lse.size);
    if (q.batch * q.heads * q.length == 0) return;
    frame scratch{thread_scratch()};
    auto const groups = scratch.make_vector<extent>(q.batch + 1);  // where each begins, and the end
    extent count = 0, longest = 0;
    for (extent b = 0; b < q.batch; ++b) {
      bool const shares =
          b > 0 && o.ancestry.empty() && !o.key_rows.empty() && o.key_rows.data[b] == o.key_rows.data[b - 1];
      if (!shares) groups.data[count++] = b;
      longest = std::max(longest, b + 1 - groups.data[count - 1]);
    }
    groups.data[count] = q.batch;
    extent const each = queries_per_task(count * q.heads, threads());
    extent const runs = (longest * q.length + each - 1) / each;
    extent const work = std::min(longest * q.length, each) * k.length * q.width;
    attention_functions<Y, Q, K> const* kernels = nullptr;
    with_kernels(isa_, [&](auto i) { kernels = &attention_functions_of<i(), Y, Q, K>; });
    attention_forward<Y, F, Q, K> const pass{*kernels, y, lse, q, k, v, o};
    parallel_for(count * q.heads * runs, std::max<extent>(1, 32768 / std::max<extent>(1, work)),
                 [&](extent begin, extent end) {
                   for (extent t = begin; t < end; ++t) {
                     extent const group = t / (q.heads * runs), h = t / runs % q.heads;
                     extent const queries = (groups.data[group + 1] - groups.data[group]) * q.length;
                     extent const first = t % runs * each;
                     if (first >= queries) continue;
                     pass.run(groups.data[group], h, first, std::min(queries, first + each));
                   }
                 });
  }

  /// Each head of each batch row is one task; the gradients of the bias are kept apart by batch row and then added up
  /// in order. So no bit depends on threads.
  template <class D, class F, class X>
  void attention_backward(heads_view<D> dq, heads_view<D> dk, heads_view<D> dv, matrix<F> dbias, heads_view<X const> dy,
                          heads_view<X const> y, vector_view<F const> lse, heads_view<X const> q, heads_view<X const> k,
                          heads_view<X const> v, attention_options<F> const& o) {
    expect_attention_backward(dq, dk, dv, dbias, dy, y, lse, q, k, v, o);
    frame scratch{thread_scratch()};
    matrix<float> const parts = scratch.make<float>(dbias.empty() ? 0 : q.batch * q.heads, dbias.columns);
    with_kernels(isa_, [&](auto i) {
      attention_backward_pass<i(), D, F, X> const pass{dq, dk, dv, dy, y, lse, q, k, v, o};
      parallel_for(q.batch * q.heads, 1, [&](extent begin, extent end) {
        for (extent t = begin; t < end; ++t)
          pass.run(t / q.heads, t % q.heads, dbias.empty() ? nullptr : parts.data + t * parts.stride);
      });
    });
    for (extent t = 0; t < parts.rows; ++t) {
      F* const sums = dbias.data + t % q.heads * dbias.stride;
      for (extent c = 0; c < dbias.columns; ++c) sums[c] += static_cast<F>(parts.data[t * parts.stride + c]);
    }
  }
};

}  // namespace flan::detail
