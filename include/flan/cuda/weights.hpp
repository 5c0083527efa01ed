#pragma once
/// CUDA: weights. Those of numbers are row-major in every state; quantised ones lie in the panels of
/// backend/quantized.hpp.

#include "flan/backend/expect.hpp"
#include "flan/backend/quantized.hpp"
#include "flan/backend/weight.hpp"
#include "flan/cuda/elements.hpp"
#include "flan/cuda/error.hpp"

namespace flan::detail {

/// Rows first … first + x.rows − 1 of a weight of `columns` columns in q8 panels at `panels`.
struct quantize_task {
  q8* panels;
  extent columns, first;
  matrix<float const> x;
};
/// y = the `rows` × `columns` weight of the panels.
struct dequantize_task {
  matrix<float> y;
  q8 const* panels;
};

template <class W>
requires quantized<W>
void launch_quantize(cudaStream_t, quantize_task const&);
template <class W>
requires quantized<W>
void launch_dequantize(cudaStream_t, dequantize_task const&);

template <class Backend>
class cuda_weights {
  Backend& self() { return static_cast<Backend&>(*this); }

  template <class W>
  weight<W> allocate_zeros(std::size_t bytes, extent rows, extent columns) {
    weight<W> w;
    w.owner = self().allocate(bytes);
    w.data = static_cast<W*>(w.owner.get());
    w.rows = rows, w.columns = columns;
    // Every number format, and a panel, has all bits zero as its zero.
    if (bytes != 0) check_cuda(cudaMemsetAsync(w.data, 0, bytes, self().stream()), "cudaMemsetAsync");
    return w;
  }
  static void expect_panels(char const* op, weight<q8> const& w) {
    if (w.format != layout::packed || w.panel != q8_panel::rows)
      fail(op, " expected a q8 weight in panels of ", q8_panel::rows, " rows but found panels of ",
           static_cast<int>(w.panel), ", packed by another backend");
  }

 public:
  /// Zeros on the device.
  template <class W>
  requires cuda_stored<W> weight<W> allocate_weight(extent rows, extent columns) {
    return allocate_zeros<W>(static_cast<std::size_t>(rows * columns) * sizeof(W), rows, columns);
  }
  template <quantized W>
  weight<W> allocate_weight(extent rows, extent columns) {
    auto w = allocate_zeros<W>(q8_bytes(rows, columns), rows, columns);
    w.format = layout::packed, w.panel = static_cast<std::uint8_t>(q8_panel::rows);
    return w;
  }

  /// Uploads, from a mapped file too; read-only. `owner` need not outlive the call.
  template <class W>
  requires cuda_stored<W> weight<W> adopt(matrix<W const> host, memory) {
    weight<W> w;
    w.owner = self().allocate(static_cast<std::size_t>(host.rows * host.columns) * sizeof(W));
    w.data = static_cast<W*>(w.owner.get());
    w.rows = host.rows, w.columns = host.columns, w.read_only = true;
    extent const runs = host.contiguous() ? 1 : host.rows, run = host.contiguous() ? w.size() : w.columns;
    for (extent r = 0; r < runs; ++r)
      self().upload(w.data + r * run, host.data + r * host.stride, static_cast<std::size_t>(run) * sizeof(W));
    return w;
  }

  /// Row-major is the layout that products like best.
  template <class W>
  requires cuda_stored<W>
  void pack(weight<W>& w) {
    w.view();  // throws where another backend packed it
  }
  template <quantized W>
  void pack(weight<W>& w) {
    expect_panels("pack", w);
  }

  template <class W>
  requires cuda_stored<W>
  void unpack(matrix<W> y, weight<W> const& w) {
    auto const v = w.view();
    expect_shape("unpack", "y", y, v);
    if (y.empty()) return;
    auto const bytes = [](extent n) { return static_cast<std::size_t>(n) * sizeof(W); };
    check_cuda(cudaMemcpy2DAsync(y.data, bytes(y.stride), v.data, bytes(v.stride), bytes(y.columns),
                                 static_cast<std::size_t>(y.rows), cudaMemcpyDeviceToDevice, self().stream()),
               "cudaMemcpy2DAsync");
  }
  /// y = scale · integer.
  template <quantized W>
  void unpack(matrix<wide_t<W>> y, weight<W> const& w) {
    expect_panels("unpack", w);
    expect("unpack", "the rows of y", w.rows, y.rows);
    expect("unpack", "the columns of y", w.columns, y.columns);
    if (!y.empty()) launch_dequantize<W>(self().stream(), {y, w.data});
  }
  template <quantized W>
  void quantize(weight<W> const& w, extent first, matrix<wide_t<W> const> rows) {
    expect_panels("quantize", w);
    expect("quantize", "the columns of the rows", w.columns, rows.columns);
    if (first < 0 || first + rows.rows > w.rows)
      fail("quantize expected rows of a q8 weight of ", w.rows, " rows but found rows ", first, " to ",
           first + rows.rows - 1);
    if (rows.rows != 0) launch_quantize<W>(self().stream(), {w.data, w.columns, first, rows});
  }
};

}  // namespace flan::detail
