#pragma once
/// Reference: ops of decoding.

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "flan/backend/expect_ops.hpp"
#include "flan/reference/scalar.hpp"

namespace flan::reference {

struct decoding {
  template <class T>
  void append_to_cache(heads_view<T> cache, heads_view<T const> rows, extent position) {
    detail::expect_append(cache, rows, position);
    for (extent r = 0; r < rows.batch; ++r)
      for (extent h = 0; h < rows.heads; ++h)
        for (extent i = 0; i < rows.length; ++i)
          std::copy_n(rows.at(r, h, i), rows.width, cache.at(r, h, position + i));
  }

  template <class F>
  void top_k(matrix<F> values, matrix<std::int32_t> ids, vector_view<F> lse, matrix<F const> logits) {
    using real = detail::real_t<F>;
    constexpr real lowest = -std::numeric_limits<real>::infinity();
    detail::expect_top_k(values, ids, lse, logits);
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
