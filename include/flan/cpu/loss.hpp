#pragma once
/// CPU: the head's product and the loss in one op.

#include <type_traits>

#include "flan/backend/expect_ops.hpp"
#include "flan/cpu/kernels/loss.hpp"
#include "flan/cpu/multiply.hpp"
#include "flan/cpu/quantized_product.hpp"

namespace flan::detail {

/// Logits exist for some rows at a time, in scratch: at most 32 MiB of them, or those of 16 rows.
inline extent loss_rows_at_once(extent vocabulary) {
  return std::max<extent>(16, (extent{8} << 20) / std::max<extent>(vocabulary, 1) / 16 * 16);
}

/// cross_entropy_head with scratch from `memory`. Rows whose label is `ignore` cost nothing. dw is summed over groups
/// of rows in order, so that its bits do not depend on threads.
template <class F, class D, class G, class X, class W, class Memory>
void cross_entropy(instruction_set isa, Memory& memory, vector_view<F> loss, matrix<D> dx, matrix<G> dw,
                   matrix<X const> x, weight<W> const& w, vector_view<std::int32_t const> labels,
                   loss_options const& o) {
  expect_cross_entropy(loss, dx, dw, x, w, labels);
  frame rows_with_labels{memory};
  vector_view<extent> const scored = rows_with_labels.template make_vector<extent>(x.rows);
  extent count = 0;
  for (extent m = 0; m < x.rows; ++m) {
    std::int32_t const label = labels.data[m];
    if (label == o.ignore) {
      loss.data[m] = F(0);
      if (!dx.empty()) std::fill_n(dx.data + m * dx.stride, dx.columns, D(0.0f));
    } else if (label < 0 || label >= w.rows) {
      fail("cross_entropy_head expected labels between 0 and ", w.rows - 1, " or ", o.ignore, " but found ", label,
           " at ", m);
    } else {
      scored.data[count++] = m;
    }
  }

  bool const backward = !dx.empty() || !dw.empty();
  loss_terms const terms{static_cast<float>(1 - o.label_smoothing),
                         static_cast<float>(o.label_smoothing / static_cast<double>(w.rows)),
                         static_cast<float>(o.z_loss)};
  auto const scale = static_cast<float>(o.scale * o.gradient_scale);
  extent const at_once = loss_rows_at_once(w.rows);
  for (extent first = 0; first < count; first += at_once) {
    extent const n = std::min(at_once, count - first);
    extent const* const row = scored.data + first;
    frame scratch{memory};
    auto const rows = scratch.template make<X>(n, x.columns);
    auto const logits = scratch.template make<float>(n, w.rows);
    // Their gradient, in the format that x has in both products with it: in place where that is the logits' own.
    matrix<X> slopes;
    if constexpr (std::is_same_v<X, float>) {
      slopes = logits;
    } else if (backward) {
      slopes = scratch.template make<X>(n, w.rows);
    }
    for (extent i = 0; i < n; ++i) std::copy_n(x.data + row[i] * x.stride, x.columns, rows.data + i * x.columns);
    multiply(isa, logits, in(rows), w, {.scale = o.scale});

    parallel_for(n, 1, [&](extent begin, extent end) {
      with_kernels(isa, [&](auto set) {
        for (extent i = begin; i < end; ++i) {
          float const* const l = logits.data + i * w.rows;
          std::int32_t const label = labels.data[row[i]];
          auto const s = loss_kernels<set()>::summarize(l, w.rows);
          loss.data[row[i]] = loss_kernels<set()>::combine(s, l[label], terms);
          if (backward)
            loss_kernels<set()>::differentiate(slopes.data + i * w.rows, l, w.rows, label, s.log_sum, terms, scale);
        }
      });
    });

    if (!dx.empty()) {
      auto const d = scratch.template make<D>(n, x.columns);
      multiply(isa, d, in(slopes), w, {.transpose = true});
      for (extent i = 0; i < n; ++i) std::copy_n(d.data + i * d.columns, d.columns, dx.data + row[i] * dx.stride);
    }
    if (!dw.empty()) add_weight_gradient(isa, dw, in(slopes), in(rows), 1.0);
  }
}

}  // namespace flan::detail
