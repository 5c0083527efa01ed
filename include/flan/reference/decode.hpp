#pragma once
/// Reference: ops of decoding.

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "flan/backend/expect.hpp"
#include "flan/reference/scalar.hpp"

namespace flan::reference {

struct decoding {
  template <class T>
  void append_to_cache(heads_view<T> cache, heads_view<T const> rows, extent position) {
    detail::expect("append_to_cache", "the heads of rows", cache.heads, rows.heads);
    detail::expect("append_to_cache", "the width of rows", cache.width, rows.width);
    if (position < 0 || position + rows.length > cache.length || rows.batch > cache.batch)
      fail("append_to_cache expected rows within ", cache.batch, " rows of ", cache.length, " positions but found ",
           rows.batch, " rows of ", rows.length, " from position ", position);
    for (extent r = 0; r < rows.batch; ++r)
      for (extent h = 0; h < rows.heads; ++h)
        for (extent i = 0; i < rows.length; ++i)
          std::copy_n(rows.at(r, h, i), rows.width, cache.at(r, h, position + i));
  }

  template <class F>
  void top_k(matrix<F> values, matrix<std::int32_t> ids, vector_view<F> lse, matrix<F const> logits) {
    using real = detail::real_t<F>;
    constexpr real lowest = -std::numeric_limits<real>::infinity();
    detail::expect("top_k", "the rows of values", logits.rows, values.rows);
    detail::expect_shape("top_k", "ids", ids, values);
    if (values.columns > logits.columns)
      fail("top_k expected at most ", logits.columns, " of a row but found k = ", values.columns);
    if (!lse.empty()) detail::expect("top_k", "the size of lse", logits.rows, lse.size);
    std::vector<std::int32_t> order(static_cast<std::size_t>(logits.columns));
    for (extent m = 0; m < logits.rows; ++m) {
      F const* const row = logits.data + m * logits.stride;
      auto const value = [row](std::int32_t id) {
        return std::isnan(detail::real_part(row[id])) ? F(lowest) : row[id];
      };
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
        return detail::real_part(value(a)) > detail::real_part(value(b));
      });
      for (extent i = 0; i < values.columns; ++i) {
        ids.data[m * ids.stride + i] = order[static_cast<std::size_t>(i)];
        values.data[m * values.stride + i] = value(order[static_cast<std::size_t>(i)]);
      }
      if (lse.empty()) continue;
      real const largest = order.empty() ? lowest : detail::real_part(value(order.front()));
      if (std::isinf(largest)) {  // none is finite, or one is infinite: so is the sum
        lse.data[m] = F(largest);
        continue;
      }
      F total(0);
      for (extent c = 0; c < logits.columns; ++c) total += std::exp(value(static_cast<std::int32_t>(c)) - F(largest));
      lse.data[m] = F(largest) + std::log(total);
    }
  }
};

}  // namespace flan::reference
