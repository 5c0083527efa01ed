#pragma once
/// One thing to learn from.

#include <cstddef>
#include <cstdint>
#include <string>

#include "flan/prompt/instruction.hpp"

namespace flan {

/// An input with its target, and where they came from.
struct example : shot {
  std::string task;           // the task's name
  std::uint64_t record = 0;   // position in the task's source
  std::uint64_t epoch = 0;    // how often the task had been through all its records before
  std::uint32_t wording = 0;  // position in the task's instructions
  std::uint32_t form = 0;     // position in the task's forms
  std::size_t exemplars = 0;  // how many stand before the question
};

}  // namespace flan
