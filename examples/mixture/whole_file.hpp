#pragma once
/// A file that is there once it is whole.

#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "flan/core/error.hpp"

namespace mixture_program {

/// A regular file has another name until it is whole; where a link leads to it, the link stays. What is no regular file
/// (a pipe, a device) is written to as it is.
class whole_file {
  std::filesystem::path path_, part_;  // what is replaced, and by what; no part where nothing is replaced
  std::FILE* file_ = nullptr;

  static std::filesystem::path behind_links(std::filesystem::path path) {
    std::error_code failed;
    for (int links = 0; links < 40 && std::filesystem::is_symlink(path, failed); ++links)
      path = path.parent_path() / std::filesystem::read_symlink(path, failed);
    return path;
  }

 public:
  explicit whole_file(std::filesystem::path path) : path_(std::move(path)) {
    std::error_code failed;
    auto const found = std::filesystem::status(path_, failed);
    if (std::filesystem::is_directory(found)) flan::fail("cannot write ", path_.string(), ": it is a folder");
    if (!std::filesystem::exists(found) || std::filesystem::is_regular_file(found)) {
      path_ = behind_links(std::move(path_));
      (part_ = path_) += ".part";
    }
    file_ = std::fopen((part_.empty() ? path_ : part_).c_str(), "wb");
    if (!file_) flan::fail("cannot write ", path_.string());
  }
  whole_file(whole_file const&) = delete;
  ~whole_file() {
    if (file_) std::fclose(file_);
    std::error_code ignored;
    if (!part_.empty()) std::filesystem::remove(part_, ignored);
  }
  std::FILE* handle() const { return file_; }
  void finish() {
    bool const written = std::fflush(file_) == 0;
    bool const closed = std::fclose(std::exchange(file_, nullptr)) == 0;
    if (!written || !closed) refuse("is the disk full?");
    if (part_.empty()) return;
    std::error_code failed;
    std::filesystem::rename(part_, path_, failed);
    if (failed) refuse(failed.message());
    part_.clear();
  }

 private:
  template <class S>
  [[noreturn]] void refuse(S const& why) const {
    flan::fail("cannot write ", path_.string(), ": ", why);
  }
};

}  // namespace mixture_program
