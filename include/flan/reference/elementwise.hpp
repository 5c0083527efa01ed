#pragma once
/// Reference: elementwise ops, dropout, activations and gates.

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/reference/scalar.hpp"

namespace flan::reference {

struct elementwise {
  template <class T>
  void fill(matrix<T> y, double value) {
    for (extent r = 0; r < y.rows; ++r)
      for (extent c = 0; c < y.columns; ++c) y.data[r * y.stride + c] = detail::convert<T>(value);
  }
  template <class T, class U>
  void copy(matrix<T> y, matrix<U const> x) {
    detail::expect_shape("copy", "y", y, x);
    for (extent r = 0; r < y.rows; ++r)
      for (extent c = 0; c < y.columns; ++c) y.data[r * y.stride + c] = detail::convert<T>(x.data[r * x.stride + c]);
  }
  template <class T, class U>
  void add(matrix<T> y, matrix<U const> x) {
    using F = wide_t<T>;
    detail::expect_shape("add", "y", y, x);
    for (extent r = 0; r < y.rows; ++r)
      for (extent c = 0; c < y.columns; ++c) {
        T& element = y.data[r * y.stride + c];
        element = narrow<T>(widen(element) + detail::convert<F>(x.data[r * x.stride + c]));
      }
  }

  template <class T>
  void dropout(matrix<T> y, matrix<T const> x, dropout_options const& o, bool accumulate) {
    using F = wide_t<T>;
    detail::expect_shape("dropout", "y", y, x);
    if (o.active()) detail::expect("dropout", "the row keys", x.rows, o.rows.size);
    F const scale(static_cast<detail::real_t<F>>(1 / (1 - o.rate)));
    for (extent r = 0; r < y.rows; ++r)
      for (extent c = 0; c < y.columns; ++c) {
        bool const dropped =
            o.active() && dropout_bits(o.rows.data[r], o.site, static_cast<std::uint32_t>(c)) < o.threshold();
        F const kept = dropped ? F(0) : widen(x.data[r * x.stride + c]) * scale;
        T& element = y.data[r * y.stride + c];
        element = narrow<T>(accumulate ? widen(element) + kept : kept);
      }
  }

  template <class T>
  void activate(matrix<T> y, matrix<T const> x, activation a) {
    detail::expect_shape("activate", "y", y, x);
    for (extent r = 0; r < y.rows; ++r)
      for (extent c = 0; c < y.columns; ++c)
        y.data[r * y.stride + c] = narrow<T>(detail::apply(a, widen(x.data[r * x.stride + c])));
  }
  template <class T>
  void activate_backward(matrix<T> dx, matrix<T const> dy, matrix<T const> x, activation a) {
    detail::expect_shape("activate_backward", "dy", dy, x);
    detail::expect_shape("activate_backward", "dx", dx, x);
    for (extent r = 0; r < dx.rows; ++r)
      for (extent c = 0; c < dx.columns; ++c)
        dx.data[r * dx.stride + c] =
            narrow<T>(widen(dy.data[r * dy.stride + c]) * detail::derivative(a, widen(x.data[r * x.stride + c])));
  }

  template <class T>
  void gate(matrix<T> y, matrix<T const> g, matrix<T const> u, activation a) {
    detail::expect_shape("gate", "u", u, g);
    detail::expect_shape("gate", "y", y, g);
    for (extent r = 0; r < y.rows; ++r)
      for (extent c = 0; c < y.columns; ++c)
        y.data[r * y.stride + c] =
            narrow<T>(detail::apply(a, widen(g.data[r * g.stride + c])) * widen(u.data[r * u.stride + c]));
  }
  template <class T>
  void gate_backward(matrix<T> dg, matrix<T> du, matrix<T const> dy, matrix<T const> g, matrix<T const> u,
                     activation a) {
    detail::expect_shape("gate_backward", "u", u, g);
    detail::expect_shape("gate_backward", "dy", dy, g);
    detail::expect_shape("gate_backward", "dg", dg, g);
    detail::expect_shape("gate_backward", "du", du, g);
    using F = wide_t<T>;
    for (extent r = 0; r < dg.rows; ++r)
      for (extent c = 0; c < dg.columns; ++c) {
        // All three are read before either is written: dg or du may be dy.
        F const d = widen(dy.data[r * dy.stride + c]), gate = widen(g.data[r * g.stride + c]),
                up = widen(u.data[r * u.stride + c]);
        dg.data[r * dg.stride + c] = narrow<T>(d * up * detail::derivative(a, gate));
        du.data[r * du.stride + c] = narrow<T>(d * detail::apply(a, gate));
      }
  }
};

}  // namespace flan::reference
