#pragma once
/// Python's operations on texts, by character (code point), on UTF-8: what the filters and methods of templates do, and
/// how values are written.

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flan/prompt/jinja_value.hpp"
#include "flan/text/letter_case.hpp"

namespace flan::detail::jinja {

constexpr bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

/// The byte after the character that begins at i.
constexpr std::size_t after_character(std::string_view s, std::size_t i) {
  do ++i;
  while (i < s.size() && !begins_character(s[i]));
  return i;
}
/// The byte where the last character before i begins; i > 0.
constexpr std::size_t before_character(std::string_view s, std::size_t i) {
  do --i;
  while (i > 0 && !begins_character(s[i]));
  return i;
}
constexpr std::size_t character_count(std::string_view s) {
  std::size_t n = 0;
  for (char const c : s) n += begins_character(c);
  return n;
}
/// The byte where character n begins; s.size() when there are not that many.
constexpr std::size_t byte_of_character(std::string_view s, std::size_t n) {
  std::size_t i = 0;
  for (; n > 0 && i < s.size(); --n) i = after_character(s, i);
  return i;
}

/// One character of well-formed UTF-8 as its code point.
constexpr std::uint32_t code_point(std::string_view c) {
  auto const b = [&](std::size_t k) { return static_cast<std::uint32_t>(static_cast<unsigned char>(c[k])) & 0x3Fu; };
  switch (c.size()) {
    case 1:
      return static_cast<unsigned char>(c[0]);
    case 2:
      return ((b(0) & 0x1Fu) << 6) | b(1);
    case 3:
      return ((b(0) & 0x0Fu) << 12) | (b(1) << 6) | b(2);
    case 4:
      return ((b(0) & 0x07u) << 18) | (b(1) << 12) | (b(2) << 6) | b(3);
    default:
      return 0xFFFFFFFFu;
  }
}
inline void append_character(std::string& out, std::uint32_t c) {
  auto const add = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (c < 0x80) return add(c);
  if (c < 0x800) return add(0xC0u | (c >> 6)), add(0x80u | (c & 0x3Fu));
  if (c < 0x10000) return add(0xE0u | (c >> 12)), add(0x80u | ((c >> 6) & 0x3Fu)), add(0x80u | (c & 0x3Fu));
  add(0xF0u | (c >> 18)), add(0x80u | ((c >> 12) & 0x3Fu)), add(0x80u | ((c >> 6) & 0x3Fu)), add(0x80u | (c & 0x3Fu));
}

/// Python's str.isspace for one character.
constexpr bool is_space(std::string_view c) {
  std::uint32_t const p = code_point(c);
  if (p < 0x80) return p == ' ' || (p >= 9 && p <= 13) || (p >= 0x1C && p <= 0x1F);
  return p == 0x85 || p == 0xA0 || p == 0x1680 || (p >= 0x2000 && p <= 0x200A) || p == 0x2028 || p == 0x2029 ||
         p == 0x202F || p == 0x205F || p == 0x3000;
}

enum class side : unsigned char { left = 1, right = 2, both = 3 };

/// Python's strip: characters of `set` go, or whitespace where `set` is null.
constexpr std::string_view strip(std::string_view s, std::string_view const* set = nullptr, side where = side::both) {
  auto const goes = [&](std::string_view c) {
    if (set == nullptr) return is_space(c);
    for (std::size_t i = 0; i < set->size();) {
      std::size_t const end = after_character(*set, i);
      if (set->substr(i, end - i) == c) return true;
      i = end;
    }
    return false;
  };
  if (where != side::right)
    while (!s.empty() && goes(s.substr(0, after_character(s, 0)))) s.remove_prefix(after_character(s, 0));
  if (where != side::left)
    while (!s.empty() && goes(s.substr(before_character(s, s.size())))) s = s.substr(0, before_character(s, s.size()));
  return s;
}

/// Python's split; by runs of whitespace where `by` is null, else `by` must not be empty. `most` splits, or any number.
inline std::vector<std::string_view> split(std::string_view s, std::string_view const* by, std::int64_t most = -1) {
  std::vector<std::string_view> parts;
  auto const more = [&] { return most < 0 || static_cast<std::int64_t>(parts.size()) < most; };
  if (by == nullptr) {
    for (s = strip(s, nullptr, side::left); !s.empty(); s = strip(s, nullptr, side::left)) {
      std::size_t i = 0;
      bool const last = !more();
      while (!last && i < s.size() && !is_space(s.substr(i, after_character(s, i) - i))) i = after_character(s, i);
      if (last) i = s.size();  // the rest, with the whitespace at its end
      parts.push_back(s.substr(0, i));
      s.remove_prefix(i);
    }
    return parts;
  }
  for (std::size_t at; more() && (at = s.find(*by)) != s.npos; s.remove_prefix(at + by->size()))
    parts.push_back(s.substr(0, at));
  parts.push_back(s);
  return parts;
}

/// The longest text that a template may make, in bytes.
inline constexpr std::size_t longest_text = std::size_t{1} << 26;
inline void expect_text_size(std::size_t size) {
  if (size > longest_text) fail("a template may make texts of ", longest_text, " bytes, found a longer one");
}

/// Python's replace; an empty `from` stands before each character and at the end. `most` replacements, or any number.
inline std::string replace(std::string_view s, std::string_view from, std::string_view to, std::int64_t most = -1) {
  std::string out;
  std::size_t i = 0;
  if (from.empty()) {
    for (; most != 0; --most) {
      out += to;
      expect_text_size(out.size());
      if (i == s.size()) break;
      std::size_t const end = after_character(s, i);
      out += s.substr(i, end - i);
      i = end;
    }
  } else {
    for (std::size_t at; most != 0 && (at = s.find(from, i)) != s.npos; --most) {
      (out += s.substr(i, at - i)) += to;
      expect_text_size(out.size());
      i = at + from.size();
    }
  }
  return out += s.substr(i);
}

/// Whether the Σ from begin to end ends a word, where its lower case is ς: a letter with a case before it, none after.
inline bool is_final_sigma(std::string_view s, std::size_t begin, std::size_t end) {
  auto const cased = [&](std::size_t from, std::size_t to) {
    std::uint32_t const c = code_point(s.substr(from, to - from));
    return c <= 0x10FFFF && (lower_of(c) != c || upper_of(c) != c);
  };
  if (begin == 0 || !cased(before_character(s, begin), begin)) return false;
  return end == s.size() || !cased(end, after_character(s, end));
}

/// Python's lower, upper and capitalize with one-to-one mappings of characters (of those that become several, only ß).
enum class letter_case : unsigned char { lower, upper, capital };
inline std::string in_case(std::string_view s, letter_case wanted) {
  std::string out;
  out.reserve(s.size());
  for (std::size_t i = 0; i < s.size();) {
    std::size_t const end = after_character(s, i);
    std::uint32_t const c = code_point(s.substr(i, end - i));
    bool const down = wanted == letter_case::lower || (wanted == letter_case::capital && i > 0);
    if (c == 0x3A3 && down && is_final_sigma(s, i, end))
      append_character(out, 0x3C2);
    else if (c == 0xDF && !down)
      out += wanted == letter_case::capital ? "Ss" : "SS";
    else if (c <= 0x10FFFF)
      append_character(out, down ? lower_of(c) : wanted == letter_case::upper ? upper_of(c) : title_of(c));
    else
      out += s.substr(i, end - i);
    i = end;
  }
  return out;
}

// How values are written.

/// Python's repr of a real number: the shortest digits that read back, never without a point or an exponent.
inline void append_real(std::string& out, double x) {
  if (std::isnan(x)) return void(out += "nan");
  if (std::isinf(x)) return void(out += x < 0 ? "-inf" : "inf");
  double const size = std::fabs(x);
  bool const plain = size == 0 || (size >= 1e-4 && size < 1e16);
  char digits[64];
  auto const end = std::to_chars(digits, digits + sizeof digits, x,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string_view const written(digits, static_cast<std::size_t>(end.ptr - digits));
  out += written;
  if (plain && written.find('.') == written.npos) out += ".0";
}

/// Whether Python's repr escapes a character; of the rarer ones (unassigned code points) it knows more than we do.
constexpr bool is_escaped(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0xA0) || c == 0xAD || (c >= 0x0600 && c <= 0x0605) || c == 0x061C ||
         c == 0x1680 || c == 0x180E || (c >= 0x2000 && c <= 0x200F) || (c >= 0x2028 && c <= 0x202F) ||
         (c >= 0x205F && c <= 0x206F) || c == 0x3000 || (c >= 0xE000 && c <= 0xF8FF) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFB) || c >= 0xE0000;
}

