#pragma once
/// Instructions: what goes into the model and what should come out, and exemplars before the question.

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "flan/prompt/prompt.hpp"

namespace flan {

/// An input of the model and the answer wanted.
struct shot {
  std::string input, target;
  friend bool operator==(shot const&, shot const&) = default;
};

/// A way to turn a record into a shot. Tables of them are constants: `constexpr instruction<nli> entailment[] = {…}`.
template <record R>
struct instruction {
  prompt<R> input, target;
  shot operator()(R const& r) const { return {input(r), target(r)}; }
};

/// The same with templates of the run time, for records of any kind.
struct text_instruction {
  text_prompt input, target;
  template <class R>
  shot operator()(R const& r) const {
    return {input(r), target(r)};
  }
};

/// How exemplars are written before the question (Flan 2022's four strings; these are its most frequent ones).
struct few_shot_format {
  std::string_view input_prefix = "Q: ", delimiter = "\n", target_prefix = "A: ", separator = "\n\n";
};

/// The exemplars, then the question, then the target's prefix as the cue; spaces at the end are removed, newlines stay.
/// The answer wanted is the query's own.
inline shot few_shot(std::span<shot const> exemplars, shot query, few_shot_format const& f = {}) {
  std::string text;
  for (auto const& e : exemplars)
    ((((text += f.input_prefix) += e.input) += f.delimiter) += f.target_prefix).append(e.target).append(f.separator);
  (((text += f.input_prefix) += query.input) += f.delimiter) += f.target_prefix;
  text.erase(text.find_last_not_of(' ') + 1);
  return {std::move(text), std::move(query.target)};
}

}  // namespace flan
