#pragma once
/// Examples prepared ahead, by threads of the pipeline's own: rendered and tokenized while their consumer is busy.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/feed.hpp"

namespace flan {

/// Who prepares examples. It changes when they are ready, and nothing else.
struct pipeline_options {
  int threads = 0;           ///< that work ahead; 0: none, an example is made when it is asked for
  std::size_t ahead = 1024;  ///< examples that are prepared before they are asked for, at most: their tokens, of four
                             ///< bytes, are kept, and the words of one example per thread
};

namespace detail {

[[gnu::cold]] inline void check(pipeline_options const& o) {
  if (o.threads < 0 || o.threads > 1024) fail("a pipeline of ", o.threads, " threads; expected 0 to 1024");
  if (o.ahead < 1 || o.ahead > std::size_t{1} << 24)
    fail("a pipeline that works ", o.ahead, " examples ahead; expected 1 to 2^24");
}

/// A ring of examples between worker threads and one consumer. Workers claim a few neighbours at a time, in the
/// stream's order, and make them at the same time as others; the consumer takes them in that order. Neither threads nor
/// ring know what an example is, so none of them can change it.
class example_ring {
  struct slot {
    prepared_example made;
    std::exception_ptr problem;
    bool ready = false;
  };

  example_feed& feed_;
  std::vector<slot> slots_;
  std::size_t at_once_;  // claimed together: a lock and a wake-up cost little beside several examples

  std::mutex claiming_;  // taken before turn_, by workers: the feed is claimed from in the order of slots
  std::mutex turn_;      // guards what follows, and the slots that nobody is at
  std::condition_variable room_, ready_;
  std::uint64_t claimed_ = 0, taken_ = 0;  // slots, counted on and on
  int busy_ = 0;                           // workers that are at a feed or a slot
  bool refused_ = false;                   // a claim threw: no other until the consumer has heard of it
  std::atomic<bool> hurry_{false};         // what is being made will not be taken
  bool stop_ = false;
  std::vector<std::thread> workers_;

  slot& at(std::uint64_t number) { return slots_[static_cast<std::size_t>(number % slots_.size())]; }

  /// False when the feed refuses.
  bool claim(slot& s) {
    bool good = true;
    try {
      feed_.claim(s.made);
    } catch (...) {
      s.problem = std::current_exception();
      good = false;
    }
    s.made.behind = feed_.position();
    return good;
  }
  void make(slot& s) const {
    if (s.problem) return;
    try {
      feed_.make(s.made);
    } catch (...) {
      s.problem = std::current_exception();
    }
  }

  struct slots_of_worker {
    std::uint64_t first = 0, end = 0;
  };

  /// Waits for room and claims examples for it; none when it is time to go.
  slots_of_worker claim_some() {
    std::lock_guard const order(claiming_);
    std::unique_lock lock(turn_);
    room_.wait(lock, [&] { return stop_ || (!refused_ && !hurry_ && claimed_ - taken_ < slots_.size()); });
    if (stop_) return {};
    slots_of_worker mine{claimed_, std::min<std::uint64_t>(claimed_ + at_once_, taken_ + slots_.size())};
    ++busy_;
    lock.unlock();  // a feed may take its time: what is ready can be taken meanwhile
    auto end = mine.first;
    bool good = true;
    while (good && end < mine.end && !hurry_.load(std::memory_order_relaxed)) good = claim(at(end++));
    lock.lock();
    refused_ = !good;
    mine.end = claimed_ = end;
    return mine;
  }

  void work() {
    for (;;) {
      auto const mine = claim_some();
      for (auto i = mine.first; i < mine.end && !hurry_.load(std::memory_order_relaxed); ++i) make(at(i));
      {
        std::lock_guard const lock(turn_);
        if (stop_) return;
        --busy_;
        for (auto i = mine.first; i < mine.end; ++i) at(i).ready = true;
      }
      ready_.notify_one();
    }
  }

