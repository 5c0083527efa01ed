#pragma once
/// From what a file says to the fields of a task: field_spec carried out.

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/field.hpp"
#include "flan/data/field_spec.hpp"
#include "flan/data/nearest_name.hpp"
#include "flan/data/options_field.hpp"
#include "flan/data/raw_record.hpp"
#include "flan/prompt/option_record.hpp"
#include "flan/prompt/prompt.hpp"

namespace flan::detail {

/// A field that a task has: a text, one of the options that all records share, one of each record's own.
struct task_field {
  enum class kind : unsigned char { text, fixed, own };
  std::string name;
  kind is = kind::text;
  std::vector<std::string> options = {};  // of `fixed`
  bool optional = false;                  // a text that may be missing: empty then
  bool filled = false;                    // a text that may not be empty
};

[[gnu::cold]] inline std::string quoted_list(std::vector<std::string> const& all) {
  std::string list;
  for (auto const& one : all) list += sentence(list.empty() ? "\"" : ", \"", one, '"');
  return list;
}

/// How one field is read.
class mapped_field {
  using kind = task_field::kind;
  using options_pointer = std::shared_ptr<std::vector<std::string> const>;

  struct piece {
    std::string text;
    bool is_path;
  };

  task_field field_;
  field_spec spec_;
  options_pointer fixed_;  // options that all records share
  std::vector<piece> pattern_;

  template <class... Parts>
  [[noreturn, gnu::cold]] void refuse(Parts const&... parts) const {
    fail("fields.", field_.name, ": ", parts...);
  }

  [[gnu::cold]] void check_keys() {
    auto const& s = spec_;
    bool const brings = !s.options.empty(), lists = !s.choices.empty();
    int const ways = s.text.has_value() + !s.pattern.empty() + !s.values.empty() + s.join.has_value() + brings + lists;
    if (ways > 1) refuse("only one of text, template, values, join, choices and options makes sense for a field");
    if ((brings || lists) && s.right.empty())
      refuse("options need \"right\", the field that says which of them is right");
    if (!s.right.empty() && !brings && !lists) refuse("\"right\" needs \"options\" or \"choices\" to choose from");
    if ((s.text || !s.pattern.empty() || brings || lists) && s.from != field_.name)
      refuse("a value is either read from the field \"", s.from, "\" or made up otherwise, not both");
    if (field_.is == kind::fixed && (brings || lists))
      refuse("it is one of ", quoted_list(field_.options), " in all records; \"values\" says what stands for them");
    if (field_.is != kind::text && (s.join || !s.pattern.empty()))
      refuse("it is one of several options and not a text that can be put together");
    if (field_.is == kind::own && s.text) refuse("it is one of several options, which a single text does not give");
  }

  [[gnu::cold]] void compile() {
    for (auto const& [written, meant] : spec_.values)
      if (field_.is == kind::fixed &&
          std::find(field_.options.begin(), field_.options.end(), meant) == field_.options.end())
        refuse("\"", written, "\" is said to mean \"", meant, "\"", did_you_mean(meant, field_.options));
    if (field_.is == kind::fixed && spec_.text &&
        std::find(field_.options.begin(), field_.options.end(), *spec_.text) == field_.options.end())
      refuse("\"", *spec_.text, "\" is none of its options", did_you_mean(*spec_.text, field_.options));
    if (field_.is == kind::own && !spec_.values.empty()) {
      field_.is = kind::fixed;
      for (auto const& [written, meant] : spec_.values)
        if (std::find(field_.options.begin(), field_.options.end(), meant) == field_.options.end())
          field_.options.push_back(meant);
    }
    if (field_.is == kind::fixed) fixed_ = std::make_shared<std::vector<std::string> const>(field_.options);
    if (!spec_.choices.empty()) fixed_ = std::make_shared<std::vector<std::string> const>(spec_.choices);
    if (!spec_.pattern.empty())
      walk_template(
          spec_.pattern,
          [&](std::string_view text) {
            pattern_.push_back({std::string(text), false});
          },
          [&](std::string_view path, bool options) {
            if (options) refuse("the template \"", spec_.pattern, "\" puts values together and lists no options");
            pattern_.push_back({std::string(path), true});
          },
          [&](template_mistake, std::string_view where) {
            refuse("the template \"", spec_.pattern, "\" has a mistake with a brace at \"", where, '"');
          });
    if (spec_.right.empty()) return;
    std::uint64_t number = 0;
    bool const letter = spec_.first.size() == 1 && is_letter(spec_.first[0]);
    if (!letter && !read_cell(number, spec_.first))
      refuse("\"first\" should be a number or a letter, but is \"", spec_.first, '"');
  }

  static bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

