#pragma once
/// Conformance: elementwise ops, norms, tables.

#include "flan/testing/conformance/session.hpp"

namespace flan::testing::detail {

struct flat_shape {
  extent rows, columns;
};
inline constexpr flat_shape flat_shapes[] = {{1, 1}, {3, 7}, {5, 64}, {2, 257}, {17, 33}, {0, 4}, {1, 1000}};

inline std::string name(flat_shape const& s, placement p, std::string_view more = "") {
  return sentence(s.rows, " x ", s.columns, p == placement::ragged ? ", ragged" : "", more);
}

/// f(shape, placement) for each.
template <class S, class F>
void each_shape(S const& s, F f) {
  for (auto const& shape : flat_shapes)
    for (auto p : {placement::aligned, placement::ragged})
      if (!s.skips(10 * shape.rows * shape.columns)) f(shape, p);
}

template <class T, class U, class S>
void check_conversions(S& s) {
  each_shape(s, [&](flat_shape shape, placement p) {
    auto y = s.template make<T>(shape.rows, shape.columns, p);
    auto x = s.template make<U>(shape.rows, shape.columns, p);
    if (shape.columns > 4 && shape.rows > 0) {
      x.at(0, 0) = narrow<U>(std::numeric_limits<wide_t<U>>::quiet_NaN());
      x.at(0, 1) = narrow<U>(-std::numeric_limits<wide_t<U>>::infinity());
      x.at(0, 2) = narrow<U>(static_cast<wide_t<U>>(1e-40));  // subnormal in float
      x.reset(s.backend());
    }
    s.run(
        "fill", name(shape, p), [&](auto& be) { be.fill(y.view, -1.5); }, y);
    s.run(
        "copy", name(shape, p), [&](auto& be) { be.copy(y.view, in(x.view)); }, y);
    s.run(
        "add", name(shape, p), [&](auto& be) { be.add(y.view, in(x.view)); }, y);
  });
}

template <class T, class S>
void check_dropout(S& s) {
  each_shape(s, [&](flat_shape shape, placement p) {
    auto y = s.template make<T>(shape.rows, shape.columns, p);
    auto x = s.template make<T>(shape.rows, shape.columns, p);
    auto keys = s.keys(shape.rows);
    for (bool accumulate : {false, true}) {
      s.run(
          "dropout", name(shape, p, ", rate 0"),
          [&](auto& be) { be.dropout(y.view, in(x.view), dropout_options{}, accumulate); }, y);
      for (double rate : {0.1, 0.75}) {
        dropout_options const o{rate, 12345, in(keys.flat())};
        s.run(
            "dropout", name(shape, p), [&](auto& be) { be.dropout(y.view, in(x.view), o, accumulate); }, y);
      }
    }
    dropout_options const o{0.5, 7, in(keys.flat())};
    s.run(
        "dropout", name(shape, p, ", in place"), [&](auto& be) { be.dropout(y.view, in(y.view), o, false); }, y);
  });
}

inline constexpr activation activations[] = {activation::relu, activation::gelu, activation::gelu_new,
                                             activation::silu};

/// Values where an approximation gives way: large on both sides, tiny, zero, NaN, +infinity.
template <class T>
void edge_values(guarded<T>& g) {
  double const values[] = {0,
                           -0.0,
                           30,
                           -30,
                           9,
                           -9,
                           1e-20,
                           -1e-20,
                           1e4,
                           -1e4,
                           88.5,
                           -88.5,
                           std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity()};
  extent c = 0;
  for (double v : values)
    if (c < g.view.columns && g.view.rows > 0) g.at(0, c++) = narrow<T>(static_cast<wide_t<T>>(v));
}

template <class T, class S>
void check_activations(S& s) {
  for (activation a : activations)
    each_shape(s, [&](flat_shape shape, placement p) {
      auto const context = name(shape, p, sentence(", ", name_of(a)));
      auto y = s.template make<T>(shape.rows, shape.columns, p);
      auto x = s.template make<T>(shape.rows, shape.columns, p, 3);
      auto u = s.template make<T>(shape.rows, shape.columns, p);
      s.run(
          "activate", context, [&](auto& be) { be.activate(y.view, in(x.view), a); }, y);
      s.run(
          "gate", context, [&](auto& be) { be.gate(y.view, in(x.view), in(u.view), a); }, y);
      s.run(
          "gate", context + ", y is g", [&](auto& be) { be.gate(x.view, in(x.view), in(u.view), a); }, x);
      x.reset(s.backend());
      s.run(
          "gate", context + ", y is u", [&](auto& be) { be.gate(u.view, in(x.view), in(u.view), a); }, u);
      edge_values(x);
      x.reset(s.backend());
      s.run(
          "activate", context + ", edges", [&](auto& be) { be.activate(y.view, in(x.view), a); }, y);
    });
}

template <class T, class S>
void check_activations_backward(S& s) {
  for (activation a : activations)
    each_shape(s, [&](flat_shape shape, placement p) {
      auto const context = name(shape, p, sentence(", ", name_of(a)));
      auto dg = s.template make<T>(shape.rows, shape.columns, p), du = s.template make<T>(shape.rows, shape.columns, p);
      auto dy = s.template make<T>(shape.rows, shape.columns, p);
      auto g = s.template make<T>(shape.rows, shape.columns, p, 3),
           u = s.template make<T>(shape.rows, shape.columns, p);
      auto const both = [&](auto& be) { be.gate_backward(dg.view, du.view, in(dy.view), in(g.view), in(u.view), a); };
      s.run(
          "activate_backward", context, [&](auto& be) { be.activate_backward(dg.view, in(dy.view), in(g.view), a); },
          dg);
      s.run("gate_backward", context, both, dg, du);
      s.run(
          "activate_backward", context + ", dx is dy",
          [&](auto& be) { be.activate_backward(dy.view, in(dy.view), in(g.view), a); }, dy);
      dy.reset(s.backend());
      s.run(
          "gate_backward", context + ", dg is dy",
          [&](auto& be) { be.gate_backward(dy.view, du.view, in(dy.view), in(g.view), in(u.view), a); }, dy, du);
      dy.reset(s.backend());
      s.run(
          "gate_backward", context + ", du is dy",
          [&](auto& be) { be.gate_backward(dg.view, dy.view, in(dy.view), in(g.view), in(u.view), a); }, dg, dy);
    });
}

template <class Y, class F, class S>
void check_norm(S& s) {
  each_shape(s, [&](flat_shape shape, placement p) {
    auto y = s.template make<Y>(shape.rows, shape.columns, p);
    auto x = s.template make<F>(shape.rows, shape.columns, p, 20);
    auto inverse = s.template make<F>(1, shape.rows);
    auto gain = s.template weights<F>(1, shape.columns);
    if (shape.rows > 2) {  // a row of zeros has only epsilon, a row with NaN is its own business
      for (extent c = 0; c < shape.columns; ++c) x.at(1, c) = F(0);
      x.at(2, shape.columns / 2) = std::numeric_limits<F>::quiet_NaN();
      x.reset(s.backend());
    }
    s.run(
        "rms_norm", name(shape, p), [&](auto& be) { be.rms_norm(y.view, inverse.flat(), in(x.view), gain, 1e-6); }, y,
        inverse);
    s.run(
        "rms_norm", name(shape, p, ", without inverse"),
        [&](auto& be) { be.rms_norm(y.view, vector_view<F>{}, in(x.view), gain, 0.1); }, y);
  });
}

template <class F, class G, class S>
void check_norm_backward(S& s) {
  each_shape(s, [&](flat_shape shape, placement p) {
    auto x = s.template make<F>(shape.rows, shape.columns, p);
    auto dx = s.template make<F>(shape.rows, shape.columns, p), dy = s.template make<F>(shape.rows, shape.columns, p);
    auto inverse = s.template make<F>(1, shape.rows);
    s.fill(inverse, [&] { return 0.5 + std::abs(s.normal()); });
    auto dgain = s.template make<G>(1, shape.columns, p);
    auto gain = s.template weights<F>(1, shape.columns);
    for (bool accumulate : {false, true})
      s.run(
          "rms_norm_backward", name(shape, p, accumulate ? ", added" : ""),
          [&](auto& be) {
            be.rms_norm_backward(dx.view, dgain.view, in(dy.view), in(x.view), in(inverse.flat()), gain, accumulate);
          },
          dx, dgain);
    s.run(
        "rms_norm_backward", name(shape, p, ", dx is dy"),
        [&](auto& be) {
          be.rms_norm_backward(dy.view, dgain.view, in(dy.view), in(x.view), in(inverse.flat()), gain, false);
        },
        dy, dgain);
  });
}

inline constexpr bias_options bias_settings[] = {{true, 32, 128}, {false, 32, 128}, {true, 16, 40}, {false, 8, 17}};

template <class F, class W, class S>
void check_tables(S& s) {
  each_shape(s, [&](flat_shape shape, placement p) {
    auto y = s.template make<F>(shape.rows, shape.columns, p);
    auto table = s.template weights<W>(11, shape.columns);
    auto ids = s.ids(shape.rows, 11);
    s.run(
        "embed", name(shape, p), [&](auto& be) { be.embed(y.view, in(ids.flat()), table); }, y);
  });
  for (auto const& o : bias_settings)
    for (extent heads : {1, 6, 13}) {
      auto table = s.template make<F>(o.buckets, heads);
      auto bias =
          s.template make<F>(heads, 2 * o.max_distance + 1, heads == 6 ? placement::ragged : placement::aligned);
      s.run(
          "expand_bias", sentence(heads, " heads, ", o.buckets, " buckets"),
          [&](auto& be) { be.expand_bias(bias.view, in(table.view), o); }, bias);
    }
}

template <class F, class G, class S>
void check_tables_backward(S& s) {
  each_shape(s, [&](flat_shape shape, placement p) {
    auto dy = s.template make<F>(shape.rows, shape.columns, p);
    auto dtable = s.template make<G>(5, shape.columns, p);
    auto ids = s.ids(shape.rows, 5);  // some come twice
    s.run(
        "embed_backward", name(shape, p),
        [&](auto& be) { be.embed_backward(dtable.view, in(dy.view), in(ids.flat())); }, dtable);
  });
  for (auto const& o : bias_settings)
    for (extent heads : {1, 6, 13}) {
      auto dtable = s.template make<G>(o.buckets, heads);
      auto dbias =
          s.template make<F>(heads, 2 * o.max_distance + 1, heads == 6 ? placement::ragged : placement::aligned);
      s.run(
          "expand_bias_backward", sentence(heads, " heads, ", o.buckets, " buckets"),
          [&](auto& be) { be.expand_bias_backward(dtable.view, in(dbias.view), o); }, dtable);
    }
}

}  // namespace flan::testing::detail