 public:
  example_ring(example_feed& feed, pipeline_options const& o)
      : feed_(feed),
        slots_(o.ahead),
        at_once_(std::clamp<std::size_t>(o.ahead / (4 * static_cast<std::size_t>(o.threads)), 1, 8)) {
    workers_.reserve(static_cast<std::size_t>(o.threads));
    try {
      for (int i = 0; i < o.threads; ++i) workers_.emplace_back([this] { work(); });
    } catch (std::exception const&) {  // the system gives no more: fewer threads, the same examples
    }
  }
  example_ring(example_ring const&) = delete;
  example_ring& operator=(example_ring const&) = delete;
  ~example_ring() {
    {
      std::lock_guard const lock(turn_);
      stop_ = hurry_ = true;
    }
    room_.notify_one();  // the others wait for claiming_, and then find stop_
    for (auto& w : workers_) w.join();
  }

  bool works() const { return !workers_.empty(); }

  /// The next example, or the exception that making it threw; `position` is then behind it.
  prepared_example next(std::uint64_t& position) {
    std::unique_lock lock(turn_);
    slot& s = at(taken_);
    ready_.wait(lock, [&] { return s.ready; });
    auto const problem = std::exchange(s.problem, nullptr);
    prepared_example e = std::exchange(s.made, {});
    s.ready = false;
    ++taken_;
    if (claimed_ == taken_) refused_ = false;  // what was refused comes last
    // Workers that found the ring full sleep until a good part of it is free, not for a slot at a time.
    if (claimed_ - taken_ <= slots_.size() / 2) room_.notify_one();  // one waits, with claiming_
    lock.unlock();
    position = e.behind;
    if (problem) std::rethrow_exception(problem);
    return e;
  }

  /// Forgets what was prepared and goes on from another position.
  void seek(std::uint64_t position) {
    std::unique_lock lock(turn_);
    hurry_ = true;
    ready_.wait(lock, [&] { return busy_ == 0; });
    for (; taken_ < claimed_; ++taken_) at(taken_) = {};
    feed_.seek(position);
    refused_ = hurry_ = false;
    room_.notify_one();
  }
};

}  // namespace detail

/// A feed's examples in order, whoever makes them. An exception that an example throws is thrown when that example is
/// asked for, never earlier, and the next call goes on behind it. Threads start with the first example that is asked
/// for and end with this; it can be moved while they run.
class example_pipeline {
 public:
  /// Throws `error` for options that make no sense.
  explicit example_pipeline(std::unique_ptr<example_feed> feed, pipeline_options const& o = {})
      : feed_(std::move(feed)), options_(o), position_(feed_->position()) {
    detail::check(o);
  }
  example_pipeline(example_pipeline&&) = default;
  example_pipeline& operator=(example_pipeline&& other) noexcept {
    if (this == &other) return *this;
    ring_.reset();  // its threads use the feed
    feed_ = std::move(other.feed_);
    options_ = other.options_;
    position_ = other.position_;
    ring_ = std::move(other.ring_);
    return *this;
  }

  /// What does not change: tasks, seed, stride. Where the feed is, only its threads know.
  example_feed const& feed() const { return *feed_; }
  /// The position of the example that next() returns.
  std::uint64_t position() const { return position_; }

  /// Goes to a position, or the first behind it that the feed has. Where that is the next one anyway, what is prepared
  /// stays.
  void seek(std::uint64_t position) {
    position = feed_->nearest(position);
    if (position == position_) return;
    if (ring_)
      ring_->seek(position);
    else
      feed_->seek(position);
    position_ = position;
  }

  prepared_example next() {
    if (options_.threads > 0 && !ring_) start();
    if (ring_) return ring_->next(position_);
    prepared_example e;
    try {
      feed_->claim(e);
    } catch (...) {
      position_ = feed_->position();
      throw;
    }
    position_ = e.behind = feed_->position();
    feed_->make(e);
    return e;
  }

 private:
  [[gnu::cold]] void start() {
    ring_ = std::make_unique<detail::example_ring>(*feed_, options_);
    if (ring_->works()) return;
    ring_.reset();
    options_.threads = 0;
  }

  std::unique_ptr<example_feed> feed_;
  pipeline_options options_;
  std::uint64_t position_;
  std::unique_ptr<detail::example_ring> ring_;  // its threads use the feed: it goes first
};

}  // namespace flan
