#pragma once
/// A file as memory, read only. Tensors that borrow from it share its ownership.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "flan/core/error.hpp"

namespace flan {

/// Maps a regular file. The mapping outlives a rename or removal of the file (which is how save_folder replaces one),
/// but not its truncation in place by another program.
class mapped_file {
  std::filesystem::path path_;
  std::byte const* data_ = nullptr;
  std::size_t size_ = 0;

 public:
  /// Throws an error that names the file if it cannot be opened or is no regular file.
  explicit mapped_file(std::filesystem::path path) : path_(std::move(path)) {
    int const file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail("cannot open ", path_.string(), ": ", std::strerror(errno));
    struct stat status {};
    bool const regular = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    size_ = regular ? static_cast<std::size_t>(status.st_size) : 0;
    void* const p = size_ ? ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0) : nullptr;
    int const reason = errno;
    ::close(file);
    if (!regular) fail(path_.string(), " is not a regular file");
    if (p == MAP_FAILED) fail("cannot map ", path_.string(), " into memory: ", std::strerror(reason));
    data_ = static_cast<std::byte const*>(p);
  }
  mapped_file(mapped_file const&) = delete;
  mapped_file& operator=(mapped_file const&) = delete;
  ~mapped_file() {
    if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
  }

  /// Gives the memory of these bytes back to the system: they stay readable, from the page cache or the file.
  void drop_pages(std::byte const* begin, std::size_t bytes) const {
    auto const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    auto const first = (static_cast<std::size_t>(begin - data_) + page - 1) / page * page;
    auto const last = static_cast<std::size_t>(begin - data_ + static_cast<std::ptrdiff_t>(bytes)) / page * page;
    if (last > first) ::madvise(const_cast<std::byte*>(data_) + first, last - first, MADV_DONTNEED);  // advice
  }

  std::filesystem::path const& path() const { return path_; }
  std::byte const* data() const { return data_; }
  std::size_t size() const { return size_; }
};

}  // namespace flan
