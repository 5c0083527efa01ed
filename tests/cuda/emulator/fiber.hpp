#pragma once
// A stack of its own for each thread of a block, and the switch between them.

#include <cstddef>

namespace flan::emulator {

/// A function that can stop in its middle. `resume` runs it until it calls `pause` or returns; a paused one may be
/// abandoned (nothing on its stack is destroyed) and started again from the beginning.
class fiber {
 public:
  static constexpr std::size_t stack_bytes = 256 * 1024;

  fiber();
  ~fiber();
  fiber(fiber const&) = delete;
  fiber& operator=(fiber const&) = delete;

  /// Prepares body(argument) as what the next resume begins. `body` may not throw.
  void start(void (*body)(void*), void* argument);
  void resume();
  /// Called on the fiber: back to whoever resumed it.
  void pause();
  bool finished() const { return finished_; }

 private:
  static void enter(fiber*);
  void switch_out(bool for_good);

  unsigned char* stack_;
  void* here_ = nullptr;     ///< where the fiber goes on: its stack pointer
  void* resumer_ = nullptr;  ///< and where its resumer does
  void (*body_)(void*) = nullptr;
  void* argument_ = nullptr;
  bool finished_ = true;
  // AddressSanitizer's notes about the two stacks.
  [[maybe_unused]] void* fake_stack_ = nullptr;
  [[maybe_unused]] void* resumer_fake_stack_ = nullptr;
  [[maybe_unused]] void const* resumer_stack_ = nullptr;
  [[maybe_unused]] std::size_t resumer_stack_bytes_ = 0;
};

}  // namespace flan::emulator
