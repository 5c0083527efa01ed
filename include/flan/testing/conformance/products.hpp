#pragma once
/// Conformance: products, weights' layouts, gradients of weights.

#include "flan/backend/together.hpp"
#include "flan/testing/conformance/session.hpp"

namespace flan::testing::detail {

struct product_shape {
  extent m, n, k;
};
// Ones, primes, round numbers and their neighbours; k on both sides of 256 and across several such chunks.
inline constexpr product_shape product_shapes[] = {
    {1, 1, 1},    {1, 17, 255}, {2, 33, 256}, {3, 16, 257}, {8, 40, 513}, {5, 7, 1},  {13, 130, 70}, {64, 50, 100},
    {31, 1, 300}, {1, 300, 64}, {0, 5, 3},    {3, 0, 4},    {2, 3, 0},    {9, 24, 8}, {65, 48, 769}};

// Of vocabularies: within a block of a thousand and over several.
inline constexpr product_shape likeliest_shapes[] = {{1, 40, 16},   {3, 1024, 33},  {2, 1057, 64},
                                                     {5, 2500, 20}, {1, 3100, 300}, {0, 200, 3}};

inline std::string name(product_shape const& s, placement p, char const* more = "") {
  return sentence(s.m, " x ", s.n, " from ", s.k, p == placement::ragged ? ", ragged" : "", more);
}

template <class Y, class X, class W, class S>
void check_matmul(S& s, bool packed) {
  int turn = 0;
  for (auto const& shape : product_shapes) {
    if (s.skips(shape.m * shape.n * shape.k)) continue;
    for (bool transpose : {false, true}) {
      auto const p = turn++ % 2 ? placement::ragged : placement::aligned;
      auto w = transpose ? s.template weights<W>(shape.k, shape.n) : s.template weights<W>(shape.n, shape.k);
      if (packed) s.backend().pack(w);
      auto x = s.template make<X>(shape.m, shape.k, p);
      auto y = s.template make<Y>(shape.m, shape.n, p);
      for (bool accumulate : {false, true}) {
        matmul_options const o{accumulate, transpose, accumulate ? 0.3 : 1.0};
        s.run(
            "matmul",
            name(shape, p, packed ? ", packed" : "") + (transpose ? ", transposed" : "") +
                (accumulate ? ", added" : ""),
            [&](auto& be) { be.matmul(y.view, in(x.view), w, o); }, y);
      }
    }
  }
  // One row of x and one output feature that are no numbers: only their own row and column may show it.
  for (auto const& shape : {product_shape{5, 19, 40}, product_shape{1, 9, 300}}) {
    auto x = s.template make<X>(shape.m, shape.k);
    auto y = s.template make<Y>(shape.m, shape.n);
    x.at(shape.m / 2, shape.k - 1) = narrow<X>(std::numeric_limits<wide_t<X>>::quiet_NaN());
    x.at(0, 3) = narrow<X>(std::numeric_limits<wide_t<X>>::infinity());
    x.reset(s.backend());
    auto w = s.template weights<W>(shape.n, shape.k);
    if (packed) s.backend().pack(w);
    s.run(
        "matmul", name(shape, placement::aligned, ", with NaN and infinity"),
        [&](auto& be) { be.matmul(y.view, in(x.view), w, matmul_options{}); }, y);
  }
}

/// The ops of backend/together.hpp, where B has them: called on the backend itself, they repeat what the checked one
/// did by single ops, and so have to give the same bits.
template <class B, class X, class W, class S>
void check_together(S& s) {
  if constexpr (multiplies_together<B, X, X, W>)
    for (auto const& shape : product_shapes) {
      if (s.skips(shape.m * shape.n * shape.k)) continue;
      for (bool packed : {false, true}) {
        auto w = s.template weights<W>(shape.n, shape.k), v = s.template weights<W>(shape.n + 33, shape.k);
        if (packed) s.backend().pack(w), s.backend().pack(v);
        auto x = s.template make<X>(shape.m, shape.k, placement::ragged);
        auto y = s.template make<X>(shape.m, shape.n), z = s.template make<X>(shape.m, shape.n + 33, placement::ragged);
        s.run(
            "matmul", name(shape, placement::ragged, packed ? ", packed, two at once" : ", two at once"),
            [&](auto& be) {
              if constexpr (std::is_same_v<std::remove_reference_t<decltype(be)>, B>) {
                be.matmul(std::array<projection<X, W>, 2>{{{y.view, w}, {z.view, v}}}, in(x.view), matmul_options{});
              } else {
                be.matmul(y.view, in(x.view), w, matmul_options{});
                be.matmul(z.view, in(x.view), v, matmul_options{});
              }
            },
            y, z);
      }
    }
  if constexpr (multiplies_gated<B, X, W>)
    for (auto const& shape : product_shapes) {
      if (s.skips(shape.m * shape.n * shape.k)) continue;
      auto w = s.template weights<W>(shape.n, shape.k), v = s.template weights<W>(shape.n, shape.k);
      s.backend().pack(w), s.backend().pack(v);
      if (w.format != layout::packed || v.format != layout::packed) continue;  // layers do not call it then
      auto x = s.template make<X>(shape.m, shape.k, placement::ragged);
      auto y = s.template make<X>(shape.m, shape.n, placement::ragged), u = s.template make<X>(shape.m, shape.n);
      s.run(
          "matmul", name(shape, placement::ragged, ", gated"),
          [&](auto& be) {
            if constexpr (std::is_same_v<std::remove_reference_t<decltype(be)>, B>) {
              be.matmul(y.view, in(x.view), gated_weights<W>{w, v, activation::gelu_new});
            } else {
              be.matmul(y.view, in(x.view), w, matmul_options{});
              be.matmul(u.view, in(x.view), v, matmul_options{});
              be.gate(y.view, in(y.view), in(u.view), activation::gelu_new);
            }
          },
          y);
    }
  using F = wide_t<X>;
  if constexpr (multiplies_to_top_k<B, F, X, W>)
    for (auto const& shape : likeliest_shapes)
      for (extent k : {extent{1}, extent{5}, extent{150}}) {
        if (k > shape.n || s.skips(shape.m * shape.n * shape.k)) continue;
        auto w = s.template weights<W>(shape.n, shape.k);
        if (k == 5) s.backend().pack(w);
        auto x = s.template make<X>(shape.m, shape.k, placement::ragged);
        auto z = s.template make<F>(shape.m, shape.n), values = s.template make<F>(shape.m, k, placement::ragged);
        auto ids = s.template make<std::int32_t>(shape.m, k, placement::ragged);
        auto lse = s.template make<F>(1, shape.m);
        s.run(
            "matmul", name(shape, placement::ragged, ", its likeliest"),
            [&](auto& be) {
              matmul_options const o{.scale = 0.5};
              if constexpr (std::is_same_v<std::remove_reference_t<decltype(be)>, B>) {
                be.matmul(top_results<F>{values.view, ids.view, lse.flat()}, in(x.view), w, o);
              } else {
                be.matmul(z.view, in(x.view), w, o);
                be.top_k(values.view, ids.view, lse.flat(), in(z.view));
              }
            },
            values, ids, lse);
      }
}

template <class W, class S>
void check_layouts(S& s) {
  for (auto const& shape : product_shapes) {
    if (s.skips(shape.n * shape.k)) continue;
    auto w = s.template weights<W>(shape.n, shape.k);
    auto y = s.template make<W>(shape.n, shape.k, placement::ragged);
    auto const context = sentence("a weight of ", shape.n, " x ", shape.k);
    s.run(
        "unpack", context, [&](auto& be) { be.unpack(y.view, w); }, y);
    s.run("pack", context, [&](auto& be) {
      auto packed = w;
      be.pack(packed);
      be.pack(packed);
    });
    s.backend().pack(w);
    s.run(
        "unpack", context + ", packed", [&](auto& be) { be.unpack(y.view, w); }, y);
  }
}

template <class G, class D, class X, class S>
void check_weight_gradient(S& s) {
  int turn = 0;
  for (auto const& shape : product_shapes) {
    if (s.skips(shape.m * shape.n * shape.k)) continue;
    auto const p = turn++ % 2 ? placement::ragged : placement::aligned;
    auto dy = s.template make<D>(shape.k, shape.m, p);
    auto x = s.template make<X>(shape.k, shape.n, p);
    auto dw = s.template make<G>(shape.m, shape.n, p);
    s.run(
        "weight_gradient", name(shape, p),
        [&](auto& be) { be.weight_gradient(dw.view, in(dy.view), in(x.view), 0.25); }, dw);
  }
}

}  // namespace flan::testing::detail
