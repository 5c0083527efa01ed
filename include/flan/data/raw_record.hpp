#pragma once
/// What a file says of a record, before it is known what it means: an object of JSON, or the cells of a row.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/json_field.hpp"
#include "flan/prompt/record.hpp"
#include "flan/text/json.hpp"

namespace flan::detail {

/// A value: of JSON, or the text of a cell; neither when it is absent.
struct raw_value {
  json const* value = nullptr;
  std::string const* cell = nullptr;
  explicit operator bool() const { return value != nullptr || cell != nullptr; }
};

struct raw_record {
  json object = {};
  std::vector<std::string> const* columns = nullptr;  // of a table
  std::vector<std::string> cells = {};                // then these are there and `object` is not

  raw_value find(std::string_view path) const {
    if (columns == nullptr) return {find_value(object, path), nullptr};
    auto const i = field_position(*columns, path);
    return {nullptr, i < cells.size() ? &cells[i] : nullptr};
  }
  /// Throws, listing what is there, when it is absent.
  raw_value at(std::string_view path) const {
    auto const found = find(path);
    if (!found) fail("the field \"", path, "\" is missing; the record has ", names());
    return found;
  }
  [[gnu::cold]] std::string names() const {
    constexpr std::size_t most = 12;
    std::vector<std::string> all;
    if (columns != nullptr)
      all = *columns;
    else if (object.is_object())
      for (auto const& [key, value] : object.items()) all.push_back(key);
    std::string list;
    for (std::size_t i = 0; i < all.size() && i < most; ++i) list += sentence(i == 0 ? "\"" : ", \"", all[i], '"');
    if (all.size() > most) list += ", …";
    return list.empty() ? "no fields" : list;
  }
};

/// The text of a value that is one: texts as they are, numbers and truths as in JSON, null is empty.
[[gnu::noinline]] inline std::string text_of(raw_value const& v, std::string_view path) {
  if (v.cell != nullptr) return *v.cell;
  if (v.value->is_structured())
    fail("the field \"", path, "\" should be a text, but is ", shown(*v.value),
         v.value->is_array() ? "; \"join\" makes one text of a list" : "");
  return text_of(*v.value);
}

/// All values at a path in which `*` stands for each element of a list. Without one: the elements of the list there.
[[gnu::noinline]] inline void elements_at(json const& in, std::string_view path, std::vector<json const*>& out) {
  auto star = path.find('*');
  auto const whole = [&](std::size_t at) {
    return (at == 0 || path[at - 1] == '.') && (at + 1 == path.size() || path[at + 1] == '.');
  };
  while (star != path.npos && !whole(star)) star = path.find('*', star + 1);
  auto const before = star == path.npos ? path : star == 0 ? std::string_view() : path.substr(0, star - 1);
  auto const* const list = before.empty() ? &in : find_value(in, before);
  if (list == nullptr || !list->is_array())
    fail("the field \"", before, "\" should be a list, but is ", list == nullptr ? "missing" : shown(*list));
  bool const last = star == path.npos || star + 1 == path.size();
  for (auto const& element : *list) {
    if (last) {
      out.push_back(&element);
      continue;
    }
    auto const rest = path.substr(star + 2);
    if (rest.find('*') != rest.npos) {
      elements_at(element, rest, out);
    } else {
      auto const* const value = find_value(element, rest);
      if (value == nullptr) fail("an element of the list \"", before, "\" has no field \"", rest, "\"");
      out.push_back(value);
    }
  }
}

}  // namespace flan::detail
