#pragma once
/// Where the contents of packed files are kept: what every packer's header shares.

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "flan/core/error.hpp"
#include "flan/data/data_file.hpp"
#include "flan/data/record_index.hpp"

namespace flan::detail {

/// A new file that the contents of `from` are written into.
class unpacked_output {
  std::filesystem::path from_, path_;
  std::uint64_t size_ = 0;
  std::FILE* file_ = nullptr;

  [[noreturn]] void cannot_write() const {
    fail("cannot write ", path_.string(), ", into which ", from_.string(), " is unpacked");
  }

 public:
  /// Several threads and processes may do this at once, of several machines that share the folder: each writes a file
  /// of its own, whose name nobody else has.
  [[gnu::cold]] unpacked_output(std::filesystem::path from, std::filesystem::path const& folder)
      : from_(std::move(from)) {
    static std::atomic<unsigned> counter{0};
    int number = -1;
    do {
      path_ = folder / sentence(".unpacking-", ::getpid(), '-', counter++);
      number = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (number < 0 && errno == EEXIST);
    if (number < 0) cannot_write();
    file_ = ::fdopen(number, "wb");
    if (file_) return;
    ::close(number);
    ::unlink(path_.c_str());
    cannot_write();
  }
  unpacked_output(unpacked_output const&) = delete;
  unpacked_output& operator=(unpacked_output const&) = delete;
  ~unpacked_output() {
    if (file_) std::fclose(file_);
  }

  std::filesystem::path const& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  void write(char const* bytes, std::size_t n) {
    if (std::fwrite(bytes, 1, n, file_) != n) cannot_write();
    size_ += n;
  }
  /// Returns when the disk has it all.
  [[gnu::cold]] void close() {
    std::FILE* const file = file_;
    file_ = nullptr;
    bool const synced = std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
    if (std::fclose(file) != 0 || !synced) cannot_write();
  }
};

/// Calls see(path) for the entries of a folder; as many as can be read.
template <class F>
[[gnu::cold]] void for_entries(std::filesystem::path const& folder, F&& see) {
  std::error_code failed;
  std::filesystem::directory_iterator entry(folder, failed);
  for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) see(entry->path());
}

[[gnu::cold]] inline bool has_size(std::filesystem::path const& file, std::uint64_t size) {
  std::error_code failed;
  return std::filesystem::is_regular_file(file, failed) && std::filesystem::file_size(file, failed) == size && !failed;
}

/// The names of unpacked contents: which file they are of, of which size and time; then their own size, by which a file
/// that has lost its end is told from a whole one; then the name without the packer's ending.
struct unpacked_name {
  std::string of_this, stamp, name;

  std::string with(std::uint64_t size) const {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%llx", static_cast<unsigned long long>(size));
    return of_this + stamp + digits + name;
  }
  /// The size that a name says, if it is such a name.
  std::optional<std::uint64_t> size_in(std::string_view file) const {
    auto const begin = of_this + stamp;
    if (!file.starts_with(begin)) return {};
    std::uint64_t size = 0;
    std::from_chars(file.data() + begin.size(), file.data() + file.size(), size, 16);
    if (file != with(size)) return {};
    return size;
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
  char stamp[48];
  std::snprintf(stamp, sizeof stamp, "%llx-%llx-", static_cast<unsigned long long>(packed.size),
                static_cast<unsigned long long>(packed.modified));
  auto const ending = path.extension();
  auto const plain = ending == ".gz" || ending == ".zst" ? path.stem() : path.filename();
  unpacked_name const names{path_digits(path) + "-", stamp, "-" + plain.string()};
  fs::path found;
  for_entries(folder, [&](fs::path const& file) {
    if (auto const size = names.size_in(file.filename().string()); size && has_size(file, *size)) found = file;
  });
  if (!found.empty()) return found;

  std::error_code failed;
  fs::create_directories(folder, failed);
  unpacked_output out(path, folder);
  fs::path target;
  try {
    unpack(path, out);
    out.close();
    target = folder / names.with(out.size());
    // Unlike renaming, this leaves alone what another process has put there meanwhile, and may be reading.
    fs::create_hard_link(out.path(), target, failed);
    if (!failed || has_size(target, out.size())) {
      fs::remove(out.path(), failed);
    } else {  // there is a shortened one, or the file system has no links
      fs::rename(out.path(), target, failed);
      if (failed) fail("cannot write ", target.string(), ": ", failed.message());
    }
  } catch (...) {
    fs::remove(out.path(), failed);
    throw;
  }
  auto const kept = target.filename().string();
  for_entries(folder, [&](fs::path const& file) {
    auto const name = file.filename().string();
    bool const index = name.starts_with("."), of_kept = index ? name.starts_with("." + kept) : name == kept;
    if (!of_kept && std::string_view(name).substr(index).starts_with(names.of_this)) fs::remove(file, failed);
  });
  if (int const number = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC); number >= 0) {
    ::fsync(number);  // where it cannot, the file may be gone after a power cut, and is unpacked again
    ::close(number);
  }
  return target;
}

}  // namespace flan::detail
