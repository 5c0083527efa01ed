#pragma once
/// Conformance: the head with its loss, and ops of decoding.

#include "flan/testing/conformance/session.hpp"

namespace flan::testing::detail {

template <class X, class W, class F, class G, class S>
void check_head(S& s) {
  struct head_shape {
    extent rows, vocabulary, width;
  };
  constexpr head_shape shapes[] = {{1, 1, 4}, {3, 5, 1}, {7, 300, 33}, {5, 513, 16}, {0, 7, 4}, {33, 100, 64}};
  constexpr loss_options settings[] = {
      {}, {0.3, 0, 0, 0.1, -100}, {1, 0.01, 0, 0.5, -100}, {0.5, 0, 0.1, 1, 0}, {0.7, 1e-3, 0.2, 0.25, -100}};
  for (auto const& shape : shapes) {
    if (s.skips(shape.rows * shape.vocabulary * shape.width)) continue;
    for (auto p : {placement::aligned, placement::ragged})
      for (auto const& o : settings) {
        auto const context = sentence(shape.rows, " rows, ", shape.vocabulary, " logits from ", shape.width);
        auto x = s.template make<X>(shape.rows, shape.width, p);
        auto w = s.template weights<W>(shape.vocabulary, shape.width);
        auto loss = s.template make<F>(1, shape.rows);
        auto dx = s.template make<F>(shape.rows, shape.width, p);
        auto dw = s.template make<G>(shape.vocabulary, shape.width, p);
        auto labels = s.ids(shape.rows, shape.vocabulary);
        if (shape.rows > 2) labels.at(0, 1) = o.ignore, labels.reset(s.backend());
        auto const call = [&](matrix<F> d, matrix<G> g) {
          return [&, d, g](auto& be) { be.cross_entropy_head(loss.flat(), d, g, in(x.view), w, in(labels.flat()), o); };
        };
        s.run("cross_entropy_head", context, call(dx.view, dw.view), loss, dx, dw);
        s.run("cross_entropy_head", context + ", without dw", call(dx.view, {}), loss, dx);
        s.run("cross_entropy_head", context + ", without dx", call({}, dw.view), loss, dw);
        s.run("cross_entropy_head", context + ", scoring", call({}, {}), loss);
        s.backend().pack(w);
        s.run("cross_entropy_head", context + ", scoring, packed", call({}, {}), loss);
      }
  }
}

template <class X, class F, class S>
void check_decoding(S& s) {
  for (extent position : {0, 3, 6})
    for (extent length : {1, 2}) {
      auto cache = s.template make<X>(3 * 2 * 8, 5, placement::ragged);
      auto rows = s.template make<X>(2 * length, 2 * 5);
      s.run(
          "append_to_cache", sentence(length, " at ", position),
          [&](auto& be) {
            be.append_to_cache(by_heads(cache.view, 3, 2, true), in(split_heads(rows.view, 2, 2)), position);
          },
          cache);
    }
  for (extent vocabulary : {1, 7, 300, 2049})
    for (extent k : {extent{1}, extent{4}, vocabulary}) {
      if (k > vocabulary || k > 300) continue;
      constexpr F infinity = std::numeric_limits<F>::infinity();
      auto logits = s.template make<F>(6, vocabulary, placement::ragged);
      s.fill(logits, [&] { return std::round(4 * s.normal()) / 4; });  // many ties
      for (extent c = 0; c < vocabulary; ++c) {
        logits.at(1, c) = F(2);
        logits.at(2, c) = c % 3 ? -infinity : logits.at(2, c);
        logits.at(3, c) = c % 2 ? logits.at(3, c) : std::numeric_limits<F>::quiet_NaN();
        logits.at(4, c) = -infinity;
        logits.at(5, c) = F(300) * logits.at(5, c);  // exp of it is no float
      }
      logits.reset(s.backend());
      auto values = s.template make<F>(6, k, placement::ragged);
      auto ids = s.template make<std::int32_t>(6, k, placement::ragged);
      auto lse = s.template make<F>(1, 6);
      auto const call = [&](vector_view<F> sums) {
        return [&, sums](auto& be) { be.top_k(values.view, ids.view, sums, in(logits.view)); };
      };
      s.run("top_k", sentence(k, " of ", vocabulary), call(lse.flat()), values, ids, lse);
    }
}

}  // namespace flan::testing::detail
