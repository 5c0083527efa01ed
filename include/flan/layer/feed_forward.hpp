#pragma once
/// The block's feed-forward: wo·a(wi·x), or gated, wo·(a(wi_0·x) ⊙ wi_1·x) (Shazeer 2020).

#include "flan/layer/linear.hpp"
#include "flan/layer/rows.hpp"
#include "flan/tensor/frame.hpp"

namespace flan {

template <auto const& C, class P>
struct feed_forward {
  using F = typename P::wide;
  using X = typename P::activation;
  using inner = linear<C.d_model, C.d_ff, P>;

  [[no_unique_address]] only_if<!C.gated, inner> wi;
  [[no_unique_address]] only_if<C.gated, inner> wi_0;
  [[no_unique_address]] only_if<C.gated, inner> wi_1;
  linear<C.d_ff, C.d_model, P> wo;
  [[no_unique_address]] resolved<C> config;
  static constexpr auto members = flan::members("wi", &feed_forward::wi, "wi_0", &feed_forward::wi_0, "wi_1",
                                                &feed_forward::wi_1, "wo", &feed_forward::wo);

  struct trace {
    matrix<X, C.d_ff> gate, up;  ///< before the activation; `up` is empty when ungated
    matrix<X, C.d_ff> hidden;    ///< what wo saw, after dropout
  };

  feed_forward() = default;
  template <class Config>
  [[gnu::cold]] explicit feed_forward(Config const& c)
      : wi(make_part<decltype(wi)>(c.gated == flag::no, c.d_model, c.d_ff)),
        wi_0(make_part<decltype(wi_0)>(c.gated == flag::yes, c.d_model, c.d_ff)),
        wi_1(make_part<decltype(wi_1)>(c.gated == flag::yes, c.d_model, c.d_ff)),
        wo(c.d_ff, c.d_model),
        config(c) {}

  /// residual[rows, d_model] += feed_forward(x). `inside` is the hidden layer's dropout, `after` the output's.
  template <class B>
  void forward(B& be, matrix<F, C.d_model> residual, matrix<X, C.d_model> x, dropout_options inside,
               dropout_options after, trace* kept = nullptr) const {
    frame f(be);
    extent const n = x.rows, width = wo.weight.columns;
    auto make = [&] { return kept ? keep<X, C.d_ff>(be, n, width) : f.template make<X, C.d_ff>(n, width); };
    auto const gate = make();
    matrix<X, C.d_ff> up, hidden = kept ? make() : gate;
    if_present(wi, [&](auto& w) {
      w.forward(be, gate, x);
      be.activate(out(hidden), in(gate), config.activation());
    });
    if_present(wi_0, [&](auto& w0) {
      if_present(wi_1, [&](auto& w1) {
        if (!kept && forward_gated(be, hidden, x, w0, w1, config.activation())) return;
        up = make();
        forward_together(be, x, w0.to(gate), w1.to(up));
        be.gate(out(hidden), in(gate), in(up), config.activation());
      });
    });
    if (inside.active()) be.dropout(out(hidden), in(hidden), inside, false);
    if (after.active()) {
      auto const y = f.template make<F, C.d_model>(n, residual.columns);
      wo.forward(be, y, hidden);
      be.dropout(out(residual), in(y), after, true);
    } else {
      wo.forward(be, residual, hidden, {.accumulate = true});
    }
    if (kept) *kept = {gate, up, hidden};
  }

  /// dx = the gradient of x, given dy, the residual stream's; d accumulates.
  template <class B, class G>
  void backward(B& be, matrix<F, C.d_model> dx, matrix<F, C.d_model> dy, matrix<X, C.d_model> x, dropout_options inside,
                dropout_options after, trace const& kept, G& d) const {
    frame f(be);
    extent const n = x.rows, width = wo.weight.columns;
    auto const dout = branch_gradient<X>(be, f, dy, after);
    auto const dhidden = f.template make<X, C.d_ff>(n, width);
    wo.backward_weight(be, dout, kept.hidden, d.wo);
    wo.backward_input(be, dhidden, dout);
    if (inside.active()) be.dropout(out(dhidden), in(dhidden), inside, false);
    if_present(wi, [&](auto& w) {
      be.activate_backward(out(dhidden), in(dhidden), in(kept.gate), config.activation());
      if_present(d.wi, [&](auto& dw) { w.backward_weight(be, dhidden, x, dw); });
      w.backward_input(be, dx, dhidden);
    });
    if_present(wi_0, [&](auto& w0) {
      auto const dup = f.template make<X, C.d_ff>(n, width);
      be.gate_backward(out(dhidden), out(dup), in(dhidden), in(kept.gate), in(kept.up), config.activation());
      if_present(d.wi_0, [&](auto& dw) { w0.backward_weight(be, dhidden, x, dw); });
      if_present(d.wi_1, [&](auto& dw) { w0.backward_weight(be, dup, x, dw); });
      w0.backward_input(be, dx, dhidden);
      if_present(wi_1, [&](auto& w1) { w1.backward_input(be, dx, dup, {.accumulate = true}); });
    });
  }
};

}  // namespace flan
