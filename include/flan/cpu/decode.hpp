#pragma once
/// CPU: ops of decoding.

#include <algorithm>

#include "flan/backend/expect_ops.hpp"
#include "flan/core/parallel.hpp"
#include "flan/cpu/dispatch.hpp"
#include "flan/cpu/likeliest.hpp"

namespace flan::detail {

class cpu_decode {
  instruction_set isa_;

 public:
  explicit cpu_decode(instruction_set isa) : isa_(isa) {}

  template <class T>
  void append_to_cache(heads_view<T> cache, heads_view<T const> rows, extent position) {
    expect_append(cache, rows, position);
    extent const per_head = std::max<extent>(1, rows.length * rows.width);
    parallel_for(rows.batch * rows.heads, std::max<extent>(1, 65536 / per_head), [&](extent begin, extent end) {
      for (extent t = begin; t < end; ++t)
        for (extent i = 0; i < rows.length; ++i)
          std::copy_n(rows.at(t / rows.heads, t % rows.heads, i), rows.width,
                      cache.at(t / rows.heads, t % rows.heads, position + i));
    });
  }

  void top_k(matrix<float> values, matrix<std::int32_t> ids, vector_view<float> lse, matrix<float const> logits) {
    expect_top_k(values, ids, lse, logits);
    extent const n = logits.columns, k = values.columns;
    parallel_for(logits.rows, 1, [&](extent begin, extent end) {
      for (extent m = begin; m < end; ++m) {
        float const* const row = logits.data + m * logits.stride;
        with_kernels(isa_, [&](auto set) {
          using kernels = decode_kernels<set()>;
          find_largest<kernels>(values.data + m * values.stride, ids.data + m * ids.stride, k, row, n);
          if (lse.empty()) return;
          frame scratch{thread_scratch()};
          extent const blocks = (n + likeliest_block - 1) / likeliest_block;
          auto const sums = scratch.make_vector<block_sum>(blocks);
          for (extent b = 0; b < blocks; ++b) {
            extent const c = b * likeliest_block;
            sums.data[b] = sum_block<kernels>(row + c, std::min(likeliest_block, n - c));
          }
          lse.data[m] = log_sum_of(sums.data, blocks);
        });
      }
    });
  }
};

}  // namespace flan::detail
