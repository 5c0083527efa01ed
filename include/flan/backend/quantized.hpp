#pragma once
/// Quantised weights in host memory: how they lie and how they are made. What multiplies them is each backend's own.

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "flan/backend/expect.hpp"
#include "flan/backend/weight.hpp"
#include "flan/core/packed.hpp"
#include "flan/core/parallel.hpp"

namespace flan::detail {

/// A weight<q8> is panels of 32 rows, one after the other: the rows' scales, the sums of the rows' integers (products
/// of activations with a zero point ask for them), and the integers by groups of four columns: what a dot-product
/// instruction takes is four columns of a few rows. The integer of (r, c) lies at 128·(c/4) + 4·r + c%4. Rows past the
/// last are zeros, columns are filled up with zeros to a multiple of four; panels start at multiples of 64 bytes.
struct q8_panel {
  static constexpr extent rows = 32, terms = 4, group = rows * terms;

  float scale[rows];
  std::int32_t sum[rows];

  /// They follow the struct.
  q8* integers() { return reinterpret_cast<q8*>(this + 1); }
  q8 const* integers() const { return reinterpret_cast<q8 const*>(this + 1); }

  static constexpr extent groups_of(extent columns) { return (columns + terms - 1) / terms; }
  static constexpr extent bytes_of(extent columns) { return 2 * rows * 4 + groups_of(columns) * group; }
};
static_assert(sizeof(q8_panel) == static_cast<std::size_t>(q8_panel::bytes_of(0)));

/// A sum of products with unsigned bytes fits an int32 up to here: 127·255·65,536 < 2³¹.
inline constexpr extent most_q8_columns = 65536;

/// Bytes of a weight. Throws where it would have too many columns.
inline std::size_t q8_bytes(extent rows, extent columns) {
  if (columns > most_q8_columns)
    fail("a q8 weight has at most ", most_q8_columns, " columns, but ", columns, " were asked for");
  return static_cast<std::size_t>((rows + q8_panel::rows - 1) / q8_panel::rows * q8_panel::bytes_of(columns));
}

/// A weight of zeros in `owner`, which has q8_bytes of room.
inline weight<q8> q8_zeros(memory owner, extent rows, extent columns) {
  weight<q8> w;
  w.owner = std::move(owner);
  w.data = static_cast<q8*>(w.owner.get());
  w.rows = rows, w.columns = columns;
  w.format = layout::packed, w.panel = static_cast<std::uint8_t>(q8_panel::rows);
  std::memset(w.owner.get(), 0, q8_bytes(rows, columns));
  return w;
}

/// The panel of row `row`.
inline q8_panel* panel_of(weight<q8> const& w, extent row) {
  return reinterpret_cast<q8_panel*>(w.data + row / q8_panel::rows * q8_panel::bytes_of(w.columns));
}

/// The largest magnitude of a row over 127. 0 where that is below the normal floats: such a row counts as zeros. NaN
/// where the row holds a NaN or an infinity.
inline float quantization_scale(float const* x, extent n) {
  std::uint32_t most = 0;  // magnitudes order as their bits do, infinity and NaN above all
  for (extent i = 0; i < n; ++i) most = std::max(most, std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffffu);
  if (most >= 0x7f800000u) return std::numeric_limits<float>::quiet_NaN();
  float const scale = std::bit_cast<float>(most) / 127;
  return scale < std::numeric_limits<float>::min() ? 0.0f : scale;
}

/// x / scale to the nearest integer, ties to even. A quotient and a sum, so that no -m flag changes a bit; the sum has
/// no bits left for a fraction.
inline std::int32_t quantized_as(float x, float scale) {
  return std::bit_cast<std::int32_t>(x / scale + 0x1.8p23f) - std::bit_cast<std::int32_t>(0x1.8p23f);
}

/// Rows first, first + 1 … of a weight in host memory from float ones.
inline void quantize_rows(weight<q8> const& w, extent first, matrix<float const> from) {
  expect("quantize", "the columns of the rows", w.columns, from.columns);
  if (w.panel != q8_panel::rows || first < 0 || first + from.rows > w.rows)
    fail("quantize expected rows of a q8 weight of ", w.rows, " rows in panels of ", q8_panel::rows, " but found rows ",
         first, " to ", first + from.rows - 1, " and panels of ", static_cast<int>(w.panel));
  extent const first_panel = first / q8_panel::rows, last = first + from.rows, groups = q8_panel::groups_of(w.columns);
  parallel_for(last == first ? 0 : (last - 1) / q8_panel::rows + 1 - first_panel, 1, [&](extent begin, extent end) {
    std::vector<q8> row(static_cast<std::size_t>(groups * q8_panel::terms));  // what fills up the last group stays 0
    extent const stop = std::min(last, (first_panel + end) * q8_panel::rows);
    for (extent r = std::max(first, (first_panel + begin) * q8_panel::rows); r < stop; ++r) {
      q8_panel* const panel = panel_of(w, r);
      float const* const x = from.data + (r - first) * from.stride;
      float const scale = quantization_scale(x, w.columns);
      std::int32_t sum = 0;
      if (scale > 0) {
        for (extent c = 0; c < w.columns; ++c) {
          std::int32_t const q = quantized_as(x[c], scale);
          sum += q;
          row[static_cast<std::size_t>(c)].bits = static_cast<std::int8_t>(q);
        }
      } else {
        std::fill(row.begin(), row.end(), q8{});
      }
      extent const j = r % q8_panel::rows;
      panel->scale[j] = scale, panel->sum[j] = sum;
      for (extent g = 0; g < groups; ++g)
        std::memcpy(panel->integers() + g * q8_panel::group + j * q8_panel::terms, row.data() + g * q8_panel::terms,
                    q8_panel::terms);
    }
  });
}

/// y[columns] = row `row` as floats.
inline void dequantize_row(float* y, weight<q8> const& w, extent row) {
  q8_panel const* const panel = panel_of(w, row);
  extent const j = row % q8_panel::rows;
  float const scale = panel->scale[j];
  q8 const* from = panel->integers() + j * q8_panel::terms;
  for (extent c = 0; c < w.columns; c += q8_panel::terms, from += q8_panel::group)
    for (extent i = 0; i < q8_panel::terms && c + i < w.columns; ++i)
      y[c + i] = scale * static_cast<float>(from[i].bits);
}

/// The whole weight as floats.
inline void dequantize_rows(matrix<float> y, weight<q8> const& w) {
  expect("unpack", "the rows of y", w.rows, y.rows);
  expect("unpack", "the columns of y", w.columns, y.columns);
  parallel_for(w.rows, q8_panel::rows, [&](extent begin, extent end) {
    for (extent r = begin; r < end; ++r) dequantize_row(y.data + r * y.stride, w, r);
  });
}

/// The same as a row-major weight of its own.
inline weight<float> dequantized(weight<q8> const& w) {
  auto const values = std::make_shared<std::vector<float>>(static_cast<std::size_t>(w.size()));
  weight<float> plain;
  plain.data = values->data(), plain.owner = memory(values);
  plain.rows = w.rows, plain.columns = w.columns;
  dequantize_rows(plain.values(), w);
  return plain;
}

}  // namespace flan::detail
