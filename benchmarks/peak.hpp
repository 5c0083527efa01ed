#pragma once
/// The machine's own ceilings: fused multiply-adds (portable: products and sums), dot products of bf16 and products of
/// bytes, all from registers, and reading memory.

#include <algorithm>
#include <chrono>
#include <type_traits>

#include "flan/cpu/backend.hpp"

namespace peak {

using namespace flan;

template <instruction_set>
struct kernels;
template <instruction_set>
struct byte_kernels;

}  // namespace peak

#define FLAN_KERNELS "benchmarks/peak.inc"
#define FLAN_KERNELS_OF_DOT
#include "flan/cpu/kernels/stamp.inc"

#define FLAN_KERNELS "benchmarks/peak_bytes.inc"
#define FLAN_KERNELS_OF_DOT
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

/// Calls of kernel(turns, &sink) on `workers` threads at the same time, in operations per second of all.
template <class Sink>
double rate_of(void (*kernel)(extent, Sink*), extent operations_in_turn, int workers) {
  set_threads(workers);
  extent const turns = 400'000;
  double const rate = best_rate(static_cast<double>(turns * operations_in_turn * workers), [&] {
    parallel_for(workers, 1, [&](extent, extent) {
      Sink sink = 0;
      kernel(turns, &sink);
    });
  });
  set_threads(0);
  return rate;
}

/// Floating-point operations per second of `workers` threads together, a multiply-add counted as two.
inline double multiply_adds(instruction_set isa, int workers) {
  double rate = 0;
  flan::detail::with_kernels(isa, [&](auto i) {
    using k = kernels<i()>;
    rate = rate_of(k::template multiply_add<typename k::vec>, 2 * k::chains * k::width, workers);
  });
  return rate;
}

/// The same where both operands are bf16: two multiply-adds to a lane where the instruction set has dot products.
inline double bf16_multiply_adds(instruction_set isa, int workers) {
#if defined(__x86_64__)
  using k = kernels<instruction_set::avx512_dot>;
  if (isa == instruction_set::avx512_dot) return rate_of(k::multiply_add<k::ints>, 4 * k::chains * k::width, workers);
#endif
  return multiply_adds(isa, workers);
}

/// Operations per second on bytes of `workers` threads together, as the library's products of bytes do them: a
/// multiply-add counted as two.
inline double byte_multiply_adds(instruction_set isa, int workers) {
  auto const rate = [&](auto kernels) {
    return rate_of(decltype(kernels)::multiply_add, 2 * decltype(kernels)::products, workers);
  };
#if defined(__x86_64__)
  if (isa == instruction_set::avx512_dot) return rate(byte_kernels<instruction_set::avx512_dot>());
#endif
  double found = 0;
  flan::detail::with_kernels(isa, [&](auto i) { found = rate(byte_kernels<i()>()); });
  return found;
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
