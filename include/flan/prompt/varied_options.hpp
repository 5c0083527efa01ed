#pragma once
/// Lists of options in many styles, drawn by a key, so that a model learns to read a list and not one way to write it
/// (Flan 2022 does so in its zero-shot half: 16 beginnings, 87 item names, 3 ends; these are other lists of that size).
/// All signs in them are in T5's vocabulary.

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "flan/core/random.hpp"
#include "flan/prompt/instruction.hpp"

namespace flan {

inline constexpr std::string_view option_starts[] = {
    "",
    "OPTIONS:",
    "Answers to choose from:",
    "It is one of these:",
    "Candidates:",
    "The answer is among the following:",
    "You may say:",
    "One of these fits:",
    "Allowed answers:",
    "What it could be:",
    "Reply with one of these:",
    "Labels:",
    "Your options:",
    "Alternatives:",
    "Decide between",
    "Here are the choices.",
};

inline constexpr std::string_view option_ends[] = {"", ".", ";"};

/// Items that are all called the same.
inline constexpr item_style bullet_styles[] = {
    {"\n- "}, {"\n* "}, {"\n+ "},   {"\n• "}, {"\n# "}, {"\n-- "}, {"\n> "},       {"\n| "},
    {"\n= "}, {"\n: "}, {"\n... "}, {"\n/ "}, {"\n"},   {" - "},   {" * "},        {" + "},
    {" | "},  {" / "},  {" # "},    {" -- "}, {" • "},  {" or "},  {"\nOption: "}, {"\nPerhaps: "},
};

namespace detail {
struct item_frame {
  std::string_view before, after;
};
inline constexpr item_frame item_frames[] = {
    {"\n(", ") "}, {"\n", ") "}, {"\n", ". "}, {"\n[", "] "}, {"\n", ": "},  {"\n", " - "},       {"\n(", "). "},
    {" (", ") "},  {" ", ") "},  {" [", "] "}, {" ", ": "},   {" (", "): "}, {"\nOption ", ": "},
};
inline constexpr numbering all_numberings[] = {numbering::upper, numbering::lower, numbering::number,
                                               numbering::roman_upper, numbering::roman_lower};
inline constexpr std::size_t numbered_styles = std::size(item_frames) * std::size(all_numberings);
}  // namespace detail

/// Every way to call items: the bullets, then each frame with each numbering.
inline constexpr std::size_t item_style_count = std::size(bullet_styles) + detail::numbered_styles;

/// One of them by its position. Throws `error` from `item_style_count` on.
constexpr item_style item_style_at(std::size_t i) {
  if (i >= item_style_count) fail("there are ", item_style_count, " styles of items; asked for number ", i);
  if (i < std::size(bullet_styles)) return bullet_styles[i];
  i -= std::size(bullet_styles);
  auto const& frame = detail::item_frames[i / std::size(detail::all_numberings)];
  return {frame.before, detail::all_numberings[i % std::size(detail::all_numberings)], frame.after};
}

/// A style for a list of `items` options, a function of the key: beginning, item names and end each uniform. Lists that
/// are too long to number get bullets.
constexpr option_style draw_option_style(std::uint64_t key, std::size_t items) {
  std::size_t const names = items > most_numbered_items ? std::size(bullet_styles) : item_style_count;
  return {option_starts[uniform_below(key, 0, std::size(option_starts))],
          item_style_at(static_cast<std::size_t>(uniform_below(key, 1, names))),
          option_ends[uniform_below(key, 2, std::size(option_ends))]};
}

/// How the options of an instruction are written.
enum class option_form : unsigned char { listed, varied, left_out };

/// A record in words, its options in this form. The key is read by `varied` alone. Records whose fields the run time
/// names have no options, and one form.
template <class Instruction, class R>
shot word(Instruction const& i, R const& r, option_form form, std::uint64_t key) {
  if (form == option_form::listed) return i(r);
  if (form == option_form::left_out) return i.without_options(r);
  std::size_t items = 0;
  if constexpr (record<R>) {
    for_each_member(r, [&]<class T>(std::string_view name, T const& value) {
      if constexpr (has_options<T>)
        if (name == i.input.listed_field()) items = value.options().size();
    });
  } else if constexpr (has_listed_options<R>) {
    items = listed_options(r, i.input.listed_field()).options.size();
  }
  return i(r, draw_option_style(key, items));
}

}  // namespace flan
