#include "flan/data/pipeline.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "data/items.hpp"
#include "flan/data/batching.hpp"
#include "support/catch.hpp"

namespace {

using flan::testing::as_they_are;
using flan::testing::bytes;
using flan::testing::item;
using flan::testing::same;

constexpr flan::instruction<item> two_ways[] = {{"{question}", "{answer}"}, {"Q: {question}", "{answer}!"}};

flan::mixture two_tasks() {
  // Alone, behind two others, and behind as many as fit: all of it is drawn and counted by the threads.
  std::vector<flan::task_form> const forms{
      {}, {.exemplars = flan::exemplars::mixed, .shots = 2}, {.exemplars = flan::exemplars::pruned}};
  flan::exemplar_options const counted{.limits = {.limit = 100},
                                       .tokens = [](std::string const& text) { return bytes.encode(text).size(); }};
  return {flan::proportional{},
          flan::task<item>("listed", flan::testing::items(50), two_ways).with_forms(forms, counted),
          flan::task<item>("computed", flan::source<item>(777, flan::testing::item_of), two_ways)};
}

// All that a step holds, but for the time it took.
bool same(flan::step_batches const& a, flan::step_batches const& b) {
  bool equal = a.position == b.position && a.examples == b.examples && a.truncated == b.truncated &&
               a.skipped == b.skipped && a.batches.size() == b.batches.size();
  for (std::size_t i = 0; equal && i < a.batches.size(); ++i) equal = same(a.batches[i], b.batches[i]);
  return equal;
}
bool same(flan::prepared_example const& a, flan::prepared_example const& b) {
  return a.tokens.input == b.tokens.input && a.tokens.target == b.tokens.target && a.tokens.key == b.tokens.key &&
         a.behind == b.behind && a.place.task == b.place.task && a.place.record == b.place.record &&
         a.input_cut == b.input_cut && a.target_cut == b.target_cut;
}

flan::batch_options const small{.batch_tokens = 1700, .accumulate = 2, .max_input = 50, .max_target = 8};

flan::example_pipeline pipeline_over(flan::mixture const& m, flan::pipeline_options const& p, std::uint64_t at = 0) {
  return flan::example_pipeline(
      std::make_unique<flan::mixture_feed<flan::byte_tokenizer>>(m.sample(3, at), bytes, small), p);
}

// A feed of numbers, whose examples can be told to fail.
struct counting_feed final : flan::example_feed {
  std::uint64_t at = 0;
  std::atomic<std::uint64_t>* made;
  std::uint64_t fails = ~0ull, refuses = ~0ull;  // making this one throws; claiming it, twice
  int patience = 2;
  std::atomic<int> refusals{0};

  explicit counting_feed(std::atomic<std::uint64_t>* counter) : made(counter) {}
  std::vector<flan::task_share> tasks() const override { return {{"numbers", 1}}; }
  std::uint64_t seed() const override { return 0; }
  std::uint64_t stride() const override { return 1; }
  std::uint64_t position() const override { return at; }
  std::uint64_t nearest(std::uint64_t p) const override { return p; }
  void seek(std::uint64_t p) noexcept override { at = p; }
  void claim(flan::prepared_example& e) override {
    if (at == refuses && refusals < patience) {
      int const time = ++refusals;
      flan::fail("position ", at, " is refused for the ", time, ". time");
    }
    e.tokens.key = at++;
  }
  void make(flan::prepared_example& e) const override {
    ++*made;
    if (e.tokens.key == fails) flan::fail("number ", e.tokens.key, " cannot be made");
    e.tokens.input = {static_cast<flan::token>(e.tokens.key), 1};
    e.tokens.target = {1};
  }
};

// What comes out, exceptions and positions included, as text.
std::string story(flan::example_pipeline& p, int calls) {
  std::string all;
  for (int i = 0; i < calls; ++i) {
    try {
      all += std::to_string(p.next().tokens.input[0]);
    } catch (flan::error const& e) {
      all += e.what();
    }
    all += '@' + std::to_string(p.position()) + ' ';
  }
  return all;
}

}  // namespace

