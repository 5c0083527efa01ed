#pragma once
/// A task by names of the run time: files in a format, a family of the catalog or templates, and what the fields are
/// called. What a program knows that reads a configuration; open_task.hpp opens it.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/data/field_spec.hpp"
#include "flan/data/read_options.hpp"
#include "flan/data/task.hpp"
#include "flan/data/task_form.hpp"
#include "flan/prompt/few_shot.hpp"

namespace flan {

/// A wording of the run time, as text_instruction takes it.
struct template_spec {
  std::string input, target;
};

/// Which part of the data a task has; see split.hpp. Data sets that bring no test set get one so.
struct split_spec {
  enum class part : unsigned char { train, held_out };
  part which = part::train;
  double share = 0.1;     ///< that is held out
  std::uint64_t key = 0;  ///< another key holds out other records
};

/// What it takes to open a task.
struct task_spec {
  std::string name;
  std::vector<std::filesystem::path> files;  ///< one source in this order; or `records`
  std::vector<std::string> records = {};     ///< JSON objects, each in a text of its own
  /// A name of task_formats(), in open_task.hpp. Empty: told by the file's name and beginning.
  std::string format = {};
  /// A name of task_families(), in open_task.hpp. Empty: `templates`, or what the format stands for.
  std::string family = {};
  std::vector<template_spec> templates = {};
  std::filesystem::path prompts = {};  ///< or promptsource's templates.yaml; see promptsource_task.hpp
  std::vector<std::pair<std::string, field_spec>> fields = {};  ///< where they are not what they are called
  std::vector<std::string> columns = {};                        ///< of tables without a header
  std::vector<std::string> unescape = {};                       ///< columns where \n is a line break
  std::string where = {};                                       ///< in a JSON document: the path of the records, "*"
  std::vector<std::uint32_t> wordings = {};                     ///< of the family; empty: all
  std::vector<task_form> forms = {};                            ///< empty: the question alone
  std::optional<split_spec> split = {};
  std::string language = {};  ///< of inputs and targets; Natural Instructions say theirs themselves
  bool inverted = false;      ///< also the task turned round: question and working asked for, of worked answers
};

/// The languages of a task's inputs and targets; empty where nothing says.
struct task_languages {
  std::vector<std::string> inputs, targets;
};

struct task_report;

/// What opening needs besides.
struct load_task_options {
  read_options read = {};
  std::function<std::size_t(std::string const&)> tokens = {};  ///< counts a text's; for forms of 0 to 10 exemplars
  few_shot_limits limits = {};
  /// Unpacks a file whose name ends in .gz or .zst: flan::unpacked, where a program links what it needs.
  std::function<std::filesystem::path(std::filesystem::path const&)> unpack = {};
  /// Opens a task with `prompts`: flan::open_promptsource_task, where a program links yaml-cpp.
  std::function<task_report(task_spec const&, load_task_options const&)> promptsource = {};
};

/// A task that was opened.
struct task_report {
  any_task task;
  std::optional<any_task> inverted = {};  ///< NAME/inverted, if the specification asked for it
  std::string format, family;             ///< what they were found to be; no family with templates
  std::uint64_t skipped = 0;              ///< bad records that were left out
  task_languages languages = {};
};

}  // namespace flan
