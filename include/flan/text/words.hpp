#pragma once
/// Text as words in lower case without punctuation: the form in which texts are compared for a common origin.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flan/text/letter_case.hpp"
#include "flan/text/utf8.hpp"

namespace flan {

namespace detail {

struct code_point_range {
  char32_t first, last;
};

template <std::size_t N>
constexpr bool contains(code_point_range const (&ranges)[N], char32_t c) {
  for (auto const& r : ranges)
    if (c <= r.last) return c >= r.first;  // in order
  return false;
}

// Dropped: the word goes on behind it. Punctuation, symbols of mathematics and currencies, and what has no width.
inline constexpr code_point_range dropped_code_points[] = {
    {0x21, 0x2F},     {0x3A, 0x40},     {0x5B, 0x60},     {0x7B, 0x7E},     {0x80, 0x9F},     {0xA1, 0xA9},
    {0xAB, 0xB1},     {0xB4, 0xB4},     {0xB6, 0xB8},     {0xBB, 0xBB},     {0xBF, 0xBF},     {0xD7, 0xD7},
    {0xF7, 0xF7},     {0x55A, 0x55F},   {0x589, 0x58A},   {0x5BE, 0x5BE},   {0x5C0, 0x5C0},   {0x5C3, 0x5C3},
    {0x5F3, 0x5F4},   {0x60C, 0x60D},   {0x61B, 0x61F},   {0x66A, 0x66D},   {0x6D4, 0x6D4},   {0x964, 0x965},
    {0xE5A, 0xE5B},   {0x200B, 0x200F}, {0x2010, 0x2027}, {0x202A, 0x202E}, {0x2030, 0x205E}, {0x2060, 0x206F},
    {0x20A0, 0x20CF}, {0x2190, 0x2BFF}, {0x3001, 0x3003}, {0x3008, 0x3020}, {0x3030, 0x3030}, {0x30A0, 0x30A0},
    {0x30FB, 0x30FB}, {0xFE10, 0xFE19}, {0xFE30, 0xFE6F}, {0xFEFF, 0xFEFF}, {0xFF01, 0xFF0F}, {0xFF1A, 0xFF20},
    {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65},
};

inline constexpr code_point_range space_code_points[] = {
    {0x0, 0x20},      {0x7F, 0x7F},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
    {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000},
};

// Each a word of its own: Han, and the kana that stand between it.
inline constexpr code_point_range single_code_points[] = {
    {0x3005, 0x3007}, {0x3041, 0x309F}, {0x30A1, 0x30FA}, {0x30FC, 0x30FF}, {0x31F0, 0x31FF},
    {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xF900, 0xFAFF}, {0xFF66, 0xFF9F}, {0x20000, 0x3FFFF},
};

/// The lower-case letter of a capital, and one sigma for both; others stay as they are.
constexpr char32_t lower_case(char32_t c) {
  if (c == 0x130) return 'i';  // İ, whose lower case is two characters
  if (c == 0x3C2) return 0x3C3;
  return lower_of(static_cast<std::uint32_t>(c));
}

/// The code point of the well-formed character of `size` bytes at s[i].
constexpr char32_t code_point_at(std::string_view s, std::size_t i, std::size_t size) {
  constexpr unsigned char lead[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t c = static_cast<unsigned char>(s[i]) & lead[size];
  for (std::size_t k = 1; k < size; ++k) c = c << 6 | (static_cast<unsigned char>(s[i + k]) & 0x3F);
  return c;
}

inline void append_code_point(std::string& s, char32_t c) {
  auto const byte = [&](char32_t b) { s += static_cast<char>(static_cast<unsigned char>(b)); };
  if (c < 0x80) return byte(c);
  if (c < 0x800) {
    byte(0xC0 | c >> 6);
  } else {
    if (c < 0x10000) {
      byte(0xE0 | c >> 12);
    } else {
      byte(0xF0 | c >> 18);
      byte(0x80 | (c >> 12 & 0x3F));
    }
    byte(0x80 | (c >> 6 & 0x3F));
  }
  byte(0x80 | (c & 0x3F));
}

}  // namespace detail

/// The words of a text, with one space between them.
class word_list {
 public:
  word_list() = default;
  /// What a word is, whatever the locale:
  /// - white space of ASCII and Unicode, and control characters, end a word;
  /// - punctuation and symbols ($, +, ’, „, —, ।, 。…) and characters without width are dropped, and the word goes on:
  ///   "Janet’s" is `janets`, "80,000" is `80000`, "so—then" is `sothen`;
  /// - letters become lower case, one by one, in every script that has it (ß stays, İ is `i`, ς is `σ`);
  /// - each Han character and kana is a word, since no spaces divide them; Thai, Lao, Khmer and Burmese are divided by
  ///   their spaces alone, so their words are whole phrases;
  /// - what is no UTF-8 is U+FFFD, which is a letter. Accents are not composed: "é" in one code point and in two
  /// differ.
  explicit word_list(std::string_view text) {
    bool inside = false;
    text_.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) {
      auto const [kind, size] = detail::utf8_at(text, i);
      bool const whole = kind == detail::utf8_kind::whole;
      char32_t const c = whole ? detail::lower_case(detail::code_point_at(text, i, size)) : char32_t{0xFFFD};
      i += size;
      if (detail::contains(detail::space_code_points, c)) {
        inside = false;
        continue;
      }
      if (detail::contains(detail::dropped_code_points, c)) continue;
      bool const single = detail::contains(detail::single_code_points, c);
      if (single || !inside) {
        if (!begins_.empty()) text_ += ' ';
        begins_.push_back(text_.size());
      }
      detail::append_code_point(text_, c);
      inside = !single;
    }
  }

  std::size_t size() const { return begins_.size(); }
  std::string const& text() const { return text_; }
  /// `count` words from `first` on, with one space between them; first + count <= size(), count > 0.
  std::string_view words(std::size_t first, std::size_t count) const {
    std::size_t const end = first + count == size() ? text_.size() : begins_[first + count] - 1;
    return std::string_view(text_).substr(begins_[first], end - begins_[first]);
  }
  std::string_view operator[](std::size_t i) const { return words(i, 1); }

 private:
  std::string text_;
  std::vector<std::size_t> begins_;
};

}  // namespace flan