TEST_CASE("steps are the same for any number of threads, packing, shard and beginning") {
  auto const m = two_tasks();
  auto const how = GENERATE(flan::packing::off, flan::packing::greedy, flan::packing::best_fit);
  auto const shard = GENERATE(flan::shard{0, 1}, flan::shard{2, 3});
  auto o = small;
  o.packing = how;
  constexpr int steps = 40;
  std::vector<flan::step_batches> expected;
  flan::batcher alone(m, bytes, 5, o, 0, shard);
  for (int s = 0; s < steps; ++s) expected.push_back(alone.next());
  for (int const threads : {1, 2, 5}) {
    for (std::size_t const ahead : {1u, 7u, 1024u}) {
      for (int const begin : {0, 1, 17}) {
        auto const position = begin == 0 ? 0 : expected[static_cast<std::size_t>(begin) - 1].position;
        flan::batcher ahead_of_time(m, bytes, 5, o, position, shard, {.threads = threads, .ahead = ahead});
        bool equal = true;
        for (int s = begin; s < steps; ++s)
          equal = equal && same(ahead_of_time.next(), expected[static_cast<std::size_t>(s)]);
        INFO(threads << " threads, " << ahead << " ahead, from step " << begin);
        CHECK(equal);
        if (begin > 0) continue;
        auto const &a = ahead_of_time.statistics(), &b = alone.statistics();
        CHECK((a.total().examples == b.total().examples && a.total().tokens() == b.total().tokens()));
        CHECK((a.total().skipped == b.total().skipped && a.positions() == b.positions()));
      }
    }
  }
}

TEST_CASE("examples before, after and far beyond a seek are those of the stream") {
  auto const m = two_tasks();
  auto const threads = GENERATE(0, 1, 2, 5);
  auto p = pipeline_over(m, {.threads = threads, .ahead = 16});
  std::uint64_t at = 0;
  auto const check = [&](int n) {
    auto fresh = pipeline_over(m, {}, at);
    for (int i = 0; i < n; ++i) {
      REQUIRE(p.position() == at);
      auto const e = p.next();
      REQUIRE(same(e, fresh.next()));
      REQUIRE(e.behind == ++at);
    }
  };
  check(100);
  for (std::uint64_t const to : {50ull, 1'000'000'000'000ull, 3ull, 103ull, 103ull}) {
    p.seek(at = to);
    check(to == 103 ? 1 : 40);
  }
  p.seek(at);  // where it is anyway
  check(20);
}

TEST_CASE("an exception comes when its example is asked for, and the stream goes on behind it") {
  std::atomic<std::uint64_t> made{0};
  auto const run = [&](int threads, std::uint64_t fails, std::uint64_t refuses) {
    auto feed = std::make_unique<counting_feed>(&made);
    feed->fails = fails, feed->refuses = refuses;
    flan::example_pipeline p(std::move(feed), {.threads = threads, .ahead = 6});
    return story(p, 25);
  };
  CHECK(
      run(0, 2, 4).starts_with("0@1 1@2 number 2 cannot be made@3 3@4 position 4 is refused for the 1. time@4 "
                               "position 4 is refused for the 2. time@4 4@5 5@6 "));
  for (int const threads : {1, 2, 5})
    for (auto const& [fails, refuses] : {std::pair{2ull, 4ull}, {0ull, 0ull}, {9ull, 3ull}, {7ull, 8ull}, {8ull, 7ull}})
      CHECK(run(threads, fails, refuses) == run(0, fails, refuses));
}

TEST_CASE("a feed that refuses is asked again only when somebody has heard of it") {
  std::atomic<std::uint64_t> made{0};
  auto feed = std::make_unique<counting_feed>(&made);
  feed->refuses = 3, feed->patience = 1'000'000;
  auto const& refusals = feed->refusals;
  flan::example_pipeline p(std::move(feed), {.threads = 2, .ahead = 50});
  for (int i = 0; i < 3; ++i) p.next();
  for (int heard = 1; heard <= 3; ++heard) {
    CHECK_THROWS_WITH(p.next(), ContainsSubstring("position 3 is refused"));
    CHECK(p.position() == 3);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // time to two_ways too often
    CHECK(refusals <= heard + 1);
  }
}

TEST_CASE("a record that cannot be read stops the step that needs it, and none before") {
  flan::source<item> const records(100, [](std::uint64_t i) {
    if (i == 63) flan::fail("record 63 is bad");
    return item{"question", "answer"};
  });
  flan::mixture const m = flan::task<item>("t", records, two_ways);
  auto o = small;
  o.batch_tokens = 120;
  auto const steps_before = [&](int threads) {
    flan::batcher b(m, bytes, 1, o, 0, {}, {.threads = threads});
    int steps = 0;
    CHECK_THROWS_WITH(
        [&] {
          for (;; ++steps) b.next();
        }(),
        "record 63 is bad");
    return steps;
  };
  int const alone = steps_before(0);
  CHECK(alone > 0);
  CHECK(steps_before(1) == alone);
  CHECK(steps_before(3) == alone);
}

