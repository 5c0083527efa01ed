#pragma once
/// CPU: rows of tables: token embeddings and biases by relative position.

#include "flan/backend/relative_bucket.hpp"
#include "flan/backend/weight.hpp"
#include "flan/cpu/elementwise.hpp"
#include "flan/cpu/weights.hpp"

namespace flan::detail {

class cpu_embedding {
  instruction_set isa_;

  static void expect_ids(char const* op, vector_view<std::int32_t const> ids, extent rows) {
    for (extent m = 0; m < ids.size; ++m)
      if (ids.data[m] < 0 || ids.data[m] >= rows)
        fail(op, " expected ids between 0 and ", rows - 1, " but found ", ids.data[m], " at ", m);
  }

 public:
  explicit cpu_embedding(instruction_set isa) : isa_(isa) {}

  template <class Y, class W>
  void embed(matrix<Y> y, vector_view<std::int32_t const> ids, weight<W> const& table) {
    expect("embed", "the rows of y", ids.size, y.rows);
    expect("embed", "the columns of y", table.columns, y.columns);
    expect_ids("embed", ids, table.rows);
    expect_readable("embed", table);
    for_row_chunks(y.rows, y.columns, [&](extent first, extent rows) {
      with_kernels(isa_, [&](auto set) {
        for (extent m = first; m < first + rows; ++m)
          if (table.format == layout::row_major) {
            elementwise_kernels<set()>::copy(y.data + m * y.stride, y.stride, table.data + ids.data[m] * table.columns,
                                             table.columns, block{1, y.columns}, false);
          } else {
            for (extent c = 0; c < y.columns; ++c)
              y.data[m * y.stride + c] =
                  narrow<Y>(static_cast<wide_t<Y>>(widen(table.data[offset_in(table, ids.data[m], c)])));
          }
      });
    });
  }

  template <class Y, quantized W>
  void embed(matrix<Y> y, vector_view<std::int32_t const> ids, weight<W> const& table) {
    expect("embed", "the rows of y", ids.size, y.rows);
    expect("embed", "the columns of y", table.columns, y.columns);
    expect_ids("embed", ids, table.rows);
    expect_readable("embed", table);
    for_row_chunks(y.rows, y.columns, [&](extent first, extent rows) {
      for (extent m = first; m < first + rows; ++m) dequantize_row(y.data + m * y.stride, table, ids.data[m]);
    });
  }

  /// By columns, so that a row that several ids share is summed in the order of the ids on any number of threads.
  template <class G, class D>
  void embed_backward(matrix<G> dtable, matrix<D const> dy, vector_view<std::int32_t const> ids) {
    expect("embed_backward", "the rows of dy", ids.size, dy.rows);
    expect("embed_backward", "the columns of dy", dtable.columns, dy.columns);
    expect_ids("embed_backward", ids, dtable.rows);
    parallel_for(dy.columns, 128, [&](extent begin, extent end) {
      with_kernels(isa_, [&](auto set) {
        for (extent m = 0; m < ids.size; ++m)
          elementwise_kernels<set()>::copy(dtable.data + ids.data[m] * dtable.stride + begin, dtable.stride,
                                           dy.data + m * dy.stride + begin, dy.stride, block{1, end - begin}, true);
      });
    });
  }

  template <class T, class U>
  void expand_bias(matrix<T> bias, matrix<U const> table, bias_options const& o) {
    expect("expand_bias", "the rows of bias (heads)", table.columns, bias.rows);
    expect("expand_bias", "the rows of the table (buckets)", o.buckets, table.rows);
    extent const farthest = (bias.columns - 1) / 2;
    for (extent c = 0; c < bias.columns; ++c) {
      U const* const row = table.data + relative_bucket(c - farthest, o) * table.stride;
      for (extent h = 0; h < bias.rows; ++h)
        bias.data[h * bias.stride + c] = narrow<T>(static_cast<wide_t<T>>(widen(row[h])));
    }
  }
  template <class G, class T>
  void expand_bias_backward(matrix<G> dtable, matrix<T const> dbias, bias_options const& o) {
    expect("expand_bias_backward", "the rows of dbias (heads)", dtable.columns, dbias.rows);
    expect("expand_bias_backward", "the rows of dtable (buckets)", o.buckets, dtable.rows);
    extent const farthest = (dbias.columns - 1) / 2;
    for (extent c = 0; c < dbias.columns; ++c) {
      G* const row = dtable.data + relative_bucket(c - farthest, o) * dtable.stride;
      for (extent h = 0; h < dbias.rows; ++h)
        row[h] = narrow<G>(widen(row[h]) + static_cast<wide_t<G>>(widen(dbias.data[h * dbias.stride + c])));
    }
  }
};

}  // namespace flan::detail
