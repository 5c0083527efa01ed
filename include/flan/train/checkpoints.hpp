#pragma once
/// The folder that holds a run's checkpoints: step-00000200, step-00000400, … the last few of them.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "flan/checkpoint/save_folder.hpp"
#include "flan/core/shape.hpp"

namespace flan {

class checkpoints {
  std::filesystem::path folder_;

  static constexpr std::string_view prefix = "step-", removed = ".removed-";

  /// The step that a name stands for; nothing for names that are not ours.
  static std::optional<extent> step_of(std::string_view name) {
    if (!name.starts_with(prefix)) return {};
    name.remove_prefix(prefix.size());
    if (name.size() < 8 || name.size() > 18 || name.find_first_not_of("0123456789") != name.npos) return {};
    return static_cast<extent>(std::stoll(std::string(name)));
  }
  std::vector<std::filesystem::path> entries() const {
    std::vector<std::filesystem::path> all;
    std::error_code ignored;
    std::filesystem::directory_iterator at(folder_, ignored);
    for (auto const end = std::filesystem::directory_iterator(); !ignored && at != end; at.increment(ignored))
      all.push_back(at->path());
    return all;
  }

 public:
  explicit checkpoints(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::filesystem::path const& folder() const { return folder_; }
  std::filesystem::path path_of(extent step) const {
    char name[32];
    std::snprintf(name, sizeof name, "step-%08td", step);
    return folder_ / name;
  }

  /// Steps that a complete checkpoint is there for, in order.
  std::vector<extent> steps() const {
    std::vector<extent> found;
    for (auto const& path : entries())
      if (auto const step = step_of(path.filename().string())) found.push_back(*step);
    std::sort(found.begin(), found.end());
    return found;
  }
  std::optional<std::filesystem::path> latest() const {
    auto const all = steps();
    if (all.empty()) return {};
    return path_of(all.back());
  }

  /// Calls write(folder), then keeps the last `keep` checkpoints (0: all). Whole or not at all, as save_folder.
  template <class Write>
  void save(extent step, extent keep, Write&& write) const {
    save_folder(path_of(step), write);
    if (keep > 0) keep_last(keep);
  }

  /// Removes what a killed run left half-written or half-removed.
  void remove_leftovers() const {
    for (auto const& path : entries()) {
      std::string const name = path.filename().string();
      if (name.starts_with(removed)) {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
      } else if (auto const at = name.find(".partial-"); name.starts_with('.') && at != name.npos) {
        std::string const target = name.substr(1, at - 1);
        if (step_of(target)) detail::remove_leftovers(folder_ / target);
      }
    }
  }

 private:
  void keep_last(extent keep) const {
    auto const all = steps();
    for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < all.size(); ++i) {
      // Out of sight first: a run killed in between leaves no folder that looks complete and is not.
      auto const path = path_of(all[i]), away = folder_ / (std::string(removed) + path.filename().string());
      std::error_code failed;
      std::filesystem::remove_all(away, failed);
      std::filesystem::rename(path, away, failed);
      if (!failed) std::filesystem::remove_all(away, failed);
      // One that cannot be removed costs room and nothing else.
    }
  }
};

}  // namespace flan
