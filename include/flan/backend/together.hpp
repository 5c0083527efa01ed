#pragma once
/// Products together with what else their rows or results are for: ops that a backend may have besides what
/// `backend/concept.hpp` asks for, as overloads of matmul. A row is then brought where it is multiplied once, and what
/// lies between two products of a gated layer, or between the head and a choice of tokens, never reaches memory. They
/// change no bit of what the single ops give.
///
/// - matmul(std::array<projection<Y, W>, N>, x[M,K], options): for each, y[M,N_i] = or += scale · x·wᵀ
/// - matmul(y[M,N], x[M,K], gated_weights<W>): y = a(x·gateᵀ) ⊙ (x·upᵀ), both products rounded to y's format first.
///   Packed weights only
/// - matmul(top_results<F>, x[M,K], w[N,K], options): top_k of scale · x·wᵀ in float, which need not exist whole
///
/// A class that derives from a backend and shadows matmul hides these too, and gets its products one by one, unless it
/// brings them back with a using-declaration. One that shadows gate or top_k loses the gated product, or the last,
/// alone.

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

/// Where the k largest results of each row go, as in top_k: values and ids [M, k], and lse[M] or empty.
template <class F>
struct top_results {
  matrix<F> values;
  matrix<std::int32_t> ids;
  vector_view<F> lse;
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

/// Whether B's member Op is of the class that B's matmul is of, or of one that does not derive from that class: Op was
/// not shadowed without matmul.
template <class B, class X, class W, class Op>
inline constexpr bool belongs_to_matmul = [] {
  if constexpr (requires { typename class_of_member<decltype(&B::template matmul<X, X, W>)>::type; }) {
    using ops = typename class_of_member<Op>::type;
    using products = typename class_of_member<decltype(&B::template matmul<X, X, W>)>::type;
    return std::is_same_v<ops, products> || !std::is_base_of_v<products, ops>;
  } else {
    return false;
  }
}();
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
  if constexpr (requires { typename detail::class_of_member<decltype(&B::template gate<X>)>::type; })
    return detail::belongs_to_matmul<B, X, W, decltype(&B::template gate<X>)>;
  else
    return false;
}();

/// B has the likeliest results of a product, and its top_k is the one that belongs to it.
template <class B, class F, class X, class W>
concept multiplies_to_top_k = requires(B be, top_results<F> const& to, matrix<X const> x, weight<W> const& w) {
  be.matmul(to, x, w, matmul_options{});
}
&&[] {
  if constexpr (requires { typename detail::class_of_member<decltype(&B::top_k)>::type; })
    return detail::belongs_to_matmul<B, X, W, decltype(&B::top_k)>;
  else
    return false;
}();

}  // namespace flan
