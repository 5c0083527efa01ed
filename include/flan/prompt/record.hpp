#pragma once
/// What a template reads from: structs with named members, and records whose fields only the run time knows.

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/core/members.hpp"
#include "flan/prompt/any_choice.hpp"
#include "flan/prompt/choice.hpp"
#include "flan/prompt/option_style.hpp"

namespace flan {

/// A field that knows its options: `choice<…>`, the same for all records, or `any_choice`, each record its own.
template <class T>
inline constexpr bool has_options = is_choice<T> || std::same_as<T, any_choice>;

/// A type that a field of a record may have: text, a number, true or false, one of a few texts.
template <class T>
concept field_type = std::same_as<T, std::string> || std::integral<T> || std::floating_point<T> || has_options<T>;

namespace detail {

struct field_info {
  std::string_view name;
  bool has_options = false;
};

template <class R, std::size_t... I>
constexpr auto list_fields(std::index_sequence<I...>) {
  return std::array<field_info, sizeof...(I)>{field_info{
      std::get<I>(R::members).name,
      flan::has_options<typename std::tuple_element_t<I, std::remove_cvref_t<decltype(R::members)>>::value_type>}...};
}

template <class R, std::size_t... I>
constexpr bool all_fields(std::index_sequence<I...>) {
  return (field_type<typename std::tuple_element_t<I, std::remove_cvref_t<decltype(R::members)>>::value_type> && ...);
}

/// Written as in JSON: numbers in their shortest form that reads back the same. Of options, the right one.
template <field_type T>
void append_field_text(std::string& out, T const& value) {
  if constexpr (std::same_as<T, std::string>) {
    out += value;
  } else if constexpr (flan::has_options<T>) {
    out += value.text();
  } else if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::same_as<T, char>) {
    out += value;
  } else {
    char digits[128];
    auto const end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, end);
  }
}

}  // namespace detail

/// A struct with `members`, each of a field_type.
template <class R>
concept record = has_members<R> && detail::all_fields<R>(std::make_index_sequence<member_count<R>>{});

/// The fields of a record type, in the order of its `members`.
template <record R>
inline constexpr auto fields_of = detail::list_fields<R>(std::make_index_sequence<member_count<R>>{});

/// A record with fields named at run time: a row of a table, an object of JSON. All values are text.
struct text_record {
  std::shared_ptr<std::vector<std::string> const> names;  // shared by all records of one source
  std::vector<std::string> values;                        // one per name
};

/// A record of the run time that knows its fields' options: option_record.
template <class R>
concept has_listed_options = requires(R const& r, std::string_view name) {
  { listed_options(r, name).options.size() } -> std::convertible_to<std::size_t>;
};

namespace detail {

/// The position of a field in a list of names; names.size() when absent.
template <class Names>
constexpr std::size_t field_position(Names const& names, std::string_view name) {
  std::size_t i = 0;
  for (; i < names.size(); ++i) {
    if constexpr (requires { names[i].name; }) {
      if (names[i].name == name) break;
    } else {
      if (names[i] == name) break;
    }
  }
  return i;
}

/// Appends a field's text, or with a style the list of its options. The name has been checked before.
template <record R>
void append_field(std::string& out, R const& r, std::string_view name, option_style const* options) {
  for_each_member(r, [&]<class T>(std::string_view member, T const& value) {
    if (member != name) return;
    if constexpr (flan::has_options<T>)
      if (options != nullptr) return append_options(out, value.options(), *options);
    append_field_text(out, value);
  });
}
inline void append_field(std::string& out, text_record const& r, std::string_view name, option_style const*) {
  auto const i = field_position(*r.names, name);
  if (i >= r.values.size()) fail("a record has no field \"", name, "\"");
  out += r.values[i];
}

}  // namespace detail

}  // namespace flan
