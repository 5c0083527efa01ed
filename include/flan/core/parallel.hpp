#pragma once
/// Fork and join: parallel_for over chunks, on one pool for the whole process.
///
/// The pool starts with the first call that can use it and has as many threads as the process may run on (affinity,
/// cgroup quota), the caller among them. Each thread begins with a run of chunks of its own, the same in every call,
/// and then takes what others have left. The chunks do not vary, so a body whose chunks are independent gives the same
/// bits on any number of threads. Idle workers spin for a moment and then sleep. A call from inside a chunk, or while
/// another thread's call is under way, runs on its own thread. A child made by fork() starts a pool of its own when it
/// first needs one.

#include <atomic>
#include <exception>
#include <mutex>
#include <type_traits>

#include "flan/core/executor.hpp"
#include "flan/core/shape.hpp"
#include "flan/core/thread_pool.hpp"

namespace flan {

/// The threads that a parallel call uses at most, its caller included.
inline int threads() { return detail::current_executor().threads(); }

/// Sizes the pool: n threads, the caller included; 1 runs everything on the calling thread and ends the workers (do
/// that before unloading a shared library that holds this code); 0 returns to the default, FLAN_THREADS where the
/// environment has it, else what affinity and cgroup quota allow. Not while a parallel call is under way.
inline void set_threads(int n) {
  if (n < 0) fail("the number of threads should be 0 (the default) or more, but is ", n);
  detail::shared_pool().resize(n);
}

/// Runs parallel calls on the host application's threads from now on; nullptr returns to the pool. The executor must
/// outlive its use. Not while a parallel call is under way.
inline void set_executor(executor* e) { detail::host_executor().store(e, std::memory_order_release); }

namespace detail {

// True on a thread that is running a chunk: a call from there runs inline.
inline bool& inside_parallel() {
  thread_local bool inside = false;
  return inside;
}

// A body without its type: one loop serves all bodies, and a call of parallel_for compiles to little.
using range_body = void (*)(void* body, extent begin, extent end);

/// Chunks are divided into as many runs as threads may come, and a thread has the same run in every call: where ops
/// divide the same rows alike, it finds in its caches what it wrote. Who is done with its own run takes from the
/// others'.
struct parallel_call {
  static constexpr int most_runs = 64;
  struct alignas(64) run_of_chunks {
    std::atomic<extent> next{0};
    extent end = 0;
  };

  range_body body;
  void* argument;
  extent count, grain;
  int runs;
  void const* caller = &inside_parallel();
  run_of_chunks of[most_runs]{};
  std::mutex failure_mutex{};
  std::exception_ptr failure{};

  parallel_call(range_body f, void* a, extent n, extent each, extent chunks, int copies)
      : body(f), argument(a), count(n), grain(each), runs(copies < most_runs ? copies : most_runs) {
    for (int i = 0; i < runs; ++i) {
      of[i].next.store(chunks * i / runs, std::memory_order_relaxed);
      of[i].end = chunks * (i + 1) / runs;
    }
  }

  /// The run that the calling thread begins with: the first for who made the call, one of the others for who helps.
  int own_run() const {
    if (caller == &inside_parallel() || runs == 1) return 0;
    static std::atomic<unsigned> helpers{0};
    thread_local unsigned const number = helpers.fetch_add(1, std::memory_order_relaxed);
    return 1 + static_cast<int>(number % static_cast<unsigned>(runs - 1));
  }

  void work() noexcept {
    int const first = own_run();
    bool& inside = inside_parallel();
    inside = true;
    for (int i = 0; i < runs; ++i) {
      auto& run = of[first + i < runs ? first + i : first + i - runs];
      for (;;) {
        extent const c = run.next.fetch_add(1, std::memory_order_relaxed);
        if (c >= run.end) break;
        try {
          body(argument, c * grain, c * grain + grain < count ? c * grain + grain : count);
        } catch (...) {
          std::lock_guard const lock(failure_mutex);
          if (!failure) failure = std::current_exception();
          for (auto& r : of) r.next.store(r.end, std::memory_order_relaxed);  // the rest need not run
        }
      }
    }
    inside = false;
  }
};

inline void parallel_ranges(extent count, extent grain, range_body run, void* body) {
  if (count <= 0) return;
  if (grain < 1) grain = 1;
  extent const chunks = (count + grain - 1) / grain;
  executor* e = nullptr;
  int copies = 1;
  if (chunks > 1 && !inside_parallel()) {
    e = &current_executor();
    copies = e->threads();
  }
  if (copies <= 1) {  // in chunks here too: a body may size its scratch by the grain
    for (extent begin = 0; begin < count; begin += grain)
      run(body, begin, begin + grain < count ? begin + grain : count);
    return;
  }
  copies = static_cast<extent>(copies) < chunks ? copies : static_cast<int>(chunks);
  parallel_call call(run, body, count, grain, chunks, copies);
  e->run(
      copies, [](void* c) { static_cast<parallel_call*>(c)->work(); }, &call);
  if (call.failure) std::rethrow_exception(call.failure);
}

}  // namespace detail

/// body(begin, end) for the chunks [0, grain), [grain, 2·grain) … of [0, count), each once, in any order and at the
/// same time. Returns when all have; what they wrote is then visible to the caller. When a body throws, chunks that
/// have not begun are left out and one of the exceptions thrown comes out here.
template <class F>
void parallel_for(extent count, extent grain, F&& body) {
  using body_type = std::remove_reference_t<F>;
  detail::parallel_ranges(
      count, grain, [](void* f, extent begin, extent end) { (*static_cast<body_type*>(f))(begin, end); },
      const_cast<void*>(static_cast<void const*>(&body)));
}

}  // namespace flan
