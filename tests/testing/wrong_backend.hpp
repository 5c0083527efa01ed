#pragma once
/// Backends with one wrong op each: what tests must notice.

#include "flan/reference/backend.hpp"

namespace flan::testing {

/// Every op that the backend concept names.
enum class op {
  pack,
  unpack,
  fill,
  copy,
  add,
  dropout,
  activate,
  gate,
  matmul,
  embed,
  rms_norm,
  expand_bias,
  attention,
  append_to_cache,
  top_k,
  cross_entropy_head,
  weight_gradient,
  embed_backward,
  rms_norm_backward,
  activate_backward,
  gate_backward,
  expand_bias_backward,
  attention_backward,
  sum_of_squares,
  adafactor_update,
  adamw_update,
  none
};
inline constexpr char const* op_names[] = {"pack",
                                           "unpack",
                                           "fill",
                                           "copy",
                                           "add",
                                           "dropout",
                                           "activate",
                                           "gate",
                                           "matmul",
                                           "embed",
                                           "rms_norm",
                                           "expand_bias",
                                           "attention",
                                           "append_to_cache",
                                           "top_k",
                                           "cross_entropy_head",
                                           "weight_gradient",
                                           "embed_backward",
                                           "rms_norm_backward",
                                           "activate_backward",
                                           "gate_backward",
                                           "expand_bias_backward",
                                           "attention_backward",
                                           "sum_of_squares",
                                           "adafactor_update",
                                           "adamw_update"};

/// The reference backend, but the last element of the chosen op's first output comes out 1 % too large (and a zero as
/// 0.01; an integer one too large). The op is a run-time choice, so that one instantiation serves all.
class wrong_backend : public reference_backend {
  using base = reference_backend;
  op wrong_;

  template <class T>
  static void spoil(T& x) {
    if constexpr (std::integral<T>)
      ++x;
    else
      x = narrow<T>(static_cast<wide_t<T>>(widen(x) * wide_t<T>(1.01) +
                                           (widen(x) == wide_t<T>(0) ? wide_t<T>(0.01) : wide_t<T>(0))));
  }
  template <class T>
  void spoil_if(op o, matrix<T> m) const {
    if (o == wrong_ && !m.empty()) spoil(m.data[(m.rows - 1) * m.stride + m.columns - 1]);
  }
  template <class T>
  void spoil_if(op o, vector_view<T> v) const {
    if (o == wrong_ && !v.empty()) spoil(v.data[v.size - 1]);
  }
  template <class T>
  void spoil_if(op o, heads_view<T> h) const {
    if (o == wrong_ && h.batch * h.heads * h.length * h.width != 0)
      spoil(h.at(h.batch - 1, h.heads - 1, h.length - 1)[h.width - 1]);
  }

 public:
  explicit wrong_backend(op wrong) : wrong_(wrong) {}

