#pragma once
/// CUDA: ops of decoding.

#include <cstdint>

#include "flan/backend/expect_ops.hpp"
#include "flan/cuda/elements.hpp"
#include "flan/cuda/error.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::detail {

/// cache[r, h, position + i] = rows[r, h, i].
template <class T>
struct append_to_cache_task {
  heads_view<T> cache;
  heads_view<T const> rows;
  extent position;
};
/// The k = values.columns ≥ 0 largest of each row, largest first, the smaller id first among equals; NaN counts as
/// −infinity. lse (may be null): log Σ exp of the row; ±infinity where the largest is. Scratch, for each row and chunk
/// of it: its `kept` largest as `lists` and, in `sums`, its largest and the sum of exponentials relative to that.
template <class F>
struct top_k_task {
  matrix<F> values;
  matrix<std::int32_t> ids;
  F* lse;
  matrix<F const> logits;
  std::uint64_t* lists;
  F* sums;
  static constexpr extent chunk = 2048;

  constexpr extent chunks() const { return (logits.columns + chunk - 1) / chunk; }
  constexpr extent kept() const { return values.columns < chunk ? values.columns : chunk; }
};

/// Defined in kernels/decode.cuh.
template <class T>
void launch_append_to_cache(cudaStream_t, append_to_cache_task<T> const&);
template <class F>
void launch_top_k(cudaStream_t, top_k_task<F> const&);

template <class Backend>
class cuda_decode {
  Backend& self() { return static_cast<Backend&>(*this); }

 public:
  template <cuda_number T>
  void append_to_cache(heads_view<T> cache, heads_view<T const> rows, extent position) {
    expect_append(cache, rows, position);
    if (rows.batch * rows.heads * rows.length * rows.width != 0)
      launch_append_to_cache<T>(self().stream(), {cache, rows, position});
  }
  template <std::same_as<float> F>
  void top_k(matrix<F> values, matrix<std::int32_t> ids, vector_view<F> lse, matrix<F const> logits) {
    expect_top_k(values, ids, lse, logits);
    if (logits.rows == 0) return;
    top_k_task<F> t{values, ids, lse.data, logits, nullptr, nullptr};
    frame f{self()};
    t.lists = f.template make_vector<std::uint64_t>(logits.rows * t.chunks() * t.kept()).data;
    t.sums = f.template make_vector<F>(logits.rows * t.chunks() * 2).data;
    launch_top_k<F>(self().stream(), t);
  }
};

}  // namespace flan::detail
