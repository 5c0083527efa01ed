#pragma once
/// Reference: rows of tables: token embeddings and biases by relative position.

#include "flan/backend/expect.hpp"
#include "flan/backend/quantized.hpp"
#include "flan/backend/relative_bucket.hpp"
#include "flan/backend/weight.hpp"
#include "flan/reference/scalar.hpp"

namespace flan::reference {

class embeddings {
  static extent checked_id(char const* op, vector_view<std::int32_t const> ids, extent m, extent rows) {
    if (ids.data[m] < 0 || ids.data[m] >= rows)
      fail(op, " expected ids between 0 and ", rows - 1, " but found ", ids.data[m], " at ", m);
    return ids.data[m];
  }

 public:
  template <class Y, class W>
  void embed(matrix<Y> y, vector_view<std::int32_t const> ids, weight<W> const& weights) {
    auto const table = weights.view();
    detail::expect("embed", "the rows of y", ids.size, y.rows);
    detail::expect("embed", "the columns of y", table.columns, y.columns);
    for (extent m = 0; m < ids.size; ++m) {
      W const* const row = table.data + checked_id("embed", ids, m, table.rows) * table.stride;
      for (extent c = 0; c < y.columns; ++c) y.data[m * y.stride + c] = detail::convert<Y>(row[c]);
    }
  }
  template <class Y, quantized W>
  void embed(matrix<Y> y, vector_view<std::int32_t const> ids, weight<W> const& table) {
    embed(y, ids, detail::dequantized(table));
  }
  template <class G, class D>
  void embed_backward(matrix<G> dtable, matrix<D const> dy, vector_view<std::int32_t const> ids) {
    detail::expect("embed_backward", "the rows of dy", ids.size, dy.rows);
    detail::expect("embed_backward", "the columns of dy", dtable.columns, dy.columns);
    for (extent m = 0; m < ids.size; ++m) {
      G* const row = dtable.data + checked_id("embed_backward", ids, m, dtable.rows) * dtable.stride;
      for (extent c = 0; c < dy.columns; ++c)
        row[c] = narrow<G>(widen(row[c]) + detail::convert<wide_t<G>>(dy.data[m * dy.stride + c]));
    }
  }

  template <class T, class U>
  void expand_bias(matrix<T> bias, matrix<U const> table, bias_options const& o) {
    detail::expect("expand_bias", "the rows of bias (heads)", table.columns, bias.rows);
    detail::expect("expand_bias", "the rows of the table (buckets)", o.buckets, table.rows);
    extent const farthest = (bias.columns - 1) / 2;
    for (extent h = 0; h < bias.rows; ++h)
      for (extent c = 0; c < bias.columns; ++c)
        bias.data[h * bias.stride + c] =
            detail::convert<T>(table.data[relative_bucket(c - farthest, o) * table.stride + h]);
  }
  template <class G, class T>
  void expand_bias_backward(matrix<G> dtable, matrix<T const> dbias, bias_options const& o) {
    detail::expect("expand_bias_backward", "the rows of dbias (heads)", dtable.columns, dbias.rows);
    detail::expect("expand_bias_backward", "the rows of dtable (buckets)", o.buckets, dtable.rows);
    extent const farthest = (dbias.columns - 1) / 2;
    for (extent h = 0; h < dbias.rows; ++h)
      for (extent c = 0; c < dbias.columns; ++c) {
        G& element = dtable.data[relative_bucket(c - farthest, o) * dtable.stride + h];
        element = narrow<G>(widen(element) + detail::convert<wide_t<G>>(dbias.data[h * dbias.stride + c]));
      }
  }
};

}  // namespace flan::reference
