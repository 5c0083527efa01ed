#pragma once
/// CPU: the largest elements of a row and log Σ exp of it. The sum goes by blocks of columns, so that a row of which
/// only one block exists at a time gives the same bits as a whole one.

#include <algorithm>
#include <cmath>
#include <limits>

#include "flan/cpu/kernels/decode.hpp"
#include "flan/cpu/scratch.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::detail {

/// Columns of a block.
inline constexpr extent likeliest_block = 1024;

/// What is known of one block: its largest element, and Σ exp(x − largest), 0 where that is infinite. NaN counts as −∞.
struct block_sum {
  float largest, sum;
};

template <class Kernels>
block_sum sum_block(float const* x, extent n) {
  float const m = Kernels::largest_of(x, n);
  return {m, std::isinf(m) ? 0.0f : Kernels::sum_of_exp(x, n, m)};
}

/// log Σ exp of a row from its blocks.
inline float log_sum_of(block_sum const* blocks, extent count) {
  float m = -std::numeric_limits<float>::infinity();
  for (extent b = 0; b < count; ++b) m = std::max(m, blocks[b].largest);
  if (std::isinf(m)) return m;  // none is finite, or one is +infinity: so is the sum
  double total = 0;
  for (extent b = 0; b < count; ++b)
    if (blocks[b].sum > 0)
      total += static_cast<double>(blocks[b].sum) *
               std::exp(static_cast<double>(blocks[b].largest) - static_cast<double>(m));
  return m + static_cast<float>(std::log(total));
}

inline float or_lowest(float x) { return x != x ? -std::numeric_limits<float>::infinity() : x; }

/// k passes over the row would be too many: one pass, past whatever is below the smallest kept so far.
template <class Kernels>
void keep_largest(float* values, std::int32_t* places, extent k, float const* row, extent n) {
  extent kept = 0, c = 0;
  while (c < n) {
    if (kept == k) c = Kernels::next_above(row, c, n, values[k - 1]);
    extent const end = n - c < Kernels::width ? n : c + Kernels::width;
    for (; c < end; ++c) {
      float const x = or_lowest(row[c]);
      if (kept == k && !(x > values[k - 1])) continue;
      extent i = kept < k ? kept++ : k - 1;
      for (; i > 0 && x > values[i - 1]; --i) values[i] = values[i - 1], places[i] = places[i - 1];
      values[i] = x, places[i] = static_cast<std::int32_t>(c);
    }
  }
}

inline void sort_largest(float* values, std::int32_t* places, extent k, float const* row, extent n) {
  frame scratch{thread_scratch()};
  auto const order = scratch.make_vector<std::int32_t>(n);
  for (extent i = 0; i < n; ++i) order.data[i] = static_cast<std::int32_t>(i);
  std::partial_sort(order.data, order.data + k, order.data + n, [row](std::int32_t a, std::int32_t b) {
    float const x = or_lowest(row[a]), y = or_lowest(row[b]);
    return x > y || (x == y && a < b);
  });
  for (extent i = 0; i < k; ++i) places[i] = order.data[i], values[i] = or_lowest(row[order.data[i]]);
}

/// The k ≤ n largest of a row and where they lie: largest first, the first among equals first; NaN counts as −∞.
template <class Kernels>
void find_largest(float* values, std::int32_t* places, extent k, float const* row, extent n) {
  if (k > 128) {
    sort_largest(values, places, k, row, n);
  } else if (k > 0) {
    keep_largest<Kernels>(values, places, k, row, n);
  }
}

}  // namespace flan::detail
