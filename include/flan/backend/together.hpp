#pragma once
/// Products of the same rows, at once: ops that a backend may have besides what `backend/concept.hpp` asks for, as
/// overloads of matmul. Each row is then brought where it is multiplied once, and what lies between two products of a
/// gated layer never reaches memory. They change no bit of what the single ops give.
///
/// - matmul(std::array<projection<Y, W>, N>, x[M,K], options): for each, y[M,N_i] = or += scale · x·wᵀ
/// - matmul(y[M,N], x[M,K], gated_weights<W>): y = a(x·gateᵀ) ⊙ (x·upᵀ), both products rounded to y's format first.
///   Packed weights only
///
/// A class that derives from a backend and shadows matmul hides these too, and gets its products one by one, unless it
/// brings them back with a using-declaration. One that shadows gate loses the gated product alone.

#include <array>
#include <type_traits>

#include "flan/backend/concept.hpp"

namespace flan {

/// One of several products of the same x.
template <class Y, class W>
struct projection {
  matrix<Y> y;
  weight<W> w;  ///< `borrowed`
};

/// What a gated layer multiplies its input with. Both are [N, K].
template <class W>
struct gated_weights {
  weight<W> gate, up;  ///< `borrowed`
  activation a = activation::relu;
};

/// The same weight without a share in its memory, for the time of a call: copying it counts no references.
template <class W>
weight<W> borrowed(weight<W> const& w) {
  weight<W> b;
  b.data = w.data, b.rows = w.rows, b.columns = w.columns;
  b.format = w.format, b.panel = w.panel, b.read_only = w.read_only;
  return b;
}

namespace detail {
template <class T>
struct class_of_member;
template <class T, class C>
struct class_of_member<T C::*> {
  using type = C;
};
/// Members of one class, or of classes of which none derives from the other: none was shadowed without the other.
template <class A, class B>
inline constexpr bool side_by_side = std::is_same_v<A, B> || (!std::is_base_of_v<A, B> && !std::is_base_of_v<B, A>);
}  // namespace detail

/// B has the products of several weights for Y = x·Wᵀ.
template <class B, class Y, class X, class W>
concept multiplies_together = requires(B be, std::array<projection<Y, W>, 2> const& p, matrix<X const> x) {
  be.matmul(p, x, matmul_options{});
};

/// B has the gated product, and its gate is the one that belongs to it.
template <class B, class X, class W>
concept multiplies_gated = requires(B be, matrix<X> y, matrix<X const> x, gated_weights<W> const& w) {
  be.matmul(y, x, w);
}
&&[] {
  // A gate of another template shape than <T> cannot be asked where it is from, and counts as shadowed.
  if constexpr (requires {
                  typename detail::class_of_member<decltype(&B::template gate<X>)>::type;
                  typename detail::class_of_member<decltype(&B::template matmul<X, X, W>)>::type;
                }) {
    using gates = typename detail::class_of_member<decltype(&B::template gate<X>)>::type;
    using products = typename detail::class_of_member<decltype(&B::template matmul<X, X, W>)>::type;
    return std::is_same_v<gates, products> || !std::is_base_of_v<products, gates>;
  } else {
    return false;
  }
}();

}  // namespace flan