  template <class W>
  void pack(weight<W>& w) {
    base::pack(w);
    spoil_if(op::pack, matrix<W>(w.data, w.rows, w.columns));
  }
  template <class W>
  void unpack(matrix<W> y, weight<W> const& w) {
    base::unpack(y, w);
    spoil_if(op::unpack, y);
  }
  template <class T>
  void fill(matrix<T> y, double value) {
    base::fill(y, value);
    spoil_if(op::fill, y);
  }
  template <class T, class U>
  void copy(matrix<T> y, matrix<U const> x) {
    base::copy(y, x);
    spoil_if(op::copy, y);
  }
  template <class T, class U>
  void add(matrix<T> y, matrix<U const> x) {
    base::add(y, x);
    spoil_if(op::add, y);
  }
  template <class T>
  void dropout(matrix<T> y, matrix<T const> x, dropout_options const& o, bool accumulate) {
    base::dropout(y, x, o, accumulate);
    spoil_if(op::dropout, y);
  }
  template <class T>
  void activate(matrix<T> y, matrix<T const> x, activation a) {
    base::activate(y, x, a);
    spoil_if(op::activate, y);
  }
  template <class T>
  void gate(matrix<T> y, matrix<T const> g, matrix<T const> u, activation a) {
    base::gate(y, g, u, a);
    spoil_if(op::gate, y);
  }
  template <class Y, class X, class W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options const& o) {
    base::matmul(y, x, w, o);
    spoil_if(op::matmul, y);
  }
  template <class Y, class W>
  void embed(matrix<Y> y, vector_view<std::int32_t const> ids, weight<W> const& table) {
    base::embed(y, ids, table);
    spoil_if(op::embed, y);
  }
  template <class Y, class F>
  void rms_norm(matrix<Y> y, vector_view<F> inverse, matrix<F const> x, weight<F> const& gain, double epsilon) {
    base::rms_norm(y, inverse, x, gain, epsilon);
    spoil_if(op::rms_norm, y);
  }
  template <class T, class U>
  void expand_bias(matrix<T> bias, matrix<U const> table, bias_options const& o) {
    base::expand_bias(bias, table, o);
    spoil_if(op::expand_bias, bias);
  }
  template <class Y, class F, class Q, class K>
  void attention(heads_view<Y> y, vector_view<F> lse, heads_view<Q const> q, heads_view<K const> k,
                 heads_view<K const> v, attention_options<F> const& o) {
    base::attention(y, lse, q, k, v, o);
    spoil_if(op::attention, y);
  }
  template <class T>
  void append_to_cache(heads_view<T> cache, heads_view<T const> rows, extent position) {
    base::append_to_cache(cache, rows, position);
    spoil_if(op::append_to_cache, cache);
  }
  template <class F>
  void top_k(matrix<F> values, matrix<std::int32_t> ids, vector_view<F> lse, matrix<F const> logits) {
    base::top_k(values, ids, lse, logits);
    spoil_if(op::top_k, ids);
  }
  template <class F, class D, class G, class X, class W>
  void cross_entropy_head(vector_view<F> loss, matrix<D> dx, matrix<G> dw, matrix<X const> x, weight<W> const& w,
                          vector_view<std::int32_t const> labels, loss_options const& o) {
    base::cross_entropy_head(loss, dx, dw, x, w, labels, o);
    spoil_if(op::cross_entropy_head, loss);
  }
  template <class G, class D, class X>
  void weight_gradient(matrix<G> dw, matrix<D const> dy, matrix<X const> x, double scale) {
    base::weight_gradient(dw, dy, x, scale);
    spoil_if(op::weight_gradient, dw);
  }
  template <class G, class D>
  void embed_backward(matrix<G> dtable, matrix<D const> dy, vector_view<std::int32_t const> ids) {
    base::embed_backward(dtable, dy, ids);
    spoil_if(op::embed_backward, dtable);
  }
  template <class D, class G, class E, class F>
  void rms_norm_backward(matrix<D> dx, matrix<G> dgain, matrix<E const> dy, matrix<F const> x,
                         vector_view<F const> inverse, weight<F> const& gain, bool accumulate) {
    base::rms_norm_backward(dx, dgain, dy, x, inverse, gain, accumulate);
    spoil_if(op::rms_norm_backward, dx);
  }
  template <class T>
  void activate_backward(matrix<T> dx, matrix<T const> dy, matrix<T const> x, activation a) {
    base::activate_backward(dx, dy, x, a);
    spoil_if(op::activate_backward, dx);
  }
  template <class T>
  void gate_backward(matrix<T> dg, matrix<T> du, matrix<T const> dy, matrix<T const> g, matrix<T const> u,
                     activation a) {
    base::gate_backward(dg, du, dy, g, u, a);
    spoil_if(op::gate_backward, dg);
  }
  template <class G, class T>
  void expand_bias_backward(matrix<G> dtable, matrix<T const> dbias, bias_options const& o) {
    base::expand_bias_backward(dtable, dbias, o);
    spoil_if(op::expand_bias_backward, dtable);
  }
  template <class D, class F, class X>
  void attention_backward(heads_view<D> dq, heads_view<D> dk, heads_view<D> dv, matrix<F> dbias, heads_view<X const> dy,
                          heads_view<X const> y, vector_view<F const> lse, heads_view<X const> q, heads_view<X const> k,
                          heads_view<X const> v, attention_options<F> const& o) {
    base::attention_backward(dq, dk, dv, dbias, dy, y, lse, q, k, v, o);
    spoil_if(op::attention_backward, dq);
  }
  template <class G>
  void sum_of_squares(vector_view<double> sum, matrix<G const> g) {
    base::sum_of_squares(sum, g);
    spoil_if(op::sum_of_squares, sum);
  }
  template <class M, class G>
  void adafactor_update(matrix<M> w, matrix<G const> g, vector_view<M> v_row, vector_view<M> v_column, matrix<M> v,
                        adafactor_options const& o) {
    base::adafactor_update(w, g, v_row, v_column, v, o);
    spoil_if(op::adafactor_update, w);
  }
  template <class M, class G>
  void adamw_update(matrix<M> w, matrix<G const> g, matrix<M> m, matrix<M> v, adamw_options const& o) {
    base::adamw_update(w, g, m, v, o);
    spoil_if(op::adamw_update, w);
  }
};

}  // namespace flan::testing
