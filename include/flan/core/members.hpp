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
// Arguments by index, flat: pairs taken off the front, or std::tuple and its recursion, would cost each list of 22 what
// a header costs.
template <std::size_t I, class T>
struct argument {
  T value;
};
template <class, class...>
struct arguments;
template <std::size_t... I, class... T>
struct arguments<std::index_sequence<I...>, T...> : argument<I, T>... {};
template <std::size_t I, class T>
constexpr T const& get_argument(argument<I, T> const& a) {
  return a.value;
}
template <class Class, class T>
constexpr member<Class, T> make_member(std::string_view name, T Class::*pointer) {
  return {name, pointer};
}
template <class Arguments, std::size_t... I>
constexpr auto make_members(Arguments const& a, std::index_sequence<I...>) {
  return std::tuple<decltype(make_member({}, get_argument<2 * I + 1>(a)))...>(
      make_member(get_argument<2 * I>(a), get_argument<2 * I + 1>(a))...);
}
}  // namespace detail

/// members("premise", &nli::premise, "label", &nli::label): a tuple of `member`.
template <class... NamesAndPointers>
constexpr auto members(NamesAndPointers... a) {
  static_assert(sizeof...(a) % 2 == 0, "members() takes a name and a pointer to member, alternating");
  using arguments = detail::arguments<std::index_sequence_for<NamesAndPointers...>, NamesAndPointers...>;
  return detail::make_members(arguments{{a}...}, std::make_index_sequence<sizeof...(a) / 2>{});
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
