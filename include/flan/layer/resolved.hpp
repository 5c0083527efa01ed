#pragma once
/// The few values that calls need from a configuration: constants where C is static, stored where it is open.

#include <utility>

#include "flan/core/activation.hpp"
#include "flan/core/shape.hpp"

namespace flan {

/// A run-time extent against its declaration in C: the sentence is the same for presets and any_t5.
constexpr extent checked_extent(extent declared, extent found, char const* what) {
  if (found < 1) fail("the configuration needs a positive ", what, ", not ", found);
  if (!fits(declared, found))
    fail("the program was compiled for ", what, ' ', declared, ", the configuration has ", found);
  return found;
}

template <auto const& C>
inline constexpr bool is_static =
    C.heads != any_extent&& C.buckets != any_extent&& C.max_distance != any_extent&& C.epsilon >= 0 &&
    C.activation != activation::any&& C.d_model != any_extent;

/// Constructed from a run-time configuration; no storage when C is static.
template <auto const& C, bool Static = is_static<C>>
struct resolved {
  constexpr resolved() = default;
  template <class Config>
  constexpr explicit resolved(Config const&) {}
  static constexpr extent heads() { return C.heads; }
  static constexpr extent buckets() { return C.buckets; }
  static constexpr extent max_distance() { return C.max_distance; }
  static constexpr double epsilon() { return C.epsilon; }
  static constexpr flan::activation activation() { return C.activation; }
};
template <auto const& C>
struct resolved<C, false> {
  resolved() = default;
  template <class Config>
  explicit resolved(Config const& c)
      : heads_(c.heads),
        buckets_(c.buckets),
        max_distance_(c.max_distance),
        epsilon_(c.epsilon),
        activation_(c.activation) {}
  extent heads() const { return heads_; }
  extent buckets() const { return buckets_; }
  extent max_distance() const { return max_distance_; }
  double epsilon() const { return epsilon_; }
  flan::activation activation() const { return activation_; }

 private:
  extent heads_ = 0, buckets_ = 0, max_distance_ = 0;
  double epsilon_ = 0;
  flan::activation activation_ = flan::activation::any;
};

namespace detail {
template <class T>
struct part_maker {  // the part is always there
  template <class... A>
  static T make(bool present, A const&... a) {
    if (!present) fail("the configuration lacks a part that the program was compiled for");
    return T(a...);
  }
};
template <>
struct part_maker<nothing> {
  template <class... A>
  static nothing make(bool present, A const&...) {
    if (present) fail("the configuration has a part that the program was compiled without");
    return nothing();
  }
};
template <class T>
struct part_maker<std::optional<T>> {
  template <class... A>
  static std::optional<T> make(bool present, A const&... a) {
    return present ? std::optional<T>(std::in_place, a...) : std::nullopt;
  }
};
}  // namespace detail

/// A part (`only_if<flag, T>`) that a run-time configuration may lack: constructed when `present`, and checked against
/// a static flag.
template <class Part, class... Arguments>
Part make_part(bool present, Arguments const&... a) {
  return detail::part_maker<Part>::make(present, a...);
}

}  // namespace flan
