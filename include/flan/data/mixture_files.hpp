#pragma once
/// The files of a mixture's tasks: which are there, what tasks are called after them, and why there is nothing in them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/file_pattern.hpp"
#include "flan/data/json_place.hpp"
#include "flan/data/mixture_keys.hpp"
#include "flan/data/open_task.hpp"

namespace flan::detail {

/// "./x" as "x". What has a ".." stays: behind a link it leads elsewhere than its text says.
[[gnu::cold]] inline std::filesystem::path tidy(std::filesystem::path const& p) {
  return std::find(p.begin(), p.end(), "..") == p.end() ? p.lexically_normal() : p;
}

/// The files of a task, and what is not there: its name as it is written, and a sentence.
struct found_files {
  struct missing_file {
    std::string name, because;
  };
  std::vector<std::filesystem::path> files;
  std::vector<missing_file> missing;
};

/// Relative ones are from `data` on. Without the file of its prompts a task has none.
[[gnu::cold]] inline found_files files_at(json_place const& p, std::filesystem::path const& data) {
  found_files all;
  std::error_code failed;
  if (auto const x = p.find("prompts")) {
    if (auto const file = tidy(data / x->name()); !std::filesystem::is_regular_file(file, failed)) {
      all.missing.push_back({x->name(), sentence("there is no file ", file.string())});
      return all;
    }
  }
  auto const x = p.find("files");
  if (!x) return all;
  for (auto const& pattern : x->texts()) {
    if (pattern.empty()) x->refuse("expected the name of a file, found an empty text");
    auto const place = tidy(data / pattern);
    if (std::filesystem::is_directory(place, failed))
      x->refuse(place.string(), " is a folder; name the files in it, as in \"",
                (std::filesystem::path(pattern) / "*.json").string(), '"');
    auto const found = matching_files(data, pattern);
    if (found.empty())
      all.missing.push_back(
          {pattern,
           sentence(pattern.find('*') == pattern.npos ? "there is no file " : "no file matches ", place.string())});
    for (auto const& file : found) all.files.push_back(tidy(file));
  }
  return all;
}

/// A file's name without its endings.
[[gnu::cold]] inline std::string stem_of(std::filesystem::path const& file) {
  std::filesystem::path const plain =
      file.extension() == ".gz" || file.extension() == ".zst" ? file.stem() : file.filename();
  return plain.stem().string();
}

/// What the tasks of a collection are called: as their files, with the folder where several files are called alike.
[[gnu::cold]] inline std::vector<std::string> collection_names(json_place const& p,
                                                               std::vector<std::filesystem::path> const& files) {
  std::vector<std::string> names;
  std::map<std::string, std::size_t> count, first;
  for (auto const& file : files) {
    names.push_back(stem_of(file));
    ++count[names.back()];
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto const folder = files[i].parent_path().filename().string();
    if (count[names[i]] > 1 && !folder.empty()) names[i].insert(0, folder + '/');
    auto const [at, fresh] = first.emplace(names[i], i);
    if (!fresh)
      p.at("files").refuse("the files ", files[at->second].string(), " and ", files[i].string(),
                           " would both be the task \"", names[i], "\"; make one a part of its own, with a name");
  }
  return names;
}

/// Why the task of a specification has no record.
[[gnu::cold]] inline std::string why_empty(task_spec s, load_task_options const& load, std::uint64_t skipped) {
  std::string where = s.files.empty() ? "its list of records" : s.files.front().string();
  if (s.files.size() > 1) where += sentence(" and ", s.files.size() - 1, " more");
  std::uint64_t before = 0;
  bool const held_out = s.split && s.split->which == split_spec::part::held_out;
  if (s.split) {
    s.split.reset();
    before = open_task(s, load).task.size();
  }
  if (before > 0)
    return sentence("its split, \"", split_words[held_out], "\", has none of the ", before, " in ", where);
  if (skipped > 0) return sentence("all ", skipped, " in ", where, " are bad and skipped");
  return "there are none in " + where;
}

}  // namespace flan::detail
