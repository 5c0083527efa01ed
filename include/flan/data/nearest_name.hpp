#pragma once
/// What a misspelt name may have been meant to be.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"

namespace flan::detail {

/// The fewest letters to insert, delete or exchange, or neighbours to swap, on the way from one to the other.
[[gnu::cold]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, last, row(b.size() + 1);  // of the beginnings of a
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

/// "; did you mean "family"?" where one of the names is near; else all of them: "; expected one of …".
template <class Names>
[[gnu::cold]] std::string did_you_mean(std::string_view found, Names const& known) {
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(1, found.size() / 3) + 1;
  std::string all;
  for (auto const& name : known) {
    std::string_view const one = name;
    if (auto const d = edit_distance(found, one); d < least) least = d, nearest = one;
    (all += all.empty() ? "" : ", ") += one;
  }
  if (!nearest.empty()) return sentence("; did you mean \"", nearest, "\"?");
  return all.empty() ? std::string() : sentence("; expected one of ", all);
}

}  // namespace flan::detail
