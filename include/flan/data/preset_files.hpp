#pragma once
/// Which files of a folder are those of the tasks that presets are made of.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/preset_tasks.hpp"

namespace flan { namespace detail {

/// A task of a preset's table, or of a collection in it, with its files in the order of their names.
struct found_task {
  preset_task row;
  std::vector<std::filesystem::path> files;
};
using found_tasks = std::map<std::string, found_task>;  // by the task's name

/// Whether all of a task's patterns have its name in them: a path without the name then is none of its files, which is
/// quicker to see than that no pattern matches.
constexpr bool always_named(preset_task const& t) {
  std::size_t names = 0, patterns = 1;
  for (char const c : t.files) names += c == '@', patterns += c == '|';
  return names == patterns;
}

/// Goes through the folder once. Folders that may not be read, and links to folders, are passed over.
[[gnu::cold]] inline found_tasks find_preset_files(std::filesystem::path const& data) {
  namespace fs = std::filesystem;
  if (!fs::is_directory(data)) fail("the data of a preset should lie in a folder, but ", data.string(), " is none");
  found_tasks found;
  for (fs::recursive_directory_iterator at(data, fs::directory_options::skip_permission_denied), end; at != end; ++at) {
    std::error_code unreadable;
    if (!at->is_regular_file(unreadable)) continue;
    if (at->path().filename().string().starts_with('.')) continue;  // the kept indexes of data files among them
    auto const path = fs::absolute(at->path()).lexically_normal().generic_string();
    for (auto const& row : preset_tasks) {
      if ((always_named(row) && path.find(row.name) == path.npos) || !is_file_of(row, path)) continue;
      auto& task = found[row.file_each ? at->path().stem().string() : std::string(row.name)];
      task.row = row;
      task.files.push_back(at->path());
    }
  }
  for (auto& [name, task] : found) std::sort(task.files.begin(), task.files.end());
  return found;
}

/// A pattern of the table as a person reads it.
[[gnu::cold]] inline std::string readable_patterns(preset_task const& t) {
  std::string text;
  for (char const c : t.files) text += c == '|' ? " or " : c == '@' ? "NAME" : std::string(1, c);
  return text;
}

/// Why a task's files do not make a task: empty when they do. Several are parts of one when they lie in one folder and
/// are of one kind.
[[gnu::cold]] inline std::string ambiguous_files(found_task const& t) {
  for (auto const& file : t.files)
    if (file.parent_path() != t.files.front().parent_path() || file.extension() != t.files.front().extension())
      return sentence("both ", t.files.front().string(), " and ", file.string(), " may be its file");
  return {};
}

}}  // namespace flan::detail
