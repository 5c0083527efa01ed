#pragma once
/// A backend whose every call is compared with an oracle's: where a model computes nonsense, the first wrong op throws.

#include <functional>
#include <utility>

#include "flan/backend/comparison.hpp"
#include "flan/backend/mirror.hpp"

namespace flan {

/// Backend, with each op run twice: by Backend, and by Oracle on host copies of the same arguments, widened to double.
/// `checked<cpu_backend, reference_backend>`. Slow: every argument is downloaded. A result that is too far off throws
/// flan::error naming the op, the output, the element, what was got and what was expected; set `on_comparison` to hear
/// of every comparison instead. Ops that Backend's own composite ops call are not seen. Not for quantised
/// weights, whose products are not the oracle's to rounding.
template <class Backend, class Oracle>
class checked : public Backend {
  Oracle oracle_;

  Backend& base() { return *this; }
  template <class View>
  auto mirror(View const& v) {
    return detail::mirror(base(), v);
  }
  template <class View>
  auto mirror_accumulated(View const& v, bool accumulates = true) {
    auto m = detail::mirror(base(), v);
    if (accumulates) m.remember();
    return m;
  }

  static std::string place(extent row, extent column) { return sentence("(", row, ", ", column, ")"); }

  template <class T, class M>
  void compare(char const* op, char const* what, matrix<T> got, M const& expected, double floor = 0,
               bool exact = false) {
    if (got.empty()) return;
    report(detail::compare(op, what, to_host(base(), got), expected.values, expected.before, floor, exact,
                           [&](extent i) { return place(i / got.columns, i % got.columns); }));
  }
  template <class T, class M>
  void compare(char const* op, char const* what, vector_view<T> got, M const& expected, double floor = 0) {
    if (got.empty()) return;
    report(detail::compare(op, what, to_host(base(), got), expected.values, expected.before, floor, false,
                           [](extent i) { return sentence("(", i, ")"); }));
  }
  template <class T, class M>
  void compare(char const* op, char const* what, heads_view<T> got, M const& expected, double floor = 0,
               bool exact = false) {
    report(detail::compare(op, what, detail::heads_to_host(base(), got), expected.values, expected.before, floor, exact,
                           [&](extent i) {
                             extent const row = i / got.width, head = row / got.length;
                             return sentence("(", head / got.heads, ", ", head % got.heads, ", ", row % got.length,
                                             ", ", i % got.width, ")");
                           }));
  }
  template <class T, class O>
  void compare_weights(char const* op, char const* what, std::vector<T> const& got, std::vector<O> const& expected,
                       extent columns) {
    report(detail::compare(op, what, got, expected, {}, 0, true,
                           [&](extent i) { return place(i / columns, i % columns); }));
  }
  void report(comparison const& c) {
    if (on_comparison)
      on_comparison(c);
    else if (!c.ok())
      fail(c.sentence());
  }
  template <class M>
  static double size(M const& m) {
    return detail::size_of(m.values);
  }
  static double root(extent n) { return std::sqrt(static_cast<double>(n)); }

 public:
  /// Hears of every comparison, wrong or right, instead of the exception.
  std::function<void(comparison const&)> on_comparison{};

  checked() = default;
  explicit checked(Backend backend, Oracle oracle = {}) : Backend(std::move(backend)), oracle_(std::move(oracle)) {}

  // Weights.

  template <class W>
  void pack(weight<W>& w) {
    auto const expected = mirror(w);
    Backend::pack(w);
    compare_weights("pack", "w", mirror(w).host, expected.values, w.columns);
  }
  template <class W>
  void unpack(matrix<W> y, weight<W> const& w) {
    auto const expected = mirror(w);
    Backend::unpack(y, w);
    compare_weights("unpack", "y", to_host(base(), y), expected.values, w.columns);
  }

  // Elementwise.

