// The threads of a block as fibers, and the places where they meet.

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <vector>

#include "cuda_runtime.h"
#include "fiber.hpp"
#include "flan/core/error.hpp"
#include "flan/core/random.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define FLAN_EMULATOR_POISON(p, n) __asan_poison_memory_region(p, n)
#define FLAN_EMULATOR_UNPOISON(p, n) __asan_unpoison_memory_region(p, n)
#else
#define FLAN_EMULATOR_POISON(p, n) static_cast<void>(0)
#define FLAN_EMULATOR_UNPOISON(p, n) static_cast<void>(0)
#endif

inline constexpr std::size_t flan_most_shared = 228 * 1024;
/// What the `extern __shared__` array of flan/cuda/kernels/shared.cuh names: one for all blocks, which run in turn.
alignas(128) unsigned char flan_shared_memory[flan_most_shared];

namespace flan::emulator {
namespace {

struct thread_state {
  enum { ready, in_warp, in_block, done } at = done;
  uint3 index{};
  unsigned mask = 0;
  char const* what = "";  // the op of the warp it waits in
  unsigned long long bits = 0;
  int source = -1;
};

std::recursive_mutex running;  // one grid at a time: the vocabulary's variables are the process's
std::vector<std::unique_ptr<fiber>> fibers;
std::vector<thread_state> threads;
unsigned waiting[32];  // of each warp: how many of its threads are in_warp
std::size_t current = 0;
std::map<void const*, std::size_t> allowed_shared;

void (*thread_function)(void const*);
void const* thread_argument;
std::string problem;  // said by a thread, for the scheduler

std::string name(std::size_t t) {
  auto const& i = threads[t].index;
  return sentence("thread (", i.x, ", ", i.y, ", ", i.z, ")");
}

void body(void*) {
  try {
    thread_function(thread_argument);
  } catch (std::exception const& e) {
    problem = name(current) + " threw: " + e.what();
  }
}

std::string describe_wait(std::size_t t) {
  switch (threads[t].at) {
    case thread_state::in_block:
      return name(t) + " waits in __syncthreads";
    case thread_state::in_warp:
      return sentence(name(t), " waits in ", threads[t].what, " for the lanes of mask ", threads[t].mask);
    default:
      return name(t) + " has returned";
  }
}

/// Threads that can never meet: two of them that are in different places say it best.
std::string deadlock() {
  auto const differs = [](thread_state const& a, thread_state const& b) { return a.at != b.at || a.what != b.what; };
  for (std::size_t t = 1; t < threads.size(); ++t)
    if (differs(threads[t], threads[0])) return describe_wait(0) + " while " + describe_wait(t);
  return "all threads wait, " + describe_wait(0);
}

/// Runs those of order[first … last) that are ready, each until it waits or returns; whether there was one.
bool run_ready(std::vector<std::size_t> const& order, std::size_t first, std::size_t last, std::size_t& left) {
  bool any = false;
  for (std::size_t i = first; i < last; ++i) {
    std::size_t const t = order[i];
    auto& state = threads[t];
    if (state.at != thread_state::ready || !problem.empty()) continue;
    any = true;
    current = t;
    threadIdx = state.index;
    fibers[t]->resume();
    if (fibers[t]->finished()) state.at = thread_state::done, --left;
  }
  return any;
}

/// `order` is by warps where it is not shuffled: a warp runs as far as it can before the next begins, which is what a
/// missing barrier tolerates least. Shuffled, threads of all warps take turns.
bool run_block(std::vector<std::size_t>& order, std::uint64_t key, emulator::order how) {
  std::size_t const n = threads.size();
  std::uint64_t round = 0;
  for (std::size_t left = n; left != 0;) {
    if (how == emulator::order::shuffled) {
      for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[uniform_below(key, ++round, i)]);
      while (run_ready(order, 0, n, left)) continue;
    } else {
      for (std::size_t warp = 0; warp < n; warp += 32)
        while (run_ready(order, warp, warp + 32, left)) continue;
    }
    if (!problem.empty()) return false;
    if (left == 0) break;
    bool const all =
        std::all_of(threads.begin(), threads.end(), [](auto const& s) { return s.at == thread_state::in_block; });
    if (!all) {
      problem = deadlock();
      return false;
    }
    for (auto& s : threads) s.at = thread_state::ready;
  }
  return true;
}

}  // namespace

int lane() { return static_cast<int>(current % 32); }

void meet_block() {
  threads[current].at = thread_state::in_block;
  fibers[current]->pause();
}

