#pragma once
/// Where the contents of packed files are kept: what every packer's header shares.

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "flan/core/error.hpp"
#include "flan/data/data_file.hpp"
#include "flan/data/record_index.hpp"

namespace flan::detail {

/// A new file that the contents of `from` are written into.
class unpacked_output {
  std::filesystem::path from_, path_;
  std::FILE* file_;

  [[noreturn]] void cannot_write() const {
    fail("cannot write ", path_.string(), ", into which ", from_.string(), " is unpacked");
  }

 public:
  [[gnu::cold]] unpacked_output(std::filesystem::path from, std::filesystem::path path)
      : from_(std::move(from)), path_(std::move(path)), file_(std::fopen(path_.c_str(), "wbx")) {
    if (!file_) cannot_write();
  }
  unpacked_output(unpacked_output const&) = delete;
  unpacked_output& operator=(unpacked_output const&) = delete;
  ~unpacked_output() {
    if (file_) std::fclose(file_);
  }

  void write(char const* bytes, std::size_t n) {
    if (std::fwrite(bytes, 1, n, file_) != n) cannot_write();
  }
  [[gnu::cold]] void close() {
    std::FILE* const file = file_;
    file_ = nullptr;
    if (std::fclose(file) != 0) cannot_write();
  }
};

/// The unpacked contents of `path` in the user's cache folder. unpack(path, output) is called where they are not there,
/// or the packed file has another size or time than when they were made; what was unpacked from it before is then
/// removed, together with its index. When it throws, nothing of the new contents stays.
[[gnu::cold]] inline std::filesystem::path unpacked_file(std::filesystem::path const& path,
                                                         void (*unpack)(std::filesystem::path const&,
                                                                        unpacked_output&)) {
  namespace fs = std::filesystem;
  auto const packed = file_handle(path).stamp(path);
  auto const folder = user_cache_folder();
  if (folder.empty())
    fail("there is no folder to unpack ", path.string(), " into: neither XDG_CACHE_HOME nor HOME is set");
  auto const of_this = path_digits(path) + "-";
  char stamp[48];
  std::snprintf(stamp, sizeof stamp, "%llx-%llx-", static_cast<unsigned long long>(packed.size),
                static_cast<unsigned long long>(packed.modified));
  auto const ending = path.extension();
  auto const name = ending == ".gz" || ending == ".zst" ? path.stem() : path.filename();
  auto const target = folder / (of_this + stamp + name.string());
  std::error_code failed;
  if (fs::is_regular_file(target, failed)) return target;

  fs::create_directories(folder, failed);
  // Several threads and processes may do this at once: the last to be done stays.
  static std::atomic<unsigned> counter{0};
  auto const fresh = folder / sentence(".unpacking-", ::getpid(), '-', counter++);
  fs::remove(fresh, failed);
  try {
    unpacked_output out(path, fresh);
    unpack(path, out);
    out.close();
  } catch (...) {
    fs::remove(fresh, failed);
    throw;
  }
  if (fs::is_directory(folder, failed))
    for (auto const& entry : fs::directory_iterator(folder, failed)) {
      auto const old = entry.path().filename().string();
      bool const index_of_it = old.starts_with("." + of_this);
      if (old.starts_with(of_this) || index_of_it) fs::remove(entry.path(), failed);
    }
  fs::rename(fresh, target, failed);
  if (failed) {
    auto const why = failed.message();
    fs::remove(fresh, failed);
    fail("cannot write ", target.string(), ": ", why);
  }
  return target;
}

}  // namespace flan::detail
