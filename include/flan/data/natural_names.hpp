#pragma once
/// What the names of Natural Instructions' tasks say.

#include <cstddef>
#include <optional>
#include <string_view>

namespace flan {

/// The number in the name of a task of Natural Instructions ("task664_mmmlu_…" is 664); nothing for another name.
constexpr std::optional<int> natural_task_number(std::string_view name) {
  if (!name.starts_with("task")) return {};
  int number = 0;
  std::size_t digits = 0;
  for (std::size_t i = 4; i < name.size() && name[i] >= '0' && name[i] <= '9'; ++i, ++digits) {
    if (digits == 6) return {};
    number = number * 10 + (name[i] - '0');
  }
  if (digits == 0) return {};
  return number;
}

/// Whether FLAN leaves a task of Natural Instructions out because MMLU is made of it: 664 to 667 and 685 to 737. (57
/// numbers; the paper says 44 tasks.)
constexpr bool natural_task_is_of_mmlu(std::string_view name) {
  auto const n = natural_task_number(name);
  return n && ((*n >= 664 && *n <= 667) || (*n >= 685 && *n <= 737));
}

}  // namespace flan
