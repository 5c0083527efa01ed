#pragma once
/// A file that is read here and there, by any number of threads, for as long as nobody changes it.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"

namespace flan::detail {

/// What tells whether a file is still the one that it was.
struct file_stamp {
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // nanoseconds since the epoch
  friend bool operator==(file_stamp const&, file_stamp const&) = default;
};

/// An open file, closed with its last owner.
class file_handle {
  int number_;

 public:
  [[gnu::cold]] explicit file_handle(std::filesystem::path const& path)
      : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (number_ < 0) fail("cannot open ", path.string(), ": ", std::strerror(errno));
  }
  file_handle(file_handle const&) = delete;
  file_handle& operator=(file_handle const&) = delete;
  ~file_handle() { ::close(number_); }

  /// Throws when it is not a regular file.
  file_stamp stamp(std::filesystem::path const& path) const {
    struct stat s {};
    if (::fstat(number_, &s) != 0) fail("cannot look at ", path.string(), ": ", std::strerror(errno));
    if (S_ISDIR(s.st_mode)) fail("cannot read ", path.string(), ": it is a folder");
    if (!S_ISREG(s.st_mode)) fail("cannot read ", path.string(), ": it is not a regular file");
#ifdef __APPLE__
    auto const& time = s.st_mtimespec;
#else
    auto const& time = s.st_mtim;
#endif
    return {static_cast<std::uint64_t>(s.st_size),
            static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::int64_t>(time.tv_nsec)};
  }

  /// At most n bytes from `offset` on; fewer only where the file ends.
  std::size_t read(std::filesystem::path const& path, std::uint64_t offset, char* to, std::size_t n) const {
    std::size_t done = 0;
    while (done < n) {
      auto const got = ::pread(number_, to + done, n - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail("cannot read ", path.string(), ": ", std::strerror(errno));
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }
};

/// Who packed a file, by its first bytes.
enum class packed_by { nobody, gzip, zstd };
constexpr packed_by packer_of(std::string_view bytes) {
  if (bytes.starts_with("\x1F\x8B")) return packed_by::gzip;
  // A frame, or one that decoders skip.
  if (bytes.starts_with("\x28\xB5\x2F\xFD")) return packed_by::zstd;
  if (bytes.size() >= 4 && bytes[0] >= 0x50 && bytes[0] <= 0x5F && bytes.substr(1, 3) == "\x2A\x4D\x18")
    return packed_by::zstd;
  return packed_by::nobody;
}
[[gnu::cold]] inline packed_by packer_of(file_handle const& file, std::filesystem::path const& path) {
  char bytes[4];
  return packer_of(std::string_view(bytes, file.read(path, 0, bytes, sizeof bytes)));
}
[[gnu::cold]] inline packed_by packer_of(std::filesystem::path const& path) {
  file_handle const file(path);
  static_cast<void>(file.stamp(path));
  return packer_of(file, path);
}

/// Keeps the files opened last open, at most a quarter of what the process may: a mixture has more files than that.
class open_handles {
  std::mutex turn_;
  std::vector<std::shared_ptr<file_handle const>> kept_;
  std::size_t next_ = 0;

  static std::size_t most() {
    struct rlimit limit {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 4096;
    return static_cast<std::size_t>(std::clamp<rlim_t>(limit.rlim_cur / 4, 16, 4096));
  }

 public:
  static open_handles& of_this_process() {
    static open_handles all;
    return all;
  }
  /// Lets go of what is too much where the process may have fewer open now: to be called before opening.
  void make_room() {
    std::size_t const n = most();
    std::lock_guard const lock(turn_);
    if (kept_.size() > n) kept_.resize(n);
  }
  /// What gives way is closed as soon as nobody is reading it.
  void keep(std::shared_ptr<file_handle const> handle) {
    std::size_t const n = most();
    std::lock_guard const lock(turn_);
    if (kept_.size() > n) kept_.resize(n);
    if (kept_.size() < n) return kept_.push_back(std::move(handle));
    next_ = (next_ + 1) % n;
    kept_[next_] = std::move(handle);
  }
};

/// Reads with pread, not through a mapping: a file that another program cuts short is then an error, not a signal.
class data_file {
  std::filesystem::path path_;   // as the user wrote it, for messages
  std::filesystem::path whole_;  // the same after the working folder has changed
  file_stamp stamp_;
  mutable std::mutex turn_;
  mutable std::weak_ptr<file_handle const> handle_;

  std::shared_ptr<file_handle const> handle() const {
    std::lock_guard const lock(turn_);
    auto found = handle_.lock();
    if (!found) {
      open_handles::of_this_process().make_room();
      found = std::make_shared<file_handle const>(whole_);
      handle_ = found;
      open_handles::of_this_process().keep(found);
    }
    return found;
  }

 public:
  [[gnu::cold]] explicit data_file(std::filesystem::path path)
      : path_(std::move(path)), whole_(path_.empty() ? path_ : std::filesystem::absolute(path_)) {
    auto const open = handle();
    stamp_ = open->stamp(path_);
    if (packer_of(*open, path_) != packed_by::nobody)
      fail(path_.string(), " is packed by ", packer_of(*open, path_) == packed_by::gzip ? "gzip" : "zstd",
           ": open flan::unpacked(path) instead, from flan/data/unpacked.hpp");
  }

  std::filesystem::path const& path() const { return path_; }
  file_stamp const& stamp() const { return stamp_; }
  std::uint64_t size() const { return stamp_.size; }

  /// Throws `error` when the file is no longer what it was when this was made.
  void read(std::uint64_t offset, char* to, std::size_t n) const {
    auto const open = handle();
    file_stamp const now = open->stamp(path_);
    if (now.size != stamp_.size)
      fail(path_.string(), " was changed while it was being read: it had ", stamp_.size,
           " bytes when it was opened, and now has ", now.size);
    if (now != stamp_)
      fail(path_.string(), " was changed while it was being read: it was written to since it was opened");
    if (auto const got = open->read(path_, offset, to, n); got != n)
      fail(path_.string(), " ends at byte ", offset + got, ", where ", n - got, " more bytes were expected");
  }
  std::string read(std::uint64_t offset, std::size_t n) const {
    std::string bytes(n, '\0');
    read(offset, bytes.data(), n);
    return bytes;
  }
};

}  // namespace flan::detail
