#pragma once
/// What a misspelt name may have been meant to be.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "flan/core/error.hpp"

namespace flan::detail {

/// The fewest letters to insert, delete or exchange on the way from one to the other.
[[gnu::cold]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t const above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, corner + (a[i - 1] != b[j - 1])});
      corner = above;
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
