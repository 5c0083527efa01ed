#pragma once
/// Which languages a task's inputs and targets are in, where its data says so.

#include <string>
#include <vector>

#include "flan/data/mixture.hpp"
#include "flan/data/mixture_file.hpp"
#include "flan/data/natural_instructions.hpp"

namespace mixture_program {

/// Empty where nothing says.
struct task_languages {
  std::vector<std::string> inputs, targets;
};

/// Natural Instructions names them in each file. Its definitions are in English, whatever the input's language.
inline task_languages languages_of(flan::mixture_entry const& e) {
  task_languages languages;
  if (!e.present || e.format != "niv2") return languages;
  for (auto const& file : e.files) {
    auto const task = flan::natural_instructions(file, {.check = false}).task;
    languages.inputs.insert(languages.inputs.end(), task->input_languages.begin(), task->input_languages.end());
    languages.targets.insert(languages.targets.end(), task->output_languages.begin(), task->output_languages.end());
  }
  return languages;
}

/// Those of a mixture's tasks, in their order.
inline std::vector<task_languages> languages_of(flan::mixture const& m, flan::mixture_description const& d) {
  std::vector<task_languages> all;
  for (auto const& t : m.tasks()) {
    auto& languages = all.emplace_back();
    for (auto const& e : d.entries)
      if (e.present && e.task == t.name()) languages = languages_of(e);
  }
  return all;
}

}  // namespace mixture_program
