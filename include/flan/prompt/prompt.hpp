#pragma once
/// Templates of text with fields of a record, checked by the compiler, or by the same parser at run time.
///
///   {field}           the field's text             {{ and }}   a brace
///   {field:options}   the options of a choice, one a line: "OPTIONS:\n- yes\n- no"
///
/// A slot {field:options} marks the block of options: it can be written in another style, or be left out together with
/// the line breaks (at most two) that set it off.
///
/// What a field holds is never read again: braces in it are just text.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/prompt/record.hpp"

namespace flan {

namespace detail {

// Functions that are not constexpr: a template with a mistake makes the compiler name one of them, on the template's
// line.
inline void template_names_an_unknown_field(std::string_view /*name*/) {}
inline void template_leaves_a_brace_open(std::string_view /*rest*/) {}
inline void template_closes_a_brace_that_is_not_open(std::string_view /*rest*/) {}
inline void template_has_an_empty_slot(std::string_view /*rest*/) {}
inline void template_asks_for_an_unknown_format(std::string_view /*slot*/) {}
inline void template_lists_the_options_of_a_field_that_is_no_choice(std::string_view /*name*/) {}

enum class template_mistake : unsigned char {
  unknown_field,
  brace_left_open,
  brace_not_open,
  empty_slot,
  unknown_format,
  no_choice
};

/// Stops the compiler.
struct mistakes_of_constants {
  constexpr void operator()(template_mistake m, std::string_view where) const {
    switch (m) {
      case template_mistake::unknown_field:
        return template_names_an_unknown_field(where);
      case template_mistake::brace_left_open:
        return template_leaves_a_brace_open(where);
      case template_mistake::brace_not_open:
        return template_closes_a_brace_that_is_not_open(where);
      case template_mistake::empty_slot:
        return template_has_an_empty_slot(where);
      case template_mistake::unknown_format:
        return template_asks_for_an_unknown_format(where);
      case template_mistake::no_choice:
        return template_lists_the_options_of_a_field_that_is_no_choice(where);
    }
  }
};

// A plain loop: the compiler walks it several times faster than find_first_of.
constexpr std::size_t next_brace(std::string_view text, std::size_t from) {
  char const* const p = text.data();
  std::size_t const n = text.size();
  while (from < n && p[from] != '{' && p[from] != '}') ++from;
  return from;
}

/// on_text(part) and on_slot(name, format) in order; on_mistake(kind, where) at the first mistake, which ends the walk.
template <class OnText, class OnSlot, class OnMistake>
constexpr void walk_template(std::string_view text, OnText&& on_text, OnSlot&& on_slot, OnMistake&& on_mistake) {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t const end = next_brace(text, i);
    if (end > i) on_text(text.substr(i, end - i));
    if (end == text.size()) return;
    if (end + 1 < text.size() && text[end + 1] == text[end]) {
      on_text(text.substr(end, 1));
      i = end + 2;
      continue;
    }
    if (text[end] == '}') return on_mistake(template_mistake::brace_not_open, text.substr(end));
    std::size_t const close = next_brace(text, end + 1);
    if (close == text.size() || text[close] == '{')
      return on_mistake(template_mistake::brace_left_open, text.substr(end));
    std::string_view const slot = text.substr(end + 1, close - end - 1);
    std::size_t const colon = slot.find(':');
    std::string_view const name = slot.substr(0, colon);
    std::string_view const format = colon == std::string_view::npos ? std::string_view() : slot.substr(colon + 1);
    if (name.empty()) return on_mistake(template_mistake::empty_slot, text.substr(end));
    if (colon != std::string_view::npos && format != "options")
      return on_mistake(template_mistake::unknown_format, slot);
    on_slot(name, format == "options");
    i = close + 1;
  }
}

/// Checks one slot against a list of fields: of field_info, or of plain names, where none is a choice.
template <class Fields, class OnMistake>
constexpr void slot_of(Fields const& fields, std::string_view name, bool options, OnMistake const& on_mistake) {
  std::size_t const i = field_position(fields, name);
  if (i == fields.size()) return on_mistake(template_mistake::unknown_field, name);
  if constexpr (requires { fields[i].has_options; }) {
    if (options && !fields[i].has_options) on_mistake(template_mistake::no_choice, name);
  } else {
    if (options) on_mistake(template_mistake::no_choice, name);
  }
}

template <class Fields, class OnMistake>
constexpr void check_template(std::string_view text, Fields const& fields, OnMistake const& on_mistake) {
  walk_template(
      text, [](std::string_view) {},
      [&](std::string_view name, bool options) { slot_of(fields, name, options, on_mistake); }, on_mistake);
}

/// The options are written in this style, or left out when it is null: then a block goes with up to two line breaks
/// before it, and where nothing is before it with those after it.
template <class R>
std::string fill_template(std::string_view text, R const& r, option_style const* options = &plain_options) {
  std::string out;
  out.reserve(text.size());
  std::size_t breaks = 0;  // at the end of out, written by the template
  bool at_begin = false;   // a block was left out there
  walk_template(
      text,
      [&](std::string_view part) {
        if (at_begin) part.remove_prefix(std::min(part.find_first_not_of('\n'), part.size()));
        at_begin = false;
        out += part;
        breaks = part.size() - (part.find_last_not_of('\n') + 1);  // npos + 1 is 0: all of it
      },
      [&](std::string_view name, bool listed) {
        if (listed && options == nullptr) {
          out.resize(out.size() - std::min<std::size_t>(breaks, 2));
          at_begin = out.empty();
        } else {
          append_field(out, r, name, listed ? options : nullptr);
          at_begin = false;
        }
        breaks = 0;
      },
      [](template_mistake, std::string_view) {});  // checked when it was made
  return out;
}

/// The name of the first field whose options a template lists; empty when it lists none.
constexpr std::string_view listed_field(std::string_view text) {
  std::string_view found;
  walk_template(
      text, [](std::string_view) {},
      [&](std::string_view name, bool listed) {
        if (listed && found.empty()) found = name;
      },
      [](template_mistake, std::string_view) {});
  return found;
}

}  // namespace detail

