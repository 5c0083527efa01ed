#pragma once
/// The forms an example may take: alone or behind exemplars, with its options listed or not.

#include <cstddef>
#include <string>

#include "flan/core/error.hpp"
#include "flan/prompt/varied_options.hpp"

namespace flan {

/// What stands before a question: nothing; so many records in the question's own wording and in one pattern; so many,
/// each in a wording and a pattern of its own; from none to ten of them, as many as fit.
enum class exemplars : unsigned char { none, fixed, mixed, pruned };

/// As many exemplars as a form may ask for.
inline constexpr std::size_t most_shots = 1000;

/// A form and how often it is drawn beside a task's others.
struct task_form {
  flan::exemplars exemplars = flan::exemplars::none;
  std::size_t shots = 5;  ///< of `fixed` and `mixed`; fewer where the task has fewer records
  option_form options = option_form::listed;
  double rate = 1;

  friend bool operator==(task_form const&, task_form const&) = default;
};

/// A form in words: "5 exemplars, mixed, options varied".
[[gnu::cold]] inline std::string form_text(task_form const& f) {
  char const* const options = f.options == option_form::listed   ? "options listed"
                              : f.options == option_form::varied ? "options varied"
                                                                 : "no options";
  switch (f.exemplars) {
    case exemplars::fixed:
      return sentence(f.shots, f.shots == 1 ? " exemplar, " : " exemplars, ", options);
    case exemplars::mixed:
      return sentence(f.shots, f.shots == 1 ? " exemplar, mixed, " : " exemplars, mixed, ", options);
    case exemplars::pruned:
      return sentence("0 to 10 exemplars, ", options);
    case exemplars::none:
      break;
  }
  return sentence("zero-shot, ", options);
}

}  // namespace flan
