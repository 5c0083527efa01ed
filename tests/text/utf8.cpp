#include "flan/text/utf8.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace {
using namespace std::string_literals;

// Whether one code point's encoding is taken, by the arithmetic of the standard instead of its byte table.
std::string encoded(unsigned c) {
  auto const part = [](unsigned bits, unsigned lead) { return static_cast<char>(bits | lead); };
  if (c < 0x80) return {part(c, 0)};
  if (c < 0x800) return {part(c >> 6, 0xC0), part(c & 63, 0x80)};
  if (c < 0x10000) return {part(c >> 12, 0xE0), part((c >> 6) & 63, 0x80), part(c & 63, 0x80)};
  return {part(c >> 18, 0xF0), part((c >> 12) & 63, 0x80), part((c >> 6) & 63, 0x80), part(c & 63, 0x80)};
}
}  // namespace

TEST_CASE("every code point is UTF-8, except surrogates and what lies past the last") {
  unsigned wrong = 0;
  for (unsigned c = 0; c < 0x120000; ++c) {
    bool const valid = c < 0x110000 && (c < 0xD800 || c > 0xDFFF);
    if (flan::is_utf8(encoded(c)) != valid) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("overlong and broken sequences are not UTF-8") {
  for (std::string_view s : {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xF5\x80\x80\x80", "\x80",
                             "a\xFF", "\xE2\x82", "\xE2\x28\xA1"})
    CHECK_FALSE(flan::is_utf8(s));
  CHECK(flan::is_utf8("a\0b"s));
  CHECK(flan::is_utf8(""));
}

TEST_CASE("a prefix never ends inside a character") {
  std::string const s = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";
  std::vector<std::size_t> const expected{0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
  for (std::size_t n = 0; n <= s.size(); ++n)
    CHECK(flan::utf8_boundary(std::string_view(s).substr(0, n)) == expected[n]);
  CHECK(flan::utf8_boundary("\x80\x80\x80\x80") == 4);  // begins nothing, so nothing to wait for
  CHECK(flan::utf8_boundary("\xFF") == 1);
}

TEST_CASE("ill-formed parts are replaced one by one, or dropped") {
  CHECK(flan::repair_utf8("a\xF0\x9F\x98z") == "a\xEF\xBF\xBDz");
  CHECK(flan::repair_utf8("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(flan::repair_utf8("\xC3\xA9\xE2\x82", "") == "\xC3\xA9");
  CHECK(flan::repair_utf8("a\0b"s) == "a\0b"s);
}
