#pragma once
/// Names for the members of a struct, written once: parameters of layers, fields of records, keys of configurations.

#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace flan {

/// One named member. Names of parameters may contain dots: they are the checkpoint's own names.
template <class Class, class T>
struct member {
  using class_type = Class;
  using value_type = T;
  std::string_view name;
  T Class::*pointer;
};

namespace detail {
constexpr std::tuple<> make_members() { return {}; }
template <class Class, class T, class... Rest>
constexpr auto make_members(std::string_view name, T Class::*pointer, Rest... rest) {
  return std::tuple_cat(std::tuple<member<Class, T>>{{name, pointer}}, make_members(rest...));
}
}  // namespace detail

/// members("premise", &nli::premise, "label", &nli::label): a tuple of `member`.
template <class... NamesAndPointers>
constexpr auto members(NamesAndPointers... a) {
  static_assert(sizeof...(a) % 2 == 0, "members() takes a name and a pointer to member, alternating");
  return detail::make_members(a...);
}

/// A struct that names its members in `static constexpr auto members`.
template <class T>
concept has_members = requires {
  std::tuple_size<std::remove_cvref_t<decltype(std::remove_cvref_t<T>::members)>>::value;
};

template <has_members T>
inline constexpr std::size_t member_count = std::tuple_size_v<std::remove_cvref_t<decltype(T::members)>>;

namespace detail {
// Recursion by index: g++ 12 rejects a function's pack expanded inside a variadic generic lambda.
template <std::size_t I, class T, class F>
constexpr void each_member(T& object, F& f) {
  using C = std::remove_const_t<T>;
  if constexpr (I < member_count<C>) {
    constexpr auto m = std::get<I>(C::members);
    f(m.name, object.*(m.pointer));
    each_member<I + 1>(object, f);
  }
}
}  // namespace detail

/// f(name, member) for each named member, in the order of the list.
template <class T, class F>
constexpr void for_each_member(T& object, F&& f) {
  detail::each_member<0>(object, f);
}

}  // namespace flan
