#pragma once
/// Reference: layouts of weights. There is one, row-major, but for quantised weights, which come in panels.

#include "flan/backend/expect.hpp"
#include "flan/backend/quantized.hpp"
#include "flan/backend/weight.hpp"

namespace flan::reference {

struct layouts {
  /// Row-major is the layout that these loops like best.
  template <class W>
  void pack(weight<W>&) {}

  template <class W>
  void unpack(matrix<W> y, weight<W> const& w) {
    auto const v = w.view();
    detail::expect_shape("unpack", "y", y, v);
    for (extent r = 0; r < y.rows; ++r)
      for (extent c = 0; c < y.columns; ++c) y.data[r * y.stride + c] = v.data[r * v.stride + c];
  }

  template <quantized W>
  void quantize(weight<W> const& w, extent first, matrix<wide_t<W> const> rows) {
    detail::quantize_rows(w, first, rows);
  }
  template <quantized W>
  void unpack(matrix<wide_t<W>> y, weight<W> const& w) {
    detail::dequantize_rows(y, w);
  }
};

}  // namespace flan::reference