TEST_CASE("a step that throws takes and counts nothing, and throws again") {
  // One in ten has no target, so that there is something to lose that is not in a batch.
  std::atomic<bool> bad{true};
  flan::source<item> const records(2000, [&](std::uint64_t i) {
    if (i == 63 && bad) flan::fail("record 63 is bad");
    return item{"question", i % 10 == 0 ? "" : "answer"};
  });
  flan::mixture const m = flan::task<item>("t", records, as_they_are);
  auto const how = GENERATE(flan::packing::off, flan::packing::greedy, flan::packing::best_fit);
  auto const threads = GENERATE(0, 3);
  auto o = small;
  o.batch_tokens = 700, o.packing = how;
  flan::batcher b(m, bytes, 1, o, 0, {}, {.threads = threads});
  std::vector<flan::step_batches> steps;
  auto const last = [&] { return steps.empty() ? 0 : steps.back().position; };
  auto const counted = [&] { return std::pair(b.statistics().total().examples, b.statistics().total().skipped); };
  try {
    for (;;) steps.push_back(b.next());
  } catch (flan::error const&) {
  }
  auto const before = counted();
  for (int again = 0; again < 2; ++again) {
    CHECK_THROWS_WITH(b.next(), "record 63 is bad");
    CHECK(b.position() == last());
    CHECK(counted() == before);
  }
  bad = false;
  int late = 0;  // what threads had made ahead may still be bad, once
  for (int s = 0; s < 200;) {
    try {
      steps.push_back(b.next());
      ++s;
    } catch (flan::error const&) {
      REQUIRE(++late == 1);
    }
  }
  CHECK(late <= threads);
  flan::batcher whole(m, bytes, 1, o);
  bool equal = true;
  for (auto const& s : steps) equal = equal && same(s, whole.next());
  CHECK(equal);
  CHECK(counted() == std::pair(whole.statistics().total().examples, whole.statistics().total().skipped));
}

TEST_CASE("an example that is larger than a feed's may be is an error, whatever the packing") {
  std::atomic<std::uint64_t> made{0};
  auto const how = GENERATE(flan::packing::off, flan::packing::greedy, flan::packing::best_fit);
  flan::batcher b(std::make_unique<counting_feed>(&made), 0,
                  {.batch_tokens = 20, .max_input = 1, .max_target = 5, .packing = how});
  for (int again = 0; again < 2; ++again)
    CHECK_THROWS_WITH(b.next(), ContainsSubstring("an example of the task numbers has 2 input and 1 target tokens, but "
                                                  "max_input is 1 and max_target 5"));
}

TEST_CASE("no more examples are made ahead than the ring holds") {
  std::atomic<std::uint64_t> made{0};
  auto const threads = GENERATE(1, 3);
  auto const ahead = GENERATE(1u, 5u, 40u);
  flan::example_pipeline p(std::make_unique<counting_feed>(&made), {.threads = threads, .ahead = ahead});
  CHECK(made == 0);  // nothing was asked for
  for (std::uint64_t taken = 1; taken <= 200; ++taken) {
    p.next();
    REQUIRE(made <= taken + ahead);
    if (taken % 50 == 0)  // time for threads to do what they must not
      for (int i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        REQUIRE(made <= taken + ahead);
      }
  }
}

TEST_CASE("threads work ahead without being asked again") {
  std::atomic<std::uint64_t> made{0};
  flan::example_pipeline p(std::make_unique<counting_feed>(&made), {.threads = 2, .ahead = 30});
  p.next();
  auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (made < 30 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK(made >= 30);
}

TEST_CASE("a pipeline ends at any time, and can be moved while its threads work") {
  std::atomic<std::uint64_t> made{0};
  for (int i = 0; i < 60; ++i) {
    flan::example_pipeline p(std::make_unique<counting_feed>(&made), {.threads = 1 + i % 4, .ahead = 8});
    for (int taken = 0; taken < i % 20; ++taken) REQUIRE(p.next().tokens.key == static_cast<std::uint64_t>(taken));
    auto moved = std::move(p);
    REQUIRE(moved.next().tokens.key == static_cast<std::uint64_t>(i % 20));
    // Over one whose threads are at its feed, which goes with it.
    flan::example_pipeline other(std::make_unique<counting_feed>(&made), {.threads = 1 + i % 4, .ahead = 100'000});
    for (int taken = 0; taken < 3; ++taken) other.next();
    other = std::move(moved);
    REQUIRE(other.next().tokens.key == static_cast<std::uint64_t>(i % 20 + 1));
    other = flan::example_pipeline(std::make_unique<counting_feed>(&made));
    REQUIRE(other.next().tokens.key == 0);
  }
  flan::example_pipeline never_used(std::make_unique<counting_feed>(&made), {.threads = 4});
}

TEST_CASE("pipelines that make no sense are errors") {
  auto const m = two_tasks();
  CHECK_THROWS_WITH(pipeline_over(m, {.threads = -1}), ContainsSubstring("a pipeline of -1 threads"));
  CHECK_THROWS_WITH(pipeline_over(m, {.threads = 5000}), ContainsSubstring("expected 0 to 1024"));
  CHECK_THROWS_WITH(pipeline_over(m, {.ahead = 0}), ContainsSubstring("works 0 examples ahead"));
}
