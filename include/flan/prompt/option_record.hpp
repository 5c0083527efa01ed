#pragma once
/// Records whose fields the run time names, as those of text_record, but which may have options: what a program knows
/// of a file when a configuration, and not a type, says what its fields mean.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/prompt/option_style.hpp"

namespace flan {

/// A field's name, and whether it is one of several options.
struct option_field {
  std::string name;
  bool has_options = false;
};

/// A text or, with options, the right one of them. Options that are the same in all records are shared.
struct option_value {
  std::string text;
  std::shared_ptr<std::vector<std::string> const> options = {};  ///< none for a text
  std::size_t right = 0;
};

/// The options that a record has in a field.
struct options_view {
  std::span<std::string const> options;
  std::size_t right = 0;
};

struct option_record {
  std::shared_ptr<std::vector<option_field> const> fields;  ///< shared by all records of one source
  std::vector<option_value> values;                         ///< one per field

  /// Null when there is no such field.
  option_value const* find(std::string_view name) const {
    for (std::size_t i = 0; i < values.size(); ++i)
      if ((*fields)[i].name == name) return &values[i];
    return nullptr;
  }

  /// All that it holds, for fingerprints.
  template <class Fingerprinter>
  void add_to(Fingerprinter& f) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      f.add(std::string_view((*fields)[i].name)).add(std::string_view(values[i].text));
      if (!values[i].options) continue;
      for (auto const& option : *values[i].options) f.add(std::string_view(option));
    }
  }

  // What templates and instructions ask of a record.
  friend void append_field(std::string& out, option_record const& r, std::string_view name,
                           option_style const* options) {
    auto const* const value = r.find(name);
    if (value == nullptr) fail("a record has no field \"", name, "\"");
    if (options != nullptr && value->options) return detail::append_options(out, *value->options, *options);
    out += value->text;
  }
  friend options_view listed_options(option_record const& r, std::string_view name) {
    auto const* const value = r.find(name);
    if (value == nullptr || !value->options) return {};
    return {*value->options, value->right};
  }
};

}  // namespace flan
