#pragma once
/// Extents known to the compiler or left open until run time, and flags that may be open too.

#include <cstddef>
#include <optional>

#include "flan/core/error.hpp"

namespace flan {

/// A number of rows, columns, tokens, heads. Signed, so that differences are differences.
using extent = std::ptrdiff_t;

/// An extent that only the run time knows (`any_t5`).
inline constexpr extent any_extent = -1;

/// A yes/no property of a configuration, or one that only the run time knows.
enum class flag : signed char { no, yes, any };

constexpr flag operator!(flag f) { return f == flag::any ? f : f == flag::yes ? flag::no : flag::yes; }
constexpr flag operator||(flag a, flag b) {
  if (a == flag::yes || b == flag::yes) return flag::yes;
  return a == flag::any || b == flag::any ? flag::any : flag::no;
}
constexpr flag to_flag(bool b) { return b ? flag::yes : flag::no; }

/// a·b, any_extent when either is.
constexpr extent times(extent a, extent b) { return a == any_extent || b == any_extent ? any_extent : a * b; }

/// Whether a run-time value fits what the compiler was told.
constexpr bool fits(extent declared, extent found) { return declared == any_extent || declared == found; }
constexpr bool fits(flag declared, flag found) { return declared == flag::any || declared == found; }

/// A part that a configuration lacks: no storage, no parameters, no code.
struct nothing {
  template <class... Any>
  constexpr explicit nothing(Any&&...) noexcept {}
  constexpr nothing() = default;
};

namespace detail {
template <flag F, class T>
struct only_if_type {
  using type = T;
};
template <class T>
struct only_if_type<flag::no, T> {
  using type = nothing;
};
template <class T>
struct only_if_type<flag::any, T> {
  using type = std::optional<T>;
};
}  // namespace detail

/// `nothing`, T, or an optional T, as the flag is no, yes or open.
template <flag F, class T>
using only_if = typename detail::only_if_type<F, T>::type;

/// Calls f(part) when the part is there: bodies say this instead of `if constexpr (C.gated)`.
template <class F>
constexpr bool if_present(nothing const&, F&&) {
  return false;
}
template <class T, class F>
constexpr bool if_present(std::optional<T>& part, F&& f) {
  if (part) f(*part);
  return part.has_value();
}
template <class T, class F>
constexpr bool if_present(std::optional<T> const& part, F&& f) {
  if (part) f(*part);
  return part.has_value();
}
template <class T, class F>
constexpr bool if_present(T& part, F&& f) {
  f(part);
  return true;
}

}  // namespace flan
