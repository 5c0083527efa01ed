#pragma once
/// CPU: the likeliest results of a product, of which only a block of columns exists at a time: a thread finds a block's
/// largest while it still has it in its cache.

#include "flan/backend/expect_ops.hpp"
#include "flan/backend/together.hpp"
#include "flan/cpu/likeliest.hpp"
#include "flan/cpu/multiply.hpp"
#include "flan/cpu/quantized_product.hpp"

namespace flan::detail {

/// Rows first … first + rows − 1 of w, in w's own memory. `first` is a multiple of panels.
template <class W>
weight<W> rows_of(weight<W> const& w, extent first, extent rows) {
  static_assert(likeliest_block % panel_width == 0 && likeliest_block % q8_panel::rows == 0);
  weight<W> part = borrowed(w);
  if constexpr (quantized<W>) {
    part.data = w.data + first / q8_panel::rows * q8_panel::bytes_of(w.columns);
  } else if (w.format == layout::packed) {
    part.data = w.data + first / panel_width * panel_size<W>(w.columns);
  } else {
    part.data = w.data + first * w.columns;
  }
  part.rows = rows;
  return part;
}

/// top_k of scale · x·wᵀ.
template <class X, class W>
void multiply(instruction_set isa, top_results<float> const& to, matrix<X const> x, weight<W> const& w,
              matmul_options const& o) {
  matrix<float const> const whole(nullptr, x.rows, w.rows);  // what never exists
  expect_product(whole, x, w, false);
  expect_top_k(to.values, to.ids, to.lse, whole);
  if (o.transpose || o.accumulate) fail("matmul for the likeliest results expects no transpose, and nothing to add to");
  extent const k = to.values.columns, blocks = quotient_up(w.rows, likeliest_block);
  extent const found = std::min(k, likeliest_block);  // of a block; the last may have fewer
  extent const left_over = w.rows - (blocks - 1) * likeliest_block;
  extent const all_found = (blocks - 1) * found + std::min(found, left_over);
  frame kept{thread_scratch()};
  auto const values = kept.template make<float>(x.rows, all_found);
  auto const ids = kept.template make<std::int32_t>(x.rows, all_found);
  auto const sums = kept.template make<block_sum>(x.rows, blocks);

  parallel_for(blocks, 1, [&](extent begin, extent end) {
    for (extent b = begin; b < end; ++b) {
      extent const first = b * likeliest_block, n = std::min(likeliest_block, w.rows - first);
      frame scratch{thread_scratch()};
      auto const z = scratch.template make<float>(x.rows, n);
      multiply(isa, z, x, rows_of(w, first, n), o);
      with_kernels(isa, [&](auto set) {
        using kernels = decode_kernels<set()>;
        for (extent m = 0; m < x.rows; ++m) {
          float const* const row = z.data + m * z.stride;
          std::int32_t* const id = ids.data + m * ids.stride + b * found;
          extent const here = std::min(found, n);
          find_largest<kernels>(values.data + m * values.stride + b * found, id, here, row, n);
          for (extent i = 0; i < here; ++i) id[i] += static_cast<std::int32_t>(first);
          if (!to.lse.empty()) sums.data[m * sums.stride + b] = sum_block<kernels>(row, n);
        }
      });
    }
  });

  // A block's largest are in order, equals by their place, and blocks are: so are equals among all.
  for (extent m = 0; m < x.rows; ++m) {
    std::int32_t* const id = to.ids.data + m * to.ids.stride;
    with_kernels(isa, [&](auto set) {
      find_largest<decode_kernels<set()>>(to.values.data + m * to.values.stride, id, k, values.data + m * values.stride,
                                          all_found);
    });
    for (extent i = 0; i < k; ++i) id[i] = ids.data[m * ids.stride + id[i]];
    if (!to.lse.empty()) to.lse.data[m] = log_sum_of(sums.data + m * sums.stride, blocks);
  }
}

}  // namespace flan::detail