inline void append_repr(std::string& out, std::string_view s) {
  char const quote = s.find('\'') != s.npos && s.find('"') == s.npos ? '"' : '\'';
  out += quote;
  for (std::size_t i = 0; i < s.size();) {
    std::size_t const end = after_character(s, i);
    std::uint32_t const c = code_point(s.substr(i, end - i));
    if (c == static_cast<unsigned char>(quote) || c == '\\') {
      (out += '\\') += static_cast<char>(c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      (out += '\\') += c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
    } else if (c <= 0x10FFFF && is_escaped(c)) {
      char const* const hex = "0123456789abcdef";
      int const digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
      (out += '\\') += digits == 2 ? 'x' : digits == 4 ? 'u' : 'U';
      for (int k = digits - 1; k >= 0; --k) out += hex[(c >> (4 * k)) & 15u];
    } else {
      out += s.substr(i, end - i);
    }
    i = end;
  }
  out += quote;
}

/// Appends Python's str(v), or repr(v) for what lies in a list. Throws for what Python writes with an address or that
/// would surprise: ranges, iterators and namespaces.
inline void append_text(std::string& out, jinja_value const& v, bool inside = false) {
  if (auto const* t = v.text()) return inside ? append_repr(out, *t) : void(out += *t);
  if (auto const* i = v.integer()) return void(out += std::to_string(*i));
  if (auto const* d = v.real()) return append_real(out, *d);
  if (auto const* b = v.boolean()) return void(out += *b ? "True" : "False");
  if (v.is_none()) return void(out += "None");
  if (v.is_undefined()) return void(out += inside ? "Undefined" : "");
  if (auto const* l = v.sequence()) {
    if (l->kind != sequence::list && l->kind != sequence::tuple)
      fail("expected a value that has a text, found ", kind_name(v), "; the filter list makes a list of it");
    bool const tuple = l->kind == sequence::tuple;
    out += tuple ? '(' : '[';
    for (std::size_t i = 0; i < l->items.size(); ++i) {
      if (i > 0) out += ", ";
      append_text(out, l->items[i], true);
    }
    if (tuple && l->items.size() == 1) out += ',';
    return void(out += tuple ? ')' : ']');
  }
  if (v.mapping()->is_space) fail("a namespace has no text; its attributes have");
  out += '{';
  bool first = true;
  for (auto const& [key, value] : v.mapping()->fields) {
    if (!first) out += ", ";
    first = false;
    append_repr(out, key);
    out += ": ";
    append_text(out, value, true);
  }
  out += '}';
}

inline std::string text_of(jinja_value const& v) {
  std::string out;
  append_text(out, v);
  return out;
}

}  // namespace flan::detail::jinja

namespace flan {
/// All of a record as one text: what sources hash.
inline std::string record_text(jinja_value const& v) { return detail::jinja::text_of(v); }
}  // namespace flan
