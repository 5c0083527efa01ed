#pragma once
/// The pool behind parallel_for (flan/core/parallel.hpp).

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "flan/core/available_threads.hpp"
#include "flan/core/executor.hpp"

namespace flan::detail {

inline void spin_pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Waits in a way that leaves the core to whoever else can run: a second busy process must not starve behind a spin.
class spinner {
  int turns_ = 0;

 public:
  /// False when it has gone on for long enough (some 100 to 300 µs) that sleeping costs less.
  bool turn() {
    spin_pause();
    if (++turns_ % 64 == 0) std::this_thread::yield();
    return turns_ < 4096;
  }
};

/// One call at a time. Workers enter the call through a door that its caller shuts when no chunk is left: one that
/// wakes up late finds it shut and goes back, so nobody waits for a thread that has nothing to do.
class thread_pool final : public executor {
  static constexpr int shut = 1 << 30;

  std::mutex calling_{};            // held by the thread whose call is under way
  std::atomic<int> size_{0};        // threads with the caller; 0: not decided yet
  std::atomic<unsigned> epoch_{0};  // counts calls; a change wakes the workers
  std::atomic<int> door_{shut};     // workers inside, or `shut` plus the workers still inside
  std::atomic<int> sleepers_{0};
  std::atomic<bool> stop_{false};
  void (*work_)(void*) = nullptr;  // of the call under way: written before the door opens
  void* argument_ = nullptr;
  std::mutex sleep_{};
  std::condition_variable wake_{};
  std::vector<std::thread> workers_{};

  void worker() {
    for (unsigned seen = 0;;) {
      for (spinner s; epoch_.load(std::memory_order_acquire) == seen;) {
        if (s.turn()) continue;
        // The caller counts up and then looks for sleepers, we announce sleep and then look at the count; in one total
        // order of the two, nobody sleeps through a call.
        std::unique_lock lock(sleep_);
        sleepers_.fetch_add(1, std::memory_order_seq_cst);
        wake_.wait(lock, [&] { return epoch_.load(std::memory_order_seq_cst) != seen; });
        sleepers_.fetch_sub(1, std::memory_order_relaxed);
      }
      seen = epoch_.load(std::memory_order_acquire);
      if (stop_.load(std::memory_order_acquire)) return;
      int inside = door_.load(std::memory_order_relaxed);
      while (inside < shut && !door_.compare_exchange_weak(inside, inside + 1, std::memory_order_acquire)) {
      }
      if (inside >= shut) continue;
      work_(argument_);
      door_.fetch_sub(1, std::memory_order_release);
    }
  }

  void announce() {
    epoch_.fetch_add(1, std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) {
      { std::lock_guard const lock(sleep_); }  // whoever announced sleep has begun to wait
      wake_.notify_all();
    }
  }

  void end_workers() {
    stop_.store(true, std::memory_order_release);
    announce();
    for (auto& w : workers_) w.join();
    stop_.store(false, std::memory_order_release);
    workers_.clear();
  }

  void start_workers() {
    int const n = size_.load(std::memory_order_relaxed);
    for (int i = 1; i < n; ++i) {
      try {
        workers_.emplace_back([this] { worker(); });
      } catch (std::system_error const&) {
        size_.store(i, std::memory_order_relaxed);  // the system gives no more: fewer threads, the same results
        break;
      }
    }
  }

 public:
  thread_pool() = default;
  /// Another pool of the same size, without its threads.
  thread_pool(thread_pool const& other) : executor(), size_(other.size_.load()) {}
  thread_pool& operator=(thread_pool const&) = delete;

  int threads() const override {
    int const n = size_.load(std::memory_order_relaxed);
    return n > 0 ? n : default_threads();
  }

  void run(int copies, void (*work)(void*), void* argument) override {
    std::unique_lock const call(calling_, std::try_to_lock);
    if (!call || copies <= 1) return work(argument);
    if (size_.load(std::memory_order_relaxed) == 0) size_.store(default_threads(), std::memory_order_relaxed);
    if (workers_.empty() && size_.load(std::memory_order_relaxed) > 1) start_workers();
    work_ = work, argument_ = argument;
    door_.store(0, std::memory_order_release);
    announce();
    work(argument);
    // Every chunk is taken: whoever is inside still works on one, whoever is not stays out.
    door_.fetch_add(shut, std::memory_order_acquire);
    for (spinner s; door_.load(std::memory_order_acquire) != shut;) s.turn();
  }

  void resize(int n) {
    std::lock_guard const call(calling_);
    end_workers();
    size_.store(n, std::memory_order_relaxed);
  }
};

/// The pool is never destroyed: destructors of static objects may still call in. Workers sleep until the process ends.
/// A forked child has the pool's memory but none of its threads, so it leaves that pool alone and takes a new one.
inline std::atomic<thread_pool*>& shared_pool_pointer() {
  static std::atomic<thread_pool*> pool{[] {
    pthread_atfork(nullptr, nullptr, [] {
      auto& p = shared_pool_pointer();
      p.store(new thread_pool(*p.load()));
    });
    return new thread_pool;
  }()};
  return pool;
}
inline thread_pool& shared_pool() { return *shared_pool_pointer().load(std::memory_order_acquire); }

inline std::atomic<executor*>& host_executor() {
  static std::atomic<executor*> e{nullptr};
  return e;
}

inline executor& current_executor() {
  executor* const e = host_executor().load(std::memory_order_acquire);
  return e != nullptr ? *e : shared_pool();
}

}  // namespace flan::detail
