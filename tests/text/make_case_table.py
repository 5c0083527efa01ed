#!/usr/bin/env python3
"""Writes include/flan/text/letter_case.hpp: the one-to-one case mappings of Python's texts, as ranges.

    tests/text/make_case_table.py > include/flan/text/letter_case.hpp && clang-format -i include/flan/text/letter_case.hpp
"""

import sys


def ranges(mapped):
    """[first, last, stride, delta] of all characters that `mapped` takes to one other character."""
    pairs = [(c, ord(mapped(chr(c))) - c) for c in range(0x110000)
             if not 0xD800 <= c < 0xE000 and len(mapped(chr(c))) == 1 and mapped(chr(c)) != chr(c)]
    out = []
    for c, delta in pairs:
        if out:
            first, last, stride, d = out[-1]
            if d == delta and ((first == last and c - last in (1, 2)) or (first != last and c - last == stride)):
                out[-1] = [first, c, c - last, d]
                continue
        out.append([c, c, 1, delta])
    return out


HEAD = """#pragma once
/// Upper and lower case of characters: the mappings of one character to one, of Unicode %s. Written by
/// tests/text/make_case_table.py; do not edit.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace flan::detail {

/// Every stride-th character from first to last, and how far its other case lies.
struct case_range {
  std::uint32_t first, last, stride;
  std::int32_t delta;
};
"""

TAIL = """
template <std::size_t N>
constexpr std::uint32_t other_case(case_range const (&table)[N], std::uint32_t c) {
  auto const r = std::lower_bound(std::begin(table), std::end(table), c,
                                  [](case_range const& range, std::uint32_t x) { return range.last < x; });
  if (r == std::end(table) || c < r->first || (c - r->first) % r->stride != 0) return c;
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(c) + r->delta);
}
constexpr std::uint32_t lower_of(std::uint32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  return other_case(lower_ranges, c);
}
constexpr std::uint32_t upper_of(std::uint32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 32 : c;
  return other_case(upper_ranges, c);
}
/// Of the first letter of a word: differs from upper_of for characters that are two letters.
constexpr std::uint32_t title_of(std::uint32_t c) {
  for (auto const& r : title_ranges)
    if (c >= r.first && c <= r.last && (c - r.first) % r.stride == 0)
      return static_cast<std::uint32_t>(static_cast<std::int32_t>(c) + r.delta);
  return upper_of(c);
}

}  // namespace flan::detail
"""


def table(name, rows):
    body = ", ".join("{0x%X, 0x%X, %d, %d}" % tuple(row) for row in rows)
    return f"\ninline constexpr case_range {name}[] = {{{body}}};\n"


def main():
    import unicodedata

    lower, upper = ranges(str.lower), ranges(str.upper)
    # Where a title differs from upper case, itself included (U+01C5).
    title = []
    for c in range(0x110000):
        if 0xD800 <= c < 0xE000:
            continue
        t, u = chr(c).title(), chr(c).upper()
        if len(t) == 1 and t != (u if len(u) == 1 else chr(c)):
            title.append([c, c, 1, ord(t) - c])
    merged = []
    for row in title:
        if merged and merged[-1][1] + 1 == row[0] and merged[-1][3] == row[3]:
            merged[-1][1] = row[0]
        else:
            merged.append(row)
    sys.stdout.write(HEAD % unicodedata.unidata_version + table("lower_ranges", lower) + table("upper_ranges", upper) +
                     table("title_ranges", merged) + TAIL)


main()
