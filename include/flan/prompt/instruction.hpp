#pragma once
/// Instructions: what goes into the model and what should come out.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "flan/prompt/prompt.hpp"

namespace flan {

/// An input of the model and the answer wanted.
struct shot {
  std::string input, target;
  friend bool operator==(shot const&, shot const&) = default;
};

namespace detail {

/// An answer that is one of the options listed in the input becomes what that option is called there, "(B)", when each
/// is called differently.
template <class Options>
void name_the_item(std::string& target, Options const& all, std::size_t right, item_style const& item) {
  std::size_t at = right;  // first choice where two options have the same text
  if (at >= all.size() || all[at] != target)
    at = static_cast<std::size_t>(std::find(all.begin(), all.end(), target) - all.begin());
  if (at < all.size()) target = item_name(item, at);
}

template <class R>
void name_the_listed_item(std::string& target, R const& r, std::string_view listed_field, item_style const& item) {
  if (item.number == numbering::none) return;
  if constexpr (record<R>) {
    for_each_member(r, [&]<class T>(std::string_view member, T const& value) {
      if constexpr (has_options<T>)
        if (member == listed_field) name_the_item(target, value.options(), value.index(), item);
    });
  } else if constexpr (has_listed_options<R>) {
    auto const listed = listed_options(r, listed_field);
    name_the_item(target, listed.options, listed.right, item);
  }
}

template <class Instruction, class R>
shot word_with(Instruction const& i, R const& r, option_style const& options) {
  shot s{i.input(r, options), i.target(r, options)};
  name_the_listed_item(s.target, r, i.input.listed_field(), options.item);
  return s;
}

}  // namespace detail

/// A way to turn a record into a shot. Tables of them are constants: `constexpr instruction<nli> entailment[] = {…}`.
template <record R>
struct instruction {
  prompt<R> input, target;

  shot operator()(R const& r) const { return {input(r), target(r)}; }
  /// With lists of options in this style. A target that is one of the options listed in the input becomes that item's
  /// name when the style numbers the items: "(B)". Throws `error` for more options than the style can number.
  shot operator()(R const& r, option_style const& options) const { return detail::word_with(*this, r, options); }
  /// Without the lists of options.
  shot without_options(R const& r) const { return {input.without_options(r), target.without_options(r)}; }
};

/// The same with templates of the run time, for records of any kind.
struct text_instruction {
  text_prompt input, target;

  template <class R>
  shot operator()(R const& r) const {
    return {input(r), target(r)};
  }
  template <class R>
  shot operator()(R const& r, option_style const& options) const {
    return detail::word_with(*this, r, options);
  }
  template <class R>
  shot without_options(R const& r) const {
    return {input.without_options(r), target.without_options(r)};
  }
};

}  // namespace flan
