#pragma once
/// The machine's own ceilings: fused multiply-adds (portable: products and sums) and products of bytes from registers,
/// and reading memory.

#include <algorithm>
#include <chrono>

#include "flan/cpu/backend.hpp"

namespace peak {

using namespace flan;

template <instruction_set>
struct kernels;
template <instruction_set>
struct byte_kernels;

}  // namespace peak

#define FLAN_KERNELS "benchmarks/peak.inc"
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

template <instruction_set I>
double byte_multiply_adds_of(int workers) {
  using k = byte_kernels<I>;
  set_threads(workers);
  extent const turns = 400'000;
  double const work = 2.0 * static_cast<double>(turns) * k::products * workers;
  double const rate = best_rate(work, [&] {
    parallel_for(workers, 1, [&](extent, extent) {
      std::int32_t sink = 0;
      k::multiply_add(turns, &sink);
    });
  });
  set_threads(0);
  return rate;
}

/// Operations per second on bytes of `workers` threads together, as the library's products of bytes do them: a
/// multiply-add counted as two.
inline double byte_multiply_adds(instruction_set isa, int workers) {
#if defined(__x86_64__)
  if (isa == instruction_set::avx512_dot) return byte_multiply_adds_of<instruction_set::avx512_dot>(workers);
#endif
  double rate = 0;
  flan::detail::with_kernels(isa, [&](auto i) { rate = byte_multiply_adds_of<i()>(workers); });
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
