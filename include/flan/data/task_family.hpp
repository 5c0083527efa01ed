#pragma once
/// The families of the catalog by name: their fields and wordings, for records of the run time. The compiler has
/// checked each wording against the family's type; here its text is all that is needed.

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/alpaca_wordings.hpp"
#include "flan/data/field_mapping.hpp"
#include "flan/data/natural_wordings.hpp"
#include "flan/data/nearest_name.hpp"
#include "flan/prompt/catalog.hpp"
#include "flan/prompt/instruction.hpp"
#include "flan/prompt/option_record.hpp"

namespace flan::detail {

/// The input of a wording, and what stands in its place for records where a field is empty.
class family_input {
  text_prompt full_;
  std::optional<text_prompt> alone_;
  std::string empty_;

  text_prompt const& of(option_record const& r) const {
    if (!alone_) return full_;
    auto const* const value = r.find(empty_);
    return value != nullptr && value->text.empty() ? *alone_ : full_;
  }

 public:
  explicit family_input(text_prompt full) : full_(std::move(full)) {}
  family_input(text_prompt full, text_prompt alone, std::string empty)
      : full_(std::move(full)), alone_(std::move(alone)), empty_(std::move(empty)) {}

  std::string operator()(option_record const& r) const { return of(r)(r); }
  std::string operator()(option_record const& r, option_style const& options) const { return of(r)(r, options); }
  std::string without_options(option_record const& r) const { return of(r).without_options(r); }
  std::string_view listed_field() const { return full_.listed_field(); }
  std::string all_text() const { return alone_ ? full_.text() + '\n' + empty_ + '\n' + alone_->text() : full_.text(); }
};

/// A wording for records of the run time.
struct family_wording {
  family_input input;
  text_prompt target;

  shot operator()(option_record const& r) const { return {input(r), target(r)}; }
  shot operator()(option_record const& r, option_style const& options) const { return word_with(*this, r, options); }
  shot without_options(option_record const& r) const { return {input.without_options(r), target.without_options(r)}; }
  /// For fingerprints.
  std::string text() const { return input.all_text() + '\n' + target.text(); }
};

struct task_family {
  struct wording {
    std::string_view input, target, alone = {};
  };
  std::string_view name;
  std::vector<task_field> fields;
  std::vector<wording> wordings;
  std::string_view empty = {};  // the field that, empty, selects `alone`

  /// Those of these numbers, all without any. Throws `error` for a number that has none.
  [[gnu::cold]] std::vector<family_wording> make(std::vector<option_field> const& names,
                                                 std::vector<std::uint32_t> const& chosen) const {
    std::vector<family_wording> all;
    auto const add = [&](wording const& w) {
      auto const over = [&](std::string_view text) { return text_prompt::over_fields(std::string(text), names); };
      auto input = w.alone.empty() ? family_input(over(w.input))
                                   : family_input(over(w.input), over(w.alone), std::string(empty));
      all.push_back({std::move(input), over(w.target)});
    };
    if (chosen.empty())
      for (auto const& w : wordings) add(w);
    for (auto const i : chosen) add(wordings[i]);
    return all;
  }
};

template <class T>
[[gnu::cold]] task_field describe_field(std::string_view name) {
  task_field f{std::string(name)};
  if constexpr (is_choice<T>) {
    f.is = task_field::kind::fixed;
    for (auto const option : T::options()) f.options.emplace_back(option);
  } else if constexpr (std::same_as<T, any_choice>) {
    f.is = task_field::kind::own;
  } else {
    static_assert(std::same_as<T, std::string>, "a field of a family is a text or has options");
  }
  return f;
}

template <record R, std::size_t N>
[[gnu::cold]] task_family describe_family(std::string_view name, instruction<R> const (&wordings)[N]) {
  task_family family{name, {}, {}};
  R const r{};
  for_each_member(
      r, [&]<class T>(std::string_view member, T const&) { family.fields.push_back(describe_field<T>(member)); });
  for (auto const& w : wordings) family.wordings.push_back({w.input.text(), w.target.text()});
  return family;
}

/// Whether the records are worked answers, which input_inversion turns round.
inline bool is_of_worked_answers(std::string_view family) {
  return family == "chain_of_thought" || family == "answer_directly";
}

/// Every family, in the catalog's order and then those that belong to a format.
[[gnu::cold]] inline std::vector<task_family> const& all_families() {
  static std::vector<task_family> const all = [] {
    std::vector<task_family> families;
    catalog::for_each_family(
        [&](std::string_view name, auto const& wordings) { families.push_back(describe_family(name, wordings)); });
    for (auto& family : families)
      for (auto& f : family.fields)
        if (is_of_worked_answers(family.name) || family.name == "input_inversion")
          f.filled = f.name != "chain_of_thought" || family.name != "answer_directly";
    auto natural = describe_family("natural_instructions", natural_instruction_wordings);
    natural.fields.pop_back();  // id, which no wording needs
    families.push_back(std::move(natural));
    task_family alpaca{"alpaca", {{"instruction"}, {"input"}, {"output"}}, {}, "input"};
    alpaca.fields[1].optional = true;
    for (auto const& w : alpaca_wordings) alpaca.wordings.push_back({w.input.text(), w.target.text(), w.alone.text()});
    families.push_back(std::move(alpaca));
    return families;
  }();
  return all;
}

/// Null when there is none of this name.
[[gnu::cold]] inline task_family const* find_family(std::string_view name) {
  for (auto const& family : all_families())
    if (family.name == name) return &family;
  return nullptr;
}

[[gnu::cold]] inline task_family const& family_of(std::string_view name) {
  if (auto const* const found = find_family(name)) return *found;
  std::vector<std::string_view> known;
  for (auto const& family : all_families()) known.push_back(family.name);
  fail("family: there is no family \"", name, '"', did_you_mean(name, known));
}

}  // namespace flan::detail
