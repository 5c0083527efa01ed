#pragma once
/// UTF-8: where characters begin and end, so that text is never cut inside one and invalid bytes never leave the
/// library.

#include <cstddef>
#include <string>
#include <string_view>

namespace flan {

/// U+FFFD, what invalid bytes are shown as.
inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

namespace detail {

/// What begins at s[i]: a whole character, the beginning of one that the end of s cuts, or a byte that begins nothing.
enum class utf8_kind : unsigned char { whole, cut, invalid };
struct utf8_step {
  utf8_kind kind;
  std::size_t
      size;  // bytes to step over; for `invalid` the maximal part that could have begun a character (Unicode 3.9)
};

constexpr utf8_step utf8_at(std::string_view s, std::size_t i) {
  auto const byte = [&](std::size_t k) { return static_cast<unsigned char>(s[k]); };
  unsigned char const b = byte(i);
  if (b < 0x80) return {utf8_kind::whole, 1};
  if (b < 0xC2 || b > 0xF4) return {utf8_kind::invalid, 1};
  std::size_t const size = b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
  // The second byte excludes overlong forms, surrogates and code points past U+10FFFF.
  unsigned char const low = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
  unsigned char const high = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
  for (std::size_t k = 1; k < size; ++k) {
    if (i + k == s.size()) return {utf8_kind::cut, k};
    unsigned char const c = byte(i + k);
    if (c < (k == 1 ? low : 0x80) || c > (k == 1 ? high : 0xBF)) return {utf8_kind::invalid, k};
  }
  return {utf8_kind::whole, size};
}

}  // namespace detail

/// Whether s is well-formed UTF-8 (NUL is a character like any other).
constexpr bool is_utf8(std::string_view s) {
  for (std::size_t i = 0; i < s.size();) {
    auto const [kind, size] = detail::utf8_at(s, i);
    if (kind != detail::utf8_kind::whole) return false;
    i += size;
  }
  return true;
}

/// The length of the longest prefix of s that does not end inside a character: s.size(), or up to three bytes less.
constexpr std::size_t utf8_boundary(std::string_view s) {
  for (std::size_t back = 1; back <= 3 && back <= s.size(); ++back) {
    auto const b = static_cast<unsigned char>(s[s.size() - back]);
    if (b < 0x80) break;  // ends with a whole character
    if (b >= 0xC0) {      // the lead byte of the last character
      bool const cut = detail::utf8_at(s, s.size() - back).kind == detail::utf8_kind::cut;
      return cut ? s.size() - back : s.size();
    }
  }
  return s.size();
}

/// s with every ill-formed part replaced; `with` may be empty, which drops them.
inline std::string repair_utf8(std::string_view s, std::string_view with = replacement_character) {
  std::string out;
  out.reserve(s.size());
  for (std::size_t i = 0; i < s.size();) {
    auto const [kind, size] = detail::utf8_at(s, i);
    out += kind == detail::utf8_kind::whole ? s.substr(i, size) : with;
    i += size;
  }
  return out;
}

}  // namespace flan
