#pragma once
/// CPU: ops of decoding.

#include <algorithm>
#include <cmath>
#include <limits>

#include "flan/backend/expect_ops.hpp"
#include "flan/core/parallel.hpp"
#include "flan/cpu/dispatch.hpp"
#include "flan/cpu/kernels/decode.hpp"
#include "flan/cpu/scratch.hpp"

namespace flan::detail {

class cpu_decode {
  instruction_set isa_;

  static constexpr float lowest = -std::numeric_limits<float>::infinity();
  static float or_lowest(float x) { return x != x ? lowest : x; }

  /// k passes over the row would be too many: one pass, past whatever is below the smallest kept so far.
  template <class Kernels>
  static void keep_largest(float* values, std::int32_t* ids, extent k, float const* row, extent n) {
    extent kept = 0, c = 0;
    while (c < n) {
      if (kept == k) c = Kernels::next_above(row, c, n, values[k - 1]);
      extent const end = n - c < Kernels::width ? n : c + Kernels::width;
      for (; c < end; ++c) {
        float const x = or_lowest(row[c]);
        if (kept == k && !(x > values[k - 1])) continue;
        extent i = kept < k ? kept++ : k - 1;
        for (; i > 0 && x > values[i - 1]; --i) values[i] = values[i - 1], ids[i] = ids[i - 1];
        values[i] = x, ids[i] = static_cast<std::int32_t>(c);
      }
    }
  }

  static void sort_largest(float* values, std::int32_t* ids, extent k, float const* row, extent n) {
    frame scratch{thread_scratch()};
    auto const order = scratch.make_vector<std::int32_t>(n);
    for (extent i = 0; i < n; ++i) order.data[i] = static_cast<std::int32_t>(i);
    std::partial_sort(order.data, order.data + k, order.data + n, [row](std::int32_t a, std::int32_t b) {
      float const x = or_lowest(row[a]), y = or_lowest(row[b]);
      return x > y || (x == y && a < b);
    });
    for (extent i = 0; i < k; ++i) ids[i] = order.data[i], values[i] = or_lowest(row[order.data[i]]);
  }

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
        float* const v = values.data + m * values.stride;
        std::int32_t* const id = ids.data + m * ids.stride;
        with_kernels(isa_, [&](auto set) {
          using kernels = decode_kernels<set()>;
          if (k > 128) {
            sort_largest(v, id, k, row, n);
          } else if (k > 0) {
            keep_largest<kernels>(v, id, k, row, n);
          }
          if (lse.empty()) return;
          float const largest = kernels::largest_of(row, n);
          // None is finite, or one is +infinity: so is the sum.
          lse.data[m] =
              std::isinf(largest)
                  ? largest
                  : largest + static_cast<float>(std::log(static_cast<double>(kernels::sum_of_exp(row, n, largest))));
        });
      }
    });
  }
};

}  // namespace flan::detail