unsigned long long meet_warp(unsigned mask, char const* what, unsigned long long bits, int source) {
  auto& mine = threads[current];
  std::size_t const first = current / 32 * 32;
  if ((mask >> (current % 32) & 1) == 0) {
    problem = sentence(name(current), " calls ", what, " with a mask that lacks its own lane");
    mine.at = thread_state::in_warp, fibers[current]->pause();
  }
  mine.at = thread_state::in_warp, mine.mask = mask, mine.what = what, mine.bits = bits, mine.source = source;
  auto& in_warp = waiting[current / 32];
  bool complete = ++in_warp >= static_cast<unsigned>(std::popcount(mask));
  for (std::size_t l = 0; l < 32 && complete; ++l)
    if (mask >> l & 1) {
      auto const& s = threads[first + l];
      complete = s.at == thread_state::in_warp && s.mask == mask && std::strcmp(s.what, what) == 0;
    }
  if (!complete) {
    fibers[current]->pause();
  } else {  // the last to come hands out what all have brought
    unsigned long long brought[32];
    for (std::size_t l = 0; l < 32; ++l) brought[l] = threads[first + l].bits;
    unsigned votes = 0;
    for (std::size_t l = 0; l < 32; ++l)
      if ((mask >> l & 1) && brought[l] != 0) votes |= 1u << l;
    for (std::size_t l = 0; l < 32; ++l) {
      if ((mask >> l & 1) == 0) continue;
      auto& s = threads[first + l];
      s.at = thread_state::ready, --in_warp;
      if (s.source == -2) {
        s.bits = votes;
      } else if (s.source >= 0) {
        if ((mask >> (s.source % 32) & 1) == 0)
          problem = sentence(name(first + l), " reads a lane outside of its mask");
        s.bits = brought[s.source % 32];
      }
    }
  }
  return threads[current].bits;
}

unsigned ballot(unsigned mask, bool predicate) {
  return static_cast<unsigned>(meet_warp(mask, "__ballot_sync", predicate, -2));
}

cudaError_t allow_shared(void const* kernel, int bytes) {
  std::lock_guard const lock(running);
  if (bytes < 0 || static_cast<std::size_t>(bytes) > device().shared_per_block) return cudaErrorInvalidValue;
  allowed_shared[kernel] = static_cast<std::size_t>(bytes);
  return cudaSuccess;
}

cudaError_t run_grid(cudaLaunchConfig_t const& c, void const* kernel, void (*thread)(void const*), void const* f) {
  std::lock_guard const lock(running);
  auto& d = device();
  ++d.launches;
  auto const most = std::max<std::size_t>(allowed_shared.count(kernel) != 0 ? allowed_shared[kernel] : 0, 48 * 1024);
  std::size_t const n = std::size_t{c.blockDim.x} * c.blockDim.y * c.blockDim.z;
  bool const fits = n > 0 && n <= 1024 && n % 32 == 0 && c.gridDim.x > 0 && c.gridDim.y > 0 && c.gridDim.z > 0 &&
                    c.gridDim.y < 65536 && c.gridDim.z < 65536 && c.dynamicSmemBytes <= most;
  if (!fits) {
    d.failure = sentence("a grid of ", c.gridDim.x, " x ", c.gridDim.y, " x ", c.gridDim.z, " blocks of ", n,
                         " threads (a multiple of 32 up to 1024) with ", c.dynamicSmemBytes,
                         " bytes of shared memory (at most ", most, ") cannot be launched");
    return cudaErrorInvalidConfiguration;
  }
  while (fibers.size() < n) fibers.push_back(std::make_unique<fiber>());
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (d.threads == order::descending) std::reverse(order.begin(), order.end());
  threads.assign(n, {});
  thread_function = thread, thread_argument = f;
  gridDim = c.gridDim, blockDim = c.blockDim;
  problem.clear();
  FLAN_EMULATOR_POISON(flan_shared_memory, flan_most_shared);
  FLAN_EMULATOR_UNPOISON(flan_shared_memory, c.dynamicSmemBytes);
  bool good = true;
  for (unsigned z = 0; z < c.gridDim.z && good; ++z)
    for (unsigned y = 0; y < c.gridDim.y && good; ++y)
      for (unsigned x = 0; x < c.gridDim.x && good; ++x) {
        blockIdx = {x, y, z};
        std::memset(flan_shared_memory, 0xff, c.dynamicSmemBytes);  // NaN, until a thread writes
        std::fill(std::begin(waiting), std::end(waiting), 0u);
        for (std::size_t t = 0; t < n; ++t) {
          auto const i = static_cast<unsigned>(t);
          threads[t] = {};
          threads[t].index = {i % c.blockDim.x, i / c.blockDim.x % c.blockDim.y, i / (c.blockDim.x * c.blockDim.y)};
          threads[t].at = thread_state::ready;
          fibers[t]->start(body, nullptr);
        }
        good = run_block(order, d.seed * 0x9e3779b97f4a7c15u + d.launches * 65537 + x, d.threads);
      }
  FLAN_EMULATOR_UNPOISON(flan_shared_memory, flan_most_shared);
  if (good) return cudaSuccess;
  d.failure = sentence("block (", blockIdx.x, ", ", blockIdx.y, ", ", blockIdx.z, "): ", problem);
  return cudaErrorLaunchFailure;
}

}  // namespace flan::emulator