  template <class T>
  void fill(matrix<T> y, double value) {
    auto e = mirror(y);
    Backend::fill(y, value);
    oracle_.fill(e.view, value);
    compare("fill", "y", y, e, 0, true);
  }
  template <class T, class U>
  void copy(matrix<T> y, matrix<U const> x) {
    auto e = mirror(y);
    auto const ex = mirror(x);
    Backend::copy(y, x);
    oracle_.copy(e.view, in(ex.view));
    compare("copy", "y", y, e, 0, true);
  }
  template <class T, class U>
  void add(matrix<T> y, matrix<U const> x) {
    auto e = mirror(y);
    auto const ex = mirror(x);
    Backend::add(y, x);
    oracle_.add(e.view, in(ex.view));
    compare("add", "y", y, e);
  }
  template <class T>
  void dropout(matrix<T> y, matrix<T const> x, dropout_options const& o, bool accumulate) {
    auto e = mirror_accumulated(y, accumulate);
    auto const ex = mirror(x);
    auto const eo = mirror(o);
    Backend::dropout(y, x, o, accumulate);
    oracle_.dropout(e.view, in(ex.view), eo.options, accumulate);
    compare("dropout", "y", y, e);
  }
  template <class T>
  void activate(matrix<T> y, matrix<T const> x, activation a) {
    auto e = mirror(y);
    auto const ex = mirror(x);
    Backend::activate(y, x, a);
    oracle_.activate(e.view, in(ex.view), a);
    compare("activate", "y", y, e, size(ex));  // a tail is the difference of two numbers near x
  }
  template <class T>
  void gate(matrix<T> y, matrix<T const> g, matrix<T const> u, activation a) {
    auto e = mirror(y);
    auto const eg = mirror(g), eu = mirror(u);
    Backend::gate(y, g, u, a);
    oracle_.gate(e.view, in(eg.view), in(eu.view), a);
    compare("gate", "y", y, e, size(eg) * size(eu));
  }
  template <class T>
  void activate_backward(matrix<T> dx, matrix<T const> dy, matrix<T const> x, activation a) {
    auto e = mirror(dx);
    auto const ed = mirror(dy), ex = mirror(x);
    Backend::activate_backward(dx, dy, x, a);
    oracle_.activate_backward(e.view, in(ed.view), in(ex.view), a);
    compare("activate_backward", "dx", dx, e, size(ed));
  }
  template <class T>
  void gate_backward(matrix<T> dg, matrix<T> du, matrix<T const> dy, matrix<T const> g, matrix<T const> u,
                     activation a) {
    auto e_dg = mirror(dg), e_du = mirror(du);
    auto const ed = mirror(dy), eg = mirror(g), eu = mirror(u);
    Backend::gate_backward(dg, du, dy, g, u, a);
    oracle_.gate_backward(e_dg.view, e_du.view, in(ed.view), in(eg.view), in(eu.view), a);
    compare("gate_backward", "dg", dg, e_dg, size(ed) * size(eu));
    compare("gate_backward", "du", du, e_du, size(ed) * size(eg));
  }

  // Products.

  template <class Y, class X, class W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options const& o) {
    auto e = mirror_accumulated(y, o.accumulate);
    auto const ex = mirror(x);
    auto const ew = mirror(w);
    Backend::matmul(y, x, w, o);
    oracle_.matmul(e.view, in(ex.view), ew.view, o);
    compare("matmul", "y", y, e, std::abs(o.scale) * size(ex) * size(ew) * root(x.columns));
  }
  template <class G, class D, class X>
  void weight_gradient(matrix<G> dw, matrix<D const> dy, matrix<X const> x, double scale) {
    auto e = mirror_accumulated(dw);
    auto const ed = mirror(dy), ex = mirror(x);
    Backend::weight_gradient(dw, dy, x, scale);
    oracle_.weight_gradient(e.view, in(ed.view), in(ex.view), scale);
    compare("weight_gradient", "dw", dw, e, std::abs(scale) * size(ed) * size(ex) * root(x.rows));
  }

  // Tables.

  template <class Y, class W>
  void embed(matrix<Y> y, vector_view<std::int32_t const> ids, weight<W> const& table) {
    auto e = mirror(y);
    auto const ei = mirror(ids);
    auto const et = mirror(table);
    Backend::embed(y, ids, table);
    oracle_.embed(e.view, in(ei.view), et.view);
    compare("embed", "y", y, e, 0, true);
  }
  template <class G, class D>
  void embed_backward(matrix<G> dtable, matrix<D const> dy, vector_view<std::int32_t const> ids) {
    auto e = mirror_accumulated(dtable);
    auto const ed = mirror(dy);
    auto const ei = mirror(ids);
    Backend::embed_backward(dtable, dy, ids);
    oracle_.embed_backward(e.view, in(ed.view), in(ei.view));
    compare("embed_backward", "dtable", dtable, e, size(ed));
  }
  template <class T, class U>
  void expand_bias(matrix<T> bias, matrix<U const> table, bias_options const& o) {
    auto e = mirror(bias);
    auto const et = mirror(table);
    Backend::expand_bias(bias, table, o);
    oracle_.expand_bias(e.view, in(et.view), o);
    compare("expand_bias", "bias", bias, e, 0, true);
  }
  template <class G, class T>
  void expand_bias_backward(matrix<G> dtable, matrix<T const> dbias, bias_options const& o) {
    auto e = mirror_accumulated(dtable);
    auto const ed = mirror(dbias);
    Backend::expand_bias_backward(dtable, dbias, o);
    oracle_.expand_bias_backward(e.view, in(ed.view), o);
    compare("expand_bias_backward", "dtable", dtable, e, size(ed) * root(dbias.columns));
  }

