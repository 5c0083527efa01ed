#pragma once
/// How far a long piece of work is: a bar that renews itself on a terminal, a line now and then elsewhere.

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace support {

/// Speaks on standard error, once the work has taken a second; on a terminal it leaves nothing behind.
class progress_bar {
  using clock = std::chrono::steady_clock;
  std::string what_;
  std::uint64_t total_;
  bool terminal_ = ::isatty(STDERR_FILENO) == 1, shown_ = false;
  clock::time_point begin_ = clock::now(), last_ = begin_;

 public:
  progress_bar(std::string what, std::uint64_t total) : what_(std::move(what)), total_(total) {}
  progress_bar(progress_bar const&) = delete;
  ~progress_bar() {
    if (shown_ && terminal_) std::fprintf(stderr, "\r\x1b[K");
  }

  void operator()(std::uint64_t done) {
    auto const now = clock::now();
    using std::chrono::milliseconds;
    if (now - last_ < milliseconds(!terminal_ ? 10'000 : shown_ ? 100 : 1'000)) return;
    last_ = now, shown_ = true;
    double const share = static_cast<double>(done) / static_cast<double>(total_ > 0 ? total_ : 1);
    double const seconds = std::chrono::duration<double>(now - begin_).count();
    double const left = share > 0 ? seconds / share - seconds : 0;
    auto const full = static_cast<std::size_t>(30 * share);
    if (terminal_)
      std::fprintf(stderr, "\r\x1b[K%s [%s%s] %.0f %%, %.0f s left", what_.c_str(), std::string(full, '#').c_str(),
                   std::string(30 - full, ' ').c_str(), 100 * share, left);
    else
      std::fprintf(stderr, "%s: %.0f %%, %.0f s left\n", what_.c_str(), 100 * share, left);
    std::fflush(stderr);
  }
};

}  // namespace support
