#pragma once
/// JSON values into the fields of records.

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/field.hpp"
#include "flan/data/options_field.hpp"
#include "flan/text/json.hpp"

namespace flan::detail {

// Nobody's record is nested this deep, and a printer that recurses would not survive much more.
inline constexpr std::size_t deepest_json = 200;

/// The text of a record as a document. The file adds to errors where the record is.
inline json parse_record(std::string_view text) { return parse_json(text, "the record", {.deepest = deepest_json}); }
inline json parse_object(std::string_view text) {
  return parse_json_object(text, "the record", {.deepest = deepest_json});
}

/// The value at a path: a key as it is written or, where there is none, keys and positions in lists that dots part
/// ("passage.questions.0.text"). Null when it is absent.
[[gnu::noinline]] inline json const* find_value(json const& in, std::string_view path) {
  if (in.is_object()) {
    auto const& object = in.get_ref<json::object_t const&>();
    if (auto const found = object.find(std::string(path)); found != object.end()) return &found->second;
    for (auto dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1)) {
      auto const found = object.find(std::string(path.substr(0, dot)));
      if (found == object.end()) continue;
      if (auto const* const value = find_value(found->second, path.substr(dot + 1))) return value;
    }
  } else if (in.is_array()) {
    std::size_t i = 0;
    auto const [end, ec] = std::from_chars(path.data(), path.data() + path.size(), i);
    if (ec != std::errc() || i >= in.size()) return nullptr;
    if (end == path.data() + path.size()) return &in[i];
    if (*end == '.') return find_value(in[i], path.substr(static_cast<std::size_t>(end + 1 - path.data())));
  }
  return nullptr;
}

/// False when the value is not what T expects. Numbers do not become texts, nor 1.0 a whole number. A choice is its
/// text, or its position; of two options the first is also false and the second true.
template <field_type T>
bool read_json(T& out, json const& value) {
  if constexpr (std::same_as<T, std::string>) {
    if (!value.is_string()) return false;
    out = value.get_ref<std::string const&>();
  } else if constexpr (is_choice<T>) {
    if (value.is_string()) return read_cell(out, value.get_ref<std::string const&>());
    std::size_t at = 0;
    if (value.is_boolean() && T::options().size() == 2) {
      if (read_cell(out, value.get<bool>() ? "true" : "false")) return true;
      at = value.get<bool>();
    } else if (value.is_number_unsigned() && value.get<std::uint64_t>() < T::options().size()) {
      at = static_cast<std::size_t>(value.get<std::uint64_t>());
    } else {
      return false;
    }
    out = T::at(at);
  } else if constexpr (std::same_as<T, any_choice>) {
    return read_any_choice(out, value);
  } else if constexpr (std::same_as<T, bool>) {
    if (!value.is_boolean()) return false;
    out = value.get<bool>();
  } else if constexpr (std::floating_point<T>) {
    if (!value.is_number()) return false;
    out = value.get<T>();
  } else {
    // Through text: nlohmann's own conversions wrap silently.
    return value.is_number_integer() && read_cell(out, value.dump());
  }
  return true;
}

/// Fills a field from the value at `name`.
template <field_type T>
void read_field(T& field, json const& object, std::string_view name) {
  auto const* const value = find_value(object, name);
  if (!value) fail("the field \"", name, "\" is missing");
  if (!read_json(field, *value))
    fail("the field \"", name, "\" should be ", expectation<T>(), ", but is ", shown(*value));
}

/// A record from the members of an object; other keys are ignored.
template <record R>
R read_fields(json const& object) {
  R out;
  for_each_member(out, [&](std::string_view name, auto& field) { read_field(field, object, name); });
  return out;
}

/// A value as the text of a field: texts as they are, null is empty, everything else its JSON.
inline std::string text_of(json const& value) {
  if (value.is_string()) return value.get_ref<std::string const&>();
  return value.is_null() ? std::string() : value.dump();
}

/// A value that must be a text.
[[gnu::cold]] inline std::string const& string_of(json const& value, std::string_view name) {
  if (!value.is_string()) fail("the field \"", name, "\" should be a text, but is ", shown(value));
  return value.get_ref<std::string const&>();
}

}  // namespace flan::detail
