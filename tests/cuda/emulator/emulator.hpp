#pragma once
// The emulator's own side: what tests may set and ask, and what the vocabulary in cuda_runtime.h stands on.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "cuda_runtime_api.h"

namespace flan::emulator {

/// In which order the threads of a block run between two places where they meet. A kernel that lacks a barrier gives
/// other bits in another order, or reads NaN.
enum class order { ascending, descending, shuffled };

/// A made-up sm_90. Tests may change it before a backend is made.
struct device_state {
  int count = 1;  ///< 0: as without a device
  bool driver = true;
  int major = 9, minor = 0, processors = 4;
  std::size_t shared_per_block = 227 * 1024;
  std::size_t memory = std::size_t{1} << 30;  ///< bytes that may be allocated
  order threads = order::ascending;
  std::uint64_t seed = 1;  ///< of order::shuffled
  bool late = false;       ///< a stream's work is done only when somebody waits for it: who does not, reads NaN

  // What happened.
  std::size_t launches = 0, allocations = 0, allocated = 0, synchronizations = 0;
  std::string failure{};  ///< of the last launch that failed, as a sentence
};
device_state& device();

/// Back to a fresh device, after all work was done; what is allocated stays counted.
void reset();

// --- Below: for cuda_runtime.h
// -----------------------------------------------------------------------------------------

/// Runs thread(f) for every thread of every block.
cudaError_t run_grid(cudaLaunchConfig_t const& config, void const* kernel, void (*thread)(void const*), void const* f);
/// Does `work` when the stream comes to it: at once, unless the device is late. An error of late work is the next
/// synchronization's.
cudaError_t give(cudaStream_t stream, std::function<cudaError_t()> work);
cudaError_t allow_shared(void const* kernel, int bytes);
cudaError_t describe(cudaFuncAttributes*);

/// The calling thread's place in its warp.
int lane();
/// __syncthreads.
void meet_block();
/// Waits until all lanes of `mask` have come to the same `what`; gives the bits that lane `source` brought (-1: none).
unsigned long long meet_warp(unsigned mask, char const* what, unsigned long long bits, int source);
/// The lanes of `mask` whose predicate holds.
unsigned ballot(unsigned mask, bool predicate);

}  // namespace flan::emulator
