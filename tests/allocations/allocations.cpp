// What is asked of the heap: nothing by a decoded token after the first two, nothing by a training step after the
// first. A program of its own, since it replaces operator new.

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "flan/cpu/backend.hpp"
#include "support/catch.hpp"
#include "support/tiny_text_model.hpp"
#include "train/support.hpp"

namespace {
std::atomic<long> allocations{0};

void* counted_or_null(std::size_t bytes, std::size_t alignment) noexcept {
  allocations.fetch_add(1, std::memory_order_relaxed);
  bytes = bytes == 0 ? 1 : bytes;
  return alignment <= alignof(std::max_align_t)
             ? std::malloc(bytes)
             : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}
void* counted(std::size_t bytes, std::size_t alignment) {
  void* const p = counted_or_null(bytes, alignment);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
}  // namespace

// All forms: a sanitizer's own forms for arrays would not call ours. Not inlined: g++ would see free() where it expects
// delete.
#define COUNTED_NEW(array)                                                                                        \
  [[gnu::noinline]] void* operator new array(std::size_t n) { return counted(n, 1); }                             \
  [[gnu::noinline]] void* operator new array(std::size_t n, std::align_val_t a) {                                 \
    return counted(n, static_cast<std::size_t>(a));                                                               \
  }                                                                                                               \
  [[gnu::noinline]] void* operator new array(std::size_t n, std::nothrow_t const&) noexcept {                     \
    return counted_or_null(n, 1);                                                                                 \
  }                                                                                                               \
  [[gnu::noinline]] void* operator new array(std::size_t n, std::align_val_t a, std::nothrow_t const&) noexcept { \
    return counted_or_null(n, static_cast<std::size_t>(a));                                                       \
  }                                                                                                               \
  [[gnu::noinline]] void operator delete array(void* p) noexcept { std::free(p); }                                \
  [[gnu::noinline]] void operator delete array(void* p, std::size_t) noexcept { std::free(p); }                   \
  [[gnu::noinline]] void operator delete array(void* p, std::align_val_t) noexcept { std::free(p); }              \
  [[gnu::noinline]] void operator delete array(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
COUNTED_NEW()
COUNTED_NEW([])
#undef COUNTED_NEW

using namespace flan;
using namespace flan::testing;

namespace {

template <class F>
long allocated_by(F&& f) {
  long const before = allocations.load();
  f();
  return allocations.load() - before;
}

/// Runs on so many threads until the end of the scope.
struct threads_at_work {
  explicit threads_at_work(int n) { set_threads(n); }
  threads_at_work(threads_at_work const&) = delete;
  ~threads_at_work() { set_threads(0); }
};

/// What 40 tokens allocate more than three, once 40 have been made: a request's own lists are in both.
template <class Model>
long by_later_tokens(Model const& model, generate_options o) {
  std::vector<std::vector<token>> const inputs{{5, 77, 130, 9, 1}, {8, 1}, {200, 4, 1}};
  o.end_ids = std::vector<token>{};
  auto const run = [&](extent tokens) {
    o.max_tokens = tokens;
    return allocated_by([&] { model.generate_ids(inputs, o); });
  };
  run(40);
  long const few = run(3), many = run(40);
  REQUIRE(few > 0);  // the count works
  return many - few;
}

generate_options with_sampling(sampling const& s) {
  generate_options o;
  o.sampling = s;
  return o;
}

}  // namespace

TEMPLATE_TEST_CASE("a decoded token allocates nothing after the first two", "[allocations]", fp32, bf16_mixed) {
  auto const model = tiny_text_model<any_t5, TestType>(cpu_backend{}, {}, tiny_bytes);
  SECTION("on one thread, whatever the search") {
    threads_at_work const one(1);
    generate_options greedy, rules, beams, beams_with_rules, samples = with_sampling({.temperature = 0.9});
    rules.min_tokens = 3, rules.repetition_penalty = 1.1, rules.no_repeat_ngram = 4;
    beams.beams = 4, beams.return_sequences = 4;
    beams_with_rules.beams = 3, beams_with_rules.repetition_penalty = 1.1;
    samples.return_sequences = 3;
    CHECK(by_later_tokens(model, greedy) == 0);
    CHECK(by_later_tokens(model, rules) == 0);
    CHECK(by_later_tokens(model, beams) == 0);
    CHECK(by_later_tokens(model, beams_with_rules) == 0);
    CHECK(by_later_tokens(model, samples) == 0);
    CHECK(by_later_tokens(model, with_sampling({.top_k = 20, .top_p = 0.9})) == 0);
    CHECK(by_later_tokens(model, with_sampling({.min_p = 0.01, .typical_p = 0.9})) == 0);
  }
  SECTION("on two threads, once each has had the largest piece of work") {
    threads_at_work const two(2);
    generate_options beams;
    beams.beams = 4;
    long last = -1;
    for (int i = 0; i < 50 && last != 0; ++i) last = by_later_tokens(model, beams);
    CHECK(last == 0);
  }
}

TEMPLATE_TEST_CASE("a training step allocates nothing after the first of its extents", "[allocations]", fp32,
                   bf16_mixed) {
  cpu_backend be;
  t5<nano, TestType> model;
  initialize(be, model, 1);
  step_settings s;
  s.dropout = 0.1, s.clip = 1, s.z_loss = 1e-4, s.label_smoothing = 0.1;
  s.recompute = GENERATE(false, true);
  auto const batches = in_batches(nano_examples(0, 12), 6);
  auto const steps = [&](auto rule) {
    trainer<t5<nano, TestType>, cpu_backend, decltype(rule)> t(model, be, rule, s);
    CHECK(allocated_by([&] { t.step(batches); }) > 0);
    for (int i = 0; i < 3; ++i) CHECK(allocated_by([&] { t.step(batches); }) == 0);
  };
  threads_at_work const one(1);
  steps(adafactor{});
  steps(adafactor{.least_factored = 8});
  steps(adamw{});
}
