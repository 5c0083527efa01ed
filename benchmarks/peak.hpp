#pragma once
/// The machine's own ceilings: fused multiply-adds (portable: products and sums) from registers, and reading memory.

#include <algorithm>
#include <chrono>

#include "flan/cpu/backend.hpp"

namespace peak {

using namespace flan;

template <instruction_set>
struct kernels;

}  // namespace peak

#define FLAN_KERNELS "benchmarks/peak.inc"
#include "flan/cpu/kernels/stamp.inc"

namespace peak {

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The best rate of several tries: other processes can only make it smaller.
template <class F>
double best_rate(double work, F&& f) {
  double best = 0;
  for (int turn = 0; turn < 20; ++turn) {
    double const start = seconds();
    f();
    best = std::max(best, work / (seconds() - start));
  }
  return best;
}

/// Floating-point operations per second of `workers` threads together, a multiply-add counted as two.
inline double multiply_adds(instruction_set isa, int workers) {
  set_threads(workers);
  extent const turns = 400'000;
  double rate = 0;
  flan::detail::with_kernels(isa, [&](auto i) {
    double const work = 2.0 * static_cast<double>(turns) * kernels<i()>::chains * kernels<i()>::width * workers;
    rate = best_rate(work, [&] {
      parallel_for(workers, 1, [&](extent, extent) {
        float sink = 0;
        kernels<i()>::multiply_add(turns, &sink);
      });
    });
  });
  set_threads(0);
  return rate;
}

/// Bytes per second that `workers` threads together read from memory, well past every cache.
inline double read_rate(int workers) {
  set_threads(workers);
  extent const floats = extent{64} << 20, part = floats / 64;
  static memory const block = [] {
    auto m = flan::detail::allocate_streamed(static_cast<std::size_t>(extent{64} << 20) * sizeof(float));
    std::fill_n(static_cast<float*>(m.get()), extent{64} << 20, 1.0f);
    return m;
  }();
  auto const* const data = static_cast<float const*>(block.get());
  double rate = 0;
  flan::detail::with_kernels(flan::detail::default_instruction_set(), [&](auto i) {
    rate = best_rate(static_cast<double>(floats) * sizeof(float), [&] {
      parallel_for(64, 1, [&](extent c, extent) {
        float sink = 0;
        kernels<i()>::read(data + c * part, part, &sink);
      });
    });
  });
  set_threads(0);
  return rate;
}

}  // namespace peak
