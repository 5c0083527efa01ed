#pragma once
/// JSON files with errors that name the file and the key.

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "flan/checkpoint/mapped_file.hpp"
#include "flan/core/error.hpp"

namespace flan::detail {

using json = nlohmann::json;

/// Parses text as one JSON object. `where` begins the sentence of every error. `strict` refuses an object that has one
/// key twice (else the last counts, as in Python).
inline json parse_json_object(std::string_view text, std::string const& where, bool strict = false) {
  constexpr int deepest = 32;
  // The parser would take a NUL for the end of the text.
  if (text.find('\0') != text.npos) fail(where, ": not valid JSON: it contains a NUL byte");
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  auto const watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth > deepest) fail(where, ": the JSON is nested deeper than ", deepest, " levels");
    if (!strict) return true;
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get_ref<std::string const&>()).second)
      fail(where, ": the key \"", parsed.get_ref<std::string const&>(), "\" appears twice");
    return true;
  };
  json value;
  try {
    value = json::parse(text.begin(), text.end(), watch);
  } catch (json::exception const& e) {
    std::string_view reason = e.what();  // "[json.exception.parse_error.101] parse error at line 1, …"
    if (auto const bracket = reason.find("] "); bracket != reason.npos) reason.remove_prefix(bracket + 2);
    fail(where, ": not valid JSON: ", reason);
  }
  if (!value.is_object()) fail(where, ": expected a JSON object, found ", value.type_name());
  return value;
}

/// The JSON object in a file of at most 64 MiB.
inline json json_file(std::filesystem::path const& path) {
  mapped_file const file(path);
  if (file.size() > (std::size_t{64} << 20))
    fail(path.string(), ": too large for a configuration (", file.size(), " bytes)");
  return parse_json_object({reinterpret_cast<char const*>(file.data()), file.size()}, path.string());
}

/// A value as an error message shows it.
inline std::string shown(json const& value) {
  std::string s = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (s.size() > 80) s = s.substr(0, 77) + "...";
  return s;
}

}  // namespace flan::detail
