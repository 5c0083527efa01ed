#include "flan/core/parallel.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using flan::extent;

namespace {

/// Restores the default pool, whatever a test did.
struct pool_of {
  explicit pool_of(int n) { flan::set_threads(n); }
  ~pool_of() { flan::set_threads(0); }
};

std::vector<int> visits(extent count, extent grain) {
  std::vector<int> v(static_cast<std::size_t>(count), 0);
  flan::parallel_for(count, grain, [&](extent begin, extent end) {
    for (extent i = begin; i < end; ++i) ++v[static_cast<std::size_t>(i)];
  });
  return v;
}

}  // namespace

TEST_CASE("parallel_for visits every position once") {
  for (int n : {1, 2, 3, 8}) {
    pool_of const p(n);
    CHECK(flan::threads() == n);
    for (extent count : {0, 1, 2, 7, 64, 1000})
      for (extent grain : {1, 3, 64, 5000})
        CHECK(visits(count, grain) == std::vector<int>(static_cast<std::size_t>(count), 1));
  }
}

TEST_CASE("chunks depend on count and grain alone") {
  auto const chunks = [](int n) {
    pool_of const p(n);
    std::mutex m;
    std::set<std::pair<extent, extent>> seen;
    flan::parallel_for(103, 10, [&](extent begin, extent end) {
      std::lock_guard const lock(m);
      seen.insert({begin, end});
    });
    return seen;
  };
  auto const one = chunks(1);
  CHECK(one.size() == 11);
  CHECK(one.count({100, 103}) == 1);
  CHECK(chunks(2) == one);
  CHECK(chunks(5) == one);
}

TEST_CASE("more than one thread takes part") {
  pool_of const p(3);
  std::mutex m;
  std::set<std::thread::id> ids;
  // Each chunk waits, so that workers have the time to wake up however busy the machine is.
  flan::parallel_for(64, 1, [&](extent, extent) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::lock_guard const lock(m);
    ids.insert(std::this_thread::get_id());
  });
  CHECK(ids.size() > 1);
  CHECK(ids.size() <= 3);
}

TEST_CASE("a thread begins with the same run of chunks in every call") {
  pool_of const p(3);
  std::vector<std::set<std::thread::id>> who(3);
  for (int turn = 0; turn < 200; ++turn) {
    std::atomic<int> begun{0};
    flan::parallel_for(3, 1, [&](extent begin, extent) {
      ++begun;
      while (begun < 3) std::this_thread::yield();  // nobody is done before all have begun
      static std::mutex m;
      std::lock_guard const lock(m);
      who[static_cast<std::size_t>(begin)].insert(std::this_thread::get_id());
    });
  }
  for (auto const& ids : who) CHECK(ids.size() == 1);
  CHECK(*who[0].begin() == std::this_thread::get_id());
}

TEST_CASE("who is done with its own run takes from the others'") {
  pool_of const p(2);
  std::atomic<int> done{0};
  flan::parallel_for(10, 1, [&](extent begin, extent) {
    if (begin == 0)  // the caller's first: it goes on when all others are done
      while (done < 9) std::this_thread::yield();
    ++done;
  });
  CHECK(done == 10);
}

TEST_CASE("calls see what calls before them wrote, thousands of times in a row") {
  pool_of const p(4);
  std::vector<int> from(256, 0), to(256, 0);
  for (int turn = 0; turn < 5000; ++turn) {
    flan::parallel_for(256, 16, [&](extent begin, extent end) {
      for (extent i = begin; i < end; ++i)
        to[static_cast<std::size_t>(i)] = from[static_cast<std::size_t>(255 - i)] + 1;
    });
    from.swap(to);
  }
  CHECK(from == std::vector<int>(256, 5000));
}

TEST_CASE("workers wake up after they slept") {
  pool_of const p(2);
  for (int turn = 0; turn < 20; ++turn) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));  // longer than they spin
    CHECK(visits(100, 1) == std::vector<int>(100, 1));
  }
}

TEST_CASE("exceptions cross, and the pool works on") {
  for (int n : {1, 4}) {
    pool_of const p(n);
    for (int turn = 0; turn < 100; ++turn)
      CHECK_THROWS_WITH(flan::parallel_for(100, 1,
                                           [](extent i, extent) {
                                             if (i == 40) flan::fail("chunk ", i);
                                           }),
                        "chunk 40");
    CHECK(visits(100, 1) == std::vector<int>(100, 1));
  }
}

TEST_CASE("a nested call runs inline") {
  pool_of const p(4);
  std::atomic<int> total{0}, elsewhere{0};
  flan::parallel_for(16, 1, [&](extent, extent) {
    auto const me = std::this_thread::get_id();
    flan::parallel_for(10, 1, [&](extent, extent) {
      ++total;
      if (std::this_thread::get_id() != me) ++elsewhere;
    });
  });
  CHECK(total == 160);
  CHECK(elsewhere == 0);
}

TEST_CASE("calls from several threads at once are each complete") {
  pool_of const p(3);
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int c = 0; c < 4; ++c)
    callers.emplace_back([&] {
      for (int turn = 0; turn < 300; ++turn)
        if (visits(200, 7) != std::vector<int>(200, 1)) ++wrong;
    });
  for (auto& c : callers) c.join();
  CHECK(wrong == 0);
}

TEST_CASE("a host application lends its own executor") {
  struct one_thread_each final : flan::executor {
    int calls = 0;
    int threads() const override { return 3; }
    void run(int copies, void (*work)(void*), void* argument) override {
      ++calls;
      std::vector<std::thread> t;
      for (int i = 0; i < copies; ++i) t.emplace_back(work, argument);
      for (auto& each : t) each.join();
    }
  } lent;
  flan::set_executor(&lent);
  CHECK(flan::threads() == 3);
  CHECK(visits(100, 9) == std::vector<int>(100, 1));
  CHECK(lent.calls == 1);
  CHECK_THROWS_AS(flan::parallel_for(8, 1, [](extent, extent) { flan::fail("from a lent thread"); }), flan::error);
  flan::set_executor(nullptr);
  CHECK(visits(100, 9) == std::vector<int>(100, 1));
  CHECK(lent.calls == 2);
}

TEST_CASE("the number of threads is checked") {
  CHECK_THROWS_WITH(flan::set_threads(-1), ContainsSubstring("0 (the default) or more, but is -1"));
  CHECK(flan::threads() >= 1);
  CHECK(flan::detail::available_threads() >= 1);
}

// Sanitizers keep threads and locks of their own that a child does not inherit in order.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
TEST_CASE("a forked child has a pool of its own") {
  pool_of const p(2);
  visits(100, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(3));  // the parent's worker sleeps
  pid_t const child = fork();
  if (child == 0) {
    bool right = flan::threads() == 2;
    for (int turn = 0; turn < 50; ++turn) right = right && visits(100, 1) == std::vector<int>(100, 1);
    flan::set_threads(3);
    right = right && visits(100, 1) == std::vector<int>(100, 1);
    _exit(right ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(visits(100, 1) == std::vector<int>(100, 1));
}
#endif
