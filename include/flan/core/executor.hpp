#pragma once
/// How a host application lends its own threads to parallel_for.

namespace flan {

struct executor {
  virtual ~executor() = default;
  /// How many threads a call may use, its caller included; at least 1.
  virtual int threads() const = 0;
  /// Calls work(argument) at least once and at most `copies` times, at the same time where possible, and returns when
  /// all those calls have. `work` does not throw.
  virtual void run(int copies, void (*work)(void*), void* argument) = 0;
};

}  // namespace flan