/// A template over the fields of R, from a literal that the compiler checks.
template <record R>
class prompt {
 public:
  consteval prompt(char const* literal)
      : text_(literal) {  // NOLINT: implicit, so that tables of templates are literals
    detail::check_template(text_, fields_of<R>, detail::mistakes_of_constants{});
  }

  /// The text with r's fields in place.
  std::string operator()(R const& r) const { return detail::fill_template(text_, r); }
  /// The same with lists of options in this style. Throws `error` for more options than the style can number.
  std::string operator()(R const& r, option_style const& options) const {
    return detail::fill_template(text_, r, &options);
  }
  /// The same without its lists of options.
  std::string without_options(R const& r) const { return detail::fill_template(text_, r, nullptr); }

  /// The field whose options it lists; empty when it lists none.
  constexpr std::string_view listed_field() const { return detail::listed_field(text_); }
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

/// The same for a template that only the run time knows. Throws `error`, quoting the template, for each of the mistakes
/// that stop the compiler in a `prompt`.
class text_prompt {
 public:
  /// For records with fields of these names.
  text_prompt(std::string text, std::span<std::string const> fields) : text_(std::move(text)) { check(fields); }

  /// For records of a type.
  template <record R>
  static text_prompt over(std::string text) {
    return over_fields(std::move(text), fields_of<R>);
  }
  /// For records with these fields, each of which has a `name` and knows whether it `has_options`.
  template <class Fields>
  static text_prompt over_fields(std::string text, Fields const& fields) {
    text_prompt p;
    p.text_ = std::move(text);
    p.check(fields);
    return p;
  }

  /// The text with r's fields in place.
  template <class R>
  std::string operator()(R const& r) const {
    return detail::fill_template(text_, r);
  }
  /// The same with lists of options in this style. Throws `error` for more options than the style can number.
  template <class R>
  std::string operator()(R const& r, option_style const& options) const {
    return detail::fill_template(text_, r, &options);
  }
  /// The same without its lists of options.
  template <class R>
  std::string without_options(R const& r) const {
    return detail::fill_template(text_, r, nullptr);
  }

  /// The field whose options it lists; empty when it lists none.
  std::string_view listed_field() const { return detail::listed_field(text_); }
  std::string const& text() const { return text_; }

 private:
  text_prompt() = default;

  template <class Fields>
  void check(Fields const& fields) const {
    detail::check_template(text_, fields, [&](detail::template_mistake m, std::string_view where) {
      using enum detail::template_mistake;
      auto const quoted = sentence("in the template \"", text_, "\": ");
      switch (m) {
        case unknown_field: {
          std::string names;
          for (auto const& f : fields) {
            if (!names.empty()) names += ", ";
            if constexpr (requires { f.name; })
              names += f.name;
            else
              names += f;
          }
          fail(quoted, "there is no field \"", where, "\"; the fields are ", names.empty() ? "none" : names);
        }
        case brace_left_open:
          fail(quoted, "a brace is left open at \"", where, "\" (\"{{\" is a brace)");
        case brace_not_open:
          fail(quoted, "a brace is closed that was not open at \"", where, "\" (\"}}\" is a brace)");
        case empty_slot:
          fail(quoted, "a slot without a name at \"", where, "\"");
        case unknown_format:
          fail(quoted, "{", where, "}: the only format is {field:options}");
        case no_choice:
          fail(quoted, "the field \"", where, "\" is no choice and has no options");
      }
    });
  }

  std::string text_;
};

}  // namespace flan
