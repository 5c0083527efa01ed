#pragma once
/// Files by a pattern of their paths.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace flan {

namespace detail {

/// Whether a name is one that a pattern describes, in which `*` is any part of a name. Walks back to the last `*`
/// alone: never longer than the product of both lengths.
inline bool name_matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = pattern.npos, from = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++, from = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p, ++n;
    } else if (star != pattern.npos) {
      p = star + 1, n = ++from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

}  // namespace detail

/// The files that a pattern describes, in the order of their names; relative ones from `folder` on. `*` stands for any
/// part of the name of a file or folder, but for the dot that a hidden one begins with. A path without one is itself,
/// if it is there.
[[gnu::cold]] inline std::vector<std::filesystem::path> matching_files(std::filesystem::path const& folder,
                                                                       std::filesystem::path const& pattern) {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::vector<fs::path> places{pattern.is_absolute() ? pattern.root_path() : folder.empty() ? fs::path(".") : folder};
  for (auto const& part : pattern.relative_path()) {
    std::vector<fs::path> next;
    auto const name = part.string();
    for (auto const& place : places) {
      if (name.find('*') == name.npos) {
        if (auto here = place / part; fs::exists(here, failed)) next.push_back(std::move(here));
        continue;
      }
      for (fs::directory_iterator i(place, failed), end; !failed && i != end; i.increment(failed)) {
        auto const found = i->path().filename().string();
        if (detail::name_matches(name, found) && (found[0] != '.' || name[0] == '.')) next.push_back(i->path());
      }
    }
    std::sort(next.begin(), next.end());
    places = std::move(next);
  }
  places.erase(std::remove_if(places.begin(), places.end(),
                              [](auto const& p) {
                                std::error_code ignored;
                                return !fs::is_regular_file(p, ignored);
                              }),
               places.end());
  return places;
}

}  // namespace flan
