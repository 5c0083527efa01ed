#pragma once
/// What caches and memory give on this machine, in bytes per second of all threads together: reading from each level,
/// and reading and writing past every cache. Each figure is the best of several tries.

#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "benchmarks/peak.hpp"

namespace bandwidth {

using namespace flan;

template <instruction_set>
struct kernels;

}  // namespace bandwidth

#define FLAN_KERNELS "benchmarks/bandwidth.inc"
#include "flan/cpu/kernels/stamp.inc"

namespace bandwidth {

inline constexpr int usual_tries = 20;

/// Seconds of the clock or, of a single thread, of its processor time: then others that run cost it nothing.
inline double seconds_of(int workers) {
  if (workers > 1) return peak::seconds();
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// The best of `tries`, like peak::best_rate.
template <class F>
double best_rate(double bytes, int workers, int tries, F&& f) {
  double best = 0;
  for (int turn = 0; turn < tries; ++turn) {
    double const start = seconds_of(workers);
    f();
    best = std::max(best, bytes / (seconds_of(workers) - start));
  }
  return best;
}

/// Floats of one, in huge pages where the system grants them.
inline memory ones(extent count) {
  auto m = flan::detail::allocate_streamed(static_cast<std::size_t>(count) * sizeof(float));
  float* const data = static_cast<float*>(m.get());
  parallel_for(count, extent{1} << 20, [&](extent begin, extent end) { std::fill_n(data + begin, end - begin, 1.0f); });
  return m;
}

enum class level { l2, l3, memory };

/// The size of a core's cache as Linux says it ("1024K"), in bytes; `otherwise` where it says none. (sysconf says what
/// the processor has, which of a virtual machine is not the machine's.)
inline extent cache_size(std::string const& index, extent otherwise) {
  extent const kib =
      std::atol(flan::detail::first_line("/sys/devices/system/cpu/cpu0/cache/index" + index + "/size").c_str());
  return kib > 0 ? kib << 10 : otherwise;
}

/// Bytes that each of `workers` threads reads over and over to find a level's rate: half of the L2 cache; of the L3
/// cache, which all share (and other machines of the host too), half a share; of memory 256 MiB together.
inline extent working_set(level l, int workers) {
  constexpr extent unit = 16 << 10;
  extent const most = (extent{256} << 20) / workers;
  extent const bytes = l == level::l2   ? cache_size("2", 1 << 20) / 2
                       : l == level::l3 ? cache_size("3", 16 << 20) / (2 * std::max(2, workers))
                                        : most;
  return std::clamp(bytes / unit * unit, unit, most);
}

/// Reading, each thread a part of its own.
inline double read_rate(level l, int workers, int tries = usual_tries) {
  set_threads(workers);
  extent const bytes = working_set(l, workers), floats = bytes / static_cast<extent>(sizeof(float));
  extent const passes = std::max<extent>(1, (extent{64} << 20) / bytes);
  static memory const block = ones(extent{64} << 20);
  auto const* const data = static_cast<float const*>(block.get());
  // Of memory many small parts, so that nobody waits for the slowest.
  extent const parts = l == level::memory ? 64 : workers, each = l == level::memory ? floats * workers / 64 : floats;
  double rate = 0;
  flan::detail::with_kernels(flan::detail::default_instruction_set(), [&](auto i) {
    double const read = static_cast<double>(parts * each * passes) * sizeof(float);
    rate = best_rate(read, workers, tries, [&] {
      parallel_for(parts, 1, [&](extent part, extent) {
        float sink = 0;
        kernels<i()>::read(data + part * each, each, passes, &sink);
      });
    });
  });
  set_threads(0);
  return rate;
}

/// Two arrays well past every cache.
struct streams {
  static constexpr extent count = extent{32} << 20, parts = 64;
  memory x = ones(count), y = ones(count);

  static streams const& shared() {
    static streams const s;
    return s;
  }
  /// f(y, x, floats) on every part; `moved`: bytes that f moves for each float.
  template <class F>
  double rate(double moved, int workers, int tries, F&& f) const {
    set_threads(workers);
    auto const* const from = static_cast<float const*>(x.get());
    auto* const to = static_cast<float*>(y.get());
    double const best = best_rate(moved * static_cast<double>(count), workers, tries, [&] {
      parallel_for(parts, 1, [&](extent part, extent) {
        f(to + part * (count / parts), from + part * (count / parts), count / parts);
      });
    });
    set_threads(0);
    return best;
  }
};

/// y = x: eight bytes a float. What a processor reads before it writes is not counted.
inline double copy_rate(int workers, int tries = usual_tries) {
  double rate = 0;
  flan::detail::with_kernels(flan::detail::default_instruction_set(), [&](auto i) {
    rate = streams::shared().rate(8, workers, tries,
                                  [&](float* y, float const* x, extent n) { kernels<i()>::copy(y, x, n); });
  });
  return rate;
}

/// y = keep·y + x: twelve bytes a float.
inline double update_rate(int workers, int tries = usual_tries) {
  double rate = 0;
  flan::detail::with_kernels(flan::detail::default_instruction_set(), [&](auto i) {
    rate = streams::shared().rate(12, workers, tries,
                                  [&](float* y, float const* x, extent n) { kernels<i()>::update(y, x, n, 0.5f); });
  });
  return rate;
}

}  // namespace bandwidth
