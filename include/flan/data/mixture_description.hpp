#pragma once
/// What a mixture is made of and how much of it is there: for programs that show it.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "flan/data/mixture.hpp"
#include "flan/data/task_form.hpp"
#include "flan/data/task_spec.hpp"

namespace flan {

/// A task that a mixture has a place for.
struct mixture_entry {
  std::string name;    ///< with the groups that it is in: "cot/gsm8k"
  std::string task;    ///< its own name, by which the mixture's examples know it
  std::string family;  ///< empty for templates
  std::string format;
  std::vector<std::filesystem::path> files;  ///< what was found; empty where records stand in the mixture's own file
  std::uint64_t records = 0;                 ///< that can be drawn
  std::uint64_t skipped = 0;                 ///< bad ones, left out
  std::optional<std::uint64_t> cap;          ///< of the group that it is in
  bool present = false;
  std::string absent_because;  ///< a sentence; empty when it is present
  double rate = 0;             ///< its share of the whole; the rates add up to 1
  std::vector<task_form> forms;
  task_languages languages = {};
};

/// What such a file says, and what was found of it.
struct mixture_description {
  std::string name;
  std::optional<flan::mixture> mixture;  ///< none when everything is absent
  std::vector<mixture_entry> entries;    ///< in the file's order
};

struct mixture_file_options {
  /// Relative paths start here; empty: where the file's own "data" says, else in the file's folder.
  std::filesystem::path data = {};
  std::function<std::size_t(std::string const&)> tokens = {};  ///< as load_task_options has them, and so below
  read_options read = {};
  /// Whether a part without data stops, unless it is "optional". Otherwise all parts are optional.
  bool absent_is_error = true;
  few_shot_limits limits = {};
  std::function<std::filesystem::path(std::filesystem::path const&)> unpack = {};
  std::function<task_report(task_spec const&, load_task_options const&)> promptsource = {};

  load_task_options load() const { return {read, tokens, limits, unpack, promptsource}; }
};

}  // namespace flan