  // The text of a value; null is one for a field that may be missing.
  std::string text_at(raw_value const& v, std::string_view path) const {
    if (!field_.optional && v.value != nullptr && v.value->is_null()) fail("the field \"", path, "\" is null");
    return text_of(v, path);
  }

  option_value option(options_pointer options, std::size_t right) const {
    if ((*options)[right].empty()) fail("the right option of the field \"", field_.name, "\" is empty");
    option_value v{(*options)[right], {}, 0};
    if (field_.is != kind::text) v.options = std::move(options), v.right = right;
    return v;
  }

  std::string meant_by(std::string const& written) const {
    for (auto const& [from, to] : spec_.values)
      if (from == written) return to;
    std::vector<std::string> known;
    for (auto const& [from, to] : spec_.values) known.push_back(from);
    fail("the field \"", spec_.from, "\" is ", excerpt(written), ", which \"values\" does not explain; it explains ",
         quoted_list(known));
  }

  // A label of options that all records have: an option's text, its position, or a truth where they are yes and no.
  std::size_t label(raw_value const& v) const {
    auto const& all = *fixed_;
    std::string const text = text_of(v, spec_.from);
    auto const found = std::find(all.begin(), all.end(), text);
    if (found != all.end()) return static_cast<std::size_t>(found - all.begin());
    if (all.size() == 2 && (text == "true" || text == "false")) {
      auto const yes = std::find(all.begin(), all.end(), "yes"), no = std::find(all.begin(), all.end(), "no");
      if (yes != all.end() && no != all.end())
        return static_cast<std::size_t>((text == "true" ? yes : no) - all.begin());
    }
    std::uint64_t n = 0;
    if ((v.cell != nullptr || v.value->is_number_integer()) && read_cell(n, text) && n < all.size())
      return static_cast<std::size_t>(n);
    fail("the field \"", spec_.from, "\" should be one of ", quoted_list(all), ", but is ",
         v.cell != nullptr ? excerpt(text) : shown(*v.value), "; \"values\" can say what it means");
  }

  // Where the right one stands, by what the file says of it.
  std::size_t right_of(std::vector<std::string> const& all, raw_value const& v) const {
    std::string const text = text_of(v, spec_.right);
    std::optional<std::size_t> by_place;
    if (is_letter(spec_.first[0])) {
      std::string_view letter = text;
      if (letter.size() == 3 && letter[0] == '(' && letter[2] == ')') letter = letter.substr(1, 1);
      if (letter.size() == 1 && letter[0] >= spec_.first[0] &&
          static_cast<std::size_t>(letter[0] - spec_.first[0]) < all.size())
        by_place = static_cast<std::size_t>(letter[0] - spec_.first[0]);
    } else {
      std::uint64_t n = 0, first = 0;
      read_cell(first, spec_.first);
      if (read_cell(n, text) && n >= first && n - first < all.size()) by_place = static_cast<std::size_t>(n - first);
    }
    bool const number = v.value != nullptr && v.value->is_number();
    auto const found = number ? all.end() : std::find(all.begin(), all.end(), text);
    if (by_place && found != all.end() && all[*by_place] != text)
      fail("the field \"", spec_.right, "\" is ", excerpt(text), ", which is one option's text and another's place");
    if (by_place) return *by_place;
    if (found != all.end()) return static_cast<std::size_t>(found - all.begin());
    fail("the field \"", spec_.right, "\" should say which of ", all.size(), " options is right, the first being \"",
         spec_.first, "\", but is ", excerpt(text));
  }

  option_value chosen(raw_record const& r) const {
    if (fixed_) return option(fixed_, right_of(*fixed_, r.at(spec_.right)));
    std::vector<std::string> all;
    if (spec_.options.size() > 1) {
      for (auto const& path : spec_.options) all.push_back(text_at(r.at(path), path));
    } else {
      auto const& path = spec_.options.front();
      if (r.columns != nullptr) fail("a column holds no list of options; name the columns that hold one each");
      std::vector<json const*> elements;
      elements_at(r.object, path, elements);
      for (auto const* const one : elements) all.push_back(text_at({one, nullptr}, path));
    }
    if (all.empty()) fail("the field \"", spec_.options.front(), "\" lists no options");
    auto const at = right_of(all, r.at(spec_.right));
    return option(std::make_shared<std::vector<std::string> const>(std::move(all)), at);
  }

  option_value joined(raw_value const& v) const {
    if (v.value == nullptr || !v.value->is_array()) return {text_at(v, spec_.from), {}, 0};
    std::string all;
    bool first = true;
    for (auto const& one : *v.value) {
      if (!std::exchange(first, false)) all += *spec_.join;
      all += text_at({&one, nullptr}, spec_.from);
    }
    return {std::move(all), {}, 0};
  }

