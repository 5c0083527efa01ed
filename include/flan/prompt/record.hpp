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
#include "flan/prompt/choice.hpp"

namespace flan {

/// A type that a field of a record may have: text, a number, true or false, one of a few texts.
template <class T>
concept field_type = std::same_as<T, std::string> || std::integral<T> || std::floating_point<T> || is_choice<T>;

namespace detail {

struct field_info {
  std::string_view name;
  bool is_choice = false;
};

template <class R, std::size_t... I>
constexpr auto list_fields(std::index_sequence<I...>) {
  return std::array<field_info, sizeof...(I)>{field_info{
      std::get<I>(R::members).name,
      flan::is_choice<typename std::tuple_element_t<I, std::remove_cvref_t<decltype(R::members)>>::value_type>}...};
}

template <class R, std::size_t... I>
constexpr bool all_fields(std::index_sequence<I...>) {
  return (field_type<typename std::tuple_element_t<I, std::remove_cvref_t<decltype(R::members)>>::value_type> && ...);
}

/// Written as in JSON: numbers in their shortest form that reads back the same.
template <field_type T>
void append_field_text(std::string& out, T const& value) {
  if constexpr (std::same_as<T, std::string>) {
    out += value;
  } else if constexpr (flan::is_choice<T>) {
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

template <class T>
void append_options([[maybe_unused]] std::string& out, T const&) {
  if constexpr (flan::is_choice<T>) {
    out += "OPTIONS:";
    for (auto option : T::options()) (out += "\n- ") += option;
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

/// Appends a field's text, or its options. The name has been checked before.
template <record R>
void append_field(std::string& out, R const& r, std::string_view name, bool options) {
  for_each_member(r, [&](std::string_view member, auto const& value) {
    if (member != name) return;
    if (options)
      append_options(out, value);
    else
      append_field_text(out, value);
  });
}
inline void append_field(std::string& out, text_record const& r, std::string_view name, bool /*options*/) {
  auto const i = field_position(*r.names, name);
  if (i >= r.values.size()) fail("a record has no field \"", name, "\"");
  out += r.values[i];
}

}  // namespace detail

}  // namespace flan