  // Norm.

  template <class Y, class F>
  void rms_norm(matrix<Y> y, vector_view<F> inverse, matrix<F const> x, weight<F> const& gain, double epsilon) {
    auto e = mirror(y);
    auto ei = mirror(inverse);
    auto const ex = mirror(x);
    auto const eg = mirror(gain);
    Backend::rms_norm(y, inverse, x, gain, epsilon);
    oracle_.rms_norm(e.view, ei.view, in(ex.view), eg.view, epsilon);
    compare("rms_norm", "y", y, e);
    compare("rms_norm", "inverse", inverse, ei);
  }
  template <class D, class G, class E, class F>
  void rms_norm_backward(matrix<D> dx, matrix<G> dgain, matrix<E const> dy, matrix<F const> x,
                         vector_view<F const> inverse, weight<F> const& gain, bool accumulate) {
    auto e = mirror_accumulated(dx, accumulate), eg = mirror_accumulated(dgain);
    auto const ed = mirror(dy);
    auto const ex = mirror(x);
    auto const ei = mirror(inverse);
    auto const ew = mirror(gain);
    Backend::rms_norm_backward(dx, dgain, dy, x, inverse, gain, accumulate);
    oracle_.rms_norm_backward(e.view, eg.view, in(ed.view), in(ex.view), in(ei.view), ew.view, accumulate);
    compare("rms_norm_backward", "dx", dx, e, size(ed) * size(ei) * size(ew));
    compare("rms_norm_backward", "dgain", dgain, eg, size(ed) * root(x.rows));
  }

  // Attention.

  template <class Y, class F, class Q, class K>
  void attention(heads_view<Y> y, vector_view<F> lse, heads_view<Q const> q, heads_view<K const> k,
                 heads_view<K const> v, attention_options<F> const& o) {
    auto e = mirror(y);
    auto el = mirror(lse);
    auto const eq = mirror(q);
    auto const ek = mirror(k), ev = mirror(v);
    auto const eo = mirror(o);
    Backend::attention(y, lse, q, k, v, o);
    oracle_.attention(e.view, el.view, in(eq.view), in(ek.view), in(ev.view), eo.options);
    double const scores = 1 + size(eq) * size(ek) * root(q.width) + size(eo.bias);
    compare("attention", "y", y, e, size(ev) * scores / 3);  // a probability is off by its score's rounding
    compare("attention", "lse", lse, el, scores);
  }
  template <class D, class F, class X>
  void attention_backward(heads_view<D> dq, heads_view<D> dk, heads_view<D> dv, matrix<F> dbias, heads_view<X const> dy,
                          heads_view<X const> y, vector_view<F const> lse, heads_view<X const> q, heads_view<X const> k,
                          heads_view<X const> v, attention_options<F> const& o) {
    auto e_dq = mirror(dq), e_dk = mirror(dk), e_dv = mirror(dv);
    auto e_bias = mirror_accumulated(dbias);
    auto const ed = mirror(dy), ey = mirror(y), eq = mirror(q), ek = mirror(k), ev = mirror(v);
    auto const el = mirror(lse);
    auto const eo = mirror(o);
    Backend::attention_backward(dq, dk, dv, dbias, dy, y, lse, q, k, v, o);
    oracle_.attention_backward(e_dq.view, e_dk.view, e_dv.view, e_bias.view, in(ed.view), in(ey.view), in(el.view),
                               in(eq.view), in(ek.view), in(ev.view), eo.options);
    double const rounding = 1 + size(eq) * size(ek) * root(q.width) / 3;  // of the probabilities, as above
    double const score = size(ed) * (size(ev) + size(ey)) * root(q.width) * rounding;
    compare("attention_backward", "dq", dq, e_dq, score * size(ek));
    compare("attention_backward", "dk", dk, e_dk, score * size(eq));
    compare("attention_backward", "dv", dv, e_dv, size(ed) * rounding);
    compare("attention_backward", "dbias", dbias, e_bias, score);
  }