 public:
  /// Throws `error`, beginning "fields.NAME:", for a specification that makes no sense for the field.
  [[gnu::cold]] mapped_field(task_field field, field_spec spec) : field_(std::move(field)), spec_(std::move(spec)) {
    if (spec_.from.empty()) spec_.from = field_.name;
    check_keys();
    compile();
  }

  option_field describe() const { return {field_.name, field_.is != kind::text}; }

  option_value operator()(raw_record const& r) const {
    auto v = read(r);
    if (field_.filled && v.text.empty()) fail("the field \"", spec_.from, "\" is empty");
    return v;
  }

  /// All that decides what it makes of a record.
  [[gnu::cold]] std::string key() const {
    std::string all = sentence("\nfield ", field_.name, static_cast<int>(field_.is), field_.optional, field_.filled,
                               " from ", spec_.from, " text ", spec_.text ? "=" + *spec_.text : std::string(),
                               " pattern ", spec_.pattern, " join ", spec_.join ? "=" + *spec_.join : std::string(),
                               " right ", spec_.right, " first ", spec_.first);
    for (auto const& option : field_.options) all += "\n option " + option;
    for (auto const& [written, meant] : spec_.values) all += "\n value " + written + "\n means " + meant;
    for (auto const& choice : spec_.choices) all += "\n choice " + choice;
    for (auto const& path : spec_.options) all += "\n option at " + path;
    return all;
  }

 private:
  option_value read(raw_record const& r) const {
    if (!spec_.right.empty()) return chosen(r);
    if (!pattern_.empty()) {
      option_value v;
      for (auto const& p : pattern_) v.text += p.is_path ? text_at(r.at(p.text), p.text) : p.text;
      return v;
    }
    if (spec_.text) {
      if (field_.is == kind::text) return {*spec_.text, {}, 0};
      return option(fixed_,
                    static_cast<std::size_t>(std::find(fixed_->begin(), fixed_->end(), *spec_.text) - fixed_->begin()));
    }
    auto const v = field_.optional ? r.find(spec_.from) : r.at(spec_.from);
    if (!v) return {};
    if (!spec_.values.empty()) {
      auto text = meant_by(text_of(v, spec_.from));
      if (field_.is == kind::text) return {std::move(text), {}, 0};
      return option(fixed_,
                    static_cast<std::size_t>(std::find(fixed_->begin(), fixed_->end(), text) - fixed_->begin()));
    }
    if (spec_.join) return joined(v);
    if (field_.is == kind::text) return {text_at(v, spec_.from), {}, 0};
    if (field_.is == kind::fixed) return option(fixed_, label(v));
    any_choice own;
    if (v.value == nullptr || !read_any_choice(own, *v.value))
      fail("the field \"", spec_.from, "\" should be ", expectation<any_choice>(), ", but is ",
           v.cell != nullptr ? excerpt(*v.cell) : shown(*v.value),
           "; \"options\" and \"right\" can say where they stand");
    auto const at = own.index();
    return option(std::make_shared<std::vector<std::string> const>(own.options()), at);
  }
};

/// How all fields of a task are read.
class field_mapping {
  std::vector<mapped_field> fields_;
  std::shared_ptr<std::vector<option_field> const> names_;

 public:
  /// `what` they are the fields of, for messages. Throws `error` for a specification of a field that is none.
  [[gnu::cold]] field_mapping(std::string_view what, std::vector<task_field> const& fields,
                              std::vector<std::pair<std::string, field_spec>> const& specs) {
    std::vector<std::string> known;
    for (auto const& f : fields) known.push_back(f.name);
    for (auto const& [name, spec] : specs)
      if (std::find(known.begin(), known.end(), name) == known.end())
        fail("fields.", name, ": ", what, " has no field \"", name, "\"", did_you_mean(name, known));
    std::vector<option_field> names;
    for (auto const& f : fields) {
      auto const found = std::find_if(specs.begin(), specs.end(), [&](auto const& s) { return s.first == f.name; });
      fields_.emplace_back(f, found == specs.end() ? field_spec{} : found->second);
      names.push_back(fields_.back().describe());
    }
    names_ = std::make_shared<std::vector<option_field> const>(std::move(names));
  }

  std::vector<option_field> const& names() const { return *names_; }
  option_record operator()(raw_record const& r) const {
    option_record out{names_, {}};
    out.values.reserve(fields_.size());
    for (auto const& field : fields_) out.values.push_back(field(r));
    return out;
  }
  [[gnu::cold]] std::string key() const {
    std::string all;
    for (auto const& field : fields_) all += field.key();
    return all;
  }
};

}  // namespace flan::detail
