#pragma once
/// Reference: the head's product and the loss, row by row.

#include <limits>
#include <vector>

#include "flan/backend/expect_ops.hpp"
#include "flan/backend/options.hpp"
#include "flan/backend/quantized.hpp"
#include "flan/backend/weight.hpp"
#include "flan/reference/scalar.hpp"

namespace flan::reference {

struct losses {
  /// d loss / d logit v = p_v·(1 + 2·z·log Z) − (1 − s)·[v = label] − s/V.
  template <class F, class D, class G, class X, class W>
  void cross_entropy_head(vector_view<F> loss, matrix<D> dx, matrix<G> dw, matrix<X const> x, weight<W> const& weights,
                          vector_view<std::int32_t const> labels, loss_options const& o) {
    using real = detail::real_t<F>;
    auto const w = weights.view();
    detail::expect_cross_entropy(loss, dx, dw, x, weights, labels);
    F const scale(static_cast<real>(o.scale)), z(static_cast<real>(o.z_loss));
    F const smooth(static_cast<real>(o.label_smoothing / static_cast<double>(w.rows)));
    F const sharp(static_cast<real>(1 - o.label_smoothing));
    F const gradient_scale(static_cast<real>(o.scale * o.gradient_scale));
    std::vector<F> logits(static_cast<std::size_t>(w.rows)), row(static_cast<std::size_t>(x.columns));
    for (extent m = 0; m < x.rows; ++m) {
      X const* const xm = x.data + m * x.stride;
      row.assign(row.size(), F(0));
      loss.data[m] = F(0);
      if (labels.data[m] != o.ignore) {
        if (labels.data[m] < 0 || labels.data[m] >= w.rows)
          fail("cross_entropy_head expected labels between 0 and ", w.rows - 1, " or ", o.ignore, " but found ",
               labels.data[m], " at ", m);
        real largest = -std::numeric_limits<real>::infinity();
        for (extent v = 0; v < w.rows; ++v) {
          F& logit = logits[static_cast<std::size_t>(v)];
          logit = F(0);
          for (extent c = 0; c < x.columns; ++c)
            logit += detail::convert<F>(xm[c]) * detail::convert<F>(w.data[v * w.stride + c]);
          logit *= scale;
          if (detail::real_part(logit) > largest) largest = detail::real_part(logit);
        }
        F total(0), sum(0);
        for (F const& logit : logits) total += std::exp(logit - F(largest));
        F const log_z = F(largest) + std::log(total);
        for (F const& logit : logits) sum += log_z - logit;
        auto const label = static_cast<std::size_t>(labels.data[m]);
        loss.data[m] = sharp * (log_z - logits[label]) + smooth * sum + z * log_z * log_z;
        if (dx.empty() && dw.empty()) continue;
        for (extent v = 0; v < w.rows; ++v) {
          auto const n = static_cast<std::size_t>(v);
          F d = std::exp(logits[n] - log_z) * (F(1) + F(2) * z * log_z) - smooth;
          if (n == label) d -= sharp;
          d *= gradient_scale;
          for (extent c = 0; c < x.columns; ++c) {
            row[static_cast<std::size_t>(c)] += d * detail::convert<F>(w.data[v * w.stride + c]);
            if (dw.empty()) continue;
            G& element = dw.data[v * dw.stride + c];
            element = detail::convert<G>(detail::convert<F>(element) + d * detail::convert<F>(xm[c]));
          }
        }
      }
      if (!dx.empty())
        for (extent c = 0; c < x.columns; ++c)
          dx.data[m * dx.stride + c] = detail::convert<D>(row[static_cast<std::size_t>(c)]);
    }
  }

  template <class F, class D, class G, class X, quantized W>
  void cross_entropy_head(vector_view<F> loss, matrix<D> dx, matrix<G> dw, matrix<X const> x, weight<W> const& w,
                          vector_view<std::int32_t const> labels, loss_options const& o) {
    cross_entropy_head(loss, dx, dw, x, detail::dequantized(w), labels, o);
  }
};

}  // namespace flan::reference