  // Loss and decoding.

  template <class F, class D, class G, class X, class W>
  void cross_entropy_head(vector_view<F> loss, matrix<D> dx, matrix<G> dw, matrix<X const> x, weight<W> const& w,
                          vector_view<std::int32_t const> labels, loss_options const& o) {
    auto e = mirror(loss);
    auto e_dx = mirror(dx);
    auto e_dw = mirror_accumulated(dw);
    auto const ex = mirror(x);
    auto const ew = mirror(w);
    auto const el = mirror(labels);
    Backend::cross_entropy_head(loss, dx, dw, x, w, labels, o);
    oracle_.cross_entropy_head(e.view, e_dx.view, e_dw.view, in(ex.view), ew.view, in(el.view), o);
    double const logits = 1 + std::abs(o.scale) * size(ex) * size(ew) * root(x.columns);
    double const step = std::abs(o.gradient_scale * o.scale) * (1 + logits / 10);
    // The logits' gradient may be rounded to x's format, which dx and dw need not have. The label's is most of it, and
    // meets a factor that may be four times the size of most.
    auto const rounded = [](auto as) {
      double const coarser = detail::accuracy<X>::terms / detail::accuracy<decltype(as)>::terms;
      return coarser > 1 ? 4 * coarser : 1.0;
    };
    compare("cross_entropy_head", "loss", loss, e, logits);
    compare("cross_entropy_head", "dx", dx, e_dx, step * size(ew) * rounded(D()));
    compare("cross_entropy_head", "dw", dw, e_dw, step * size(ex) * rounded(G()));
  }
  template <class T>
  void append_to_cache(heads_view<T> cache, heads_view<T const> rows, extent position) {
    auto e = mirror(cache);
    auto const er = mirror(rows);
    Backend::append_to_cache(cache, rows, position);
    oracle_.append_to_cache(e.view, in(er.view), position);
    compare("append_to_cache", "cache", cache, e, 0, true);
  }
  template <class F>
  void top_k(matrix<F> values, matrix<std::int32_t> ids, vector_view<F> lse, matrix<F const> logits) {
    auto ev = mirror(values);
    auto ei = mirror(ids);
    auto el = mirror(lse);
    auto const e = mirror(logits);
    Backend::top_k(values, ids, lse, logits);
    oracle_.top_k(ev.view, ei.view, el.view, in(e.view));
    compare("top_k", "values", values, ev, 0, true);
    compare("top_k", "ids", ids, ei, 0, true);
    compare("top_k", "lse", lse, el, 1 + size(e));
  }

  // Optimizers.

  template <class G>
  void sum_of_squares(vector_view<double> sum, matrix<G const> g) {
    auto e = mirror_accumulated(sum);
    auto const eg = mirror(g);
    Backend::sum_of_squares(sum, g);
    oracle_.sum_of_squares(e.view, in(eg.view));
    compare("sum_of_squares", "sum", sum, e);
  }
  template <class M, class G>
  void adafactor_update(matrix<M> w, matrix<G const> g, vector_view<M> v_row, vector_view<M> v_column, matrix<M> v,
                        adafactor_options const& o) {
    auto e = mirror_accumulated(w);
    auto er = mirror(v_row), ec = mirror(v_column);
    auto ev = mirror(v);
    auto const eg = mirror(g);
    Backend::adafactor_update(w, g, v_row, v_column, v, o);
    oracle_.adafactor_update(e.view, in(eg.view), er.view, ec.view, ev.view, o);
    compare("adafactor_update", "w", w, e);
    compare("adafactor_update", "v_row", v_row, er);
    compare("adafactor_update", "v_column", v_column, ec);
    compare("adafactor_update", "v", v, ev);
  }
  template <class M, class G>
  void adamw_update(matrix<M> w, matrix<G const> g, matrix<M> m, matrix<M> v, adamw_options const& o) {
    auto e = mirror_accumulated(w);
    auto em = mirror(m), ev = mirror(v);
    auto const eg = mirror(g);
    Backend::adamw_update(w, g, m, v, o);
    oracle_.adamw_update(e.view, in(eg.view), em.view, ev.view, o);
    compare("adamw_update", "w", w, e);
    compare("adamw_update", "m", m, em);
    compare("adamw_update", "v", v, ev);
  }
};

}  // namespace flan
