#pragma once
/// What a run was fed: how much of each task, how much of it was cut or left out, how much of the batches is padding.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "flan/data/batch.hpp"
#include "flan/data/feed.hpp"

namespace flan {

/// Counts of one task, or of all.
struct feed_counts {
  std::int64_t examples = 0;                                 ///< in batches
  std::int64_t skipped = 0;                                  ///< left out: without a target, or too long a question
  std::int64_t inputs_truncated = 0;                         ///< cut to max_input
  std::int64_t targets_truncated = 0;                        ///< cut to max_target
  std::int64_t input_tokens = 0;                             ///< that stayed, end tokens included
  std::int64_t target_tokens = 0;                            ///< likewise
  std::int64_t unknown_tokens = 0;                           ///< of both
  std::int64_t drawn() const { return examples + skipped; }  ///< indices of the stream
  std::int64_t truncated() const { return inputs_truncated + targets_truncated; }
  std::int64_t tokens() const { return input_tokens + target_tokens; }
};

/// A task, its share of the stream, and what came of it.
struct task_statistics : feed_counts {
  std::string name;
  double rate = 0;
};

/// Counts from where a run, or its resumption, began. All but the seconds depend on the stream alone.
class feed_statistics {
 public:
  feed_statistics() = default;
  explicit feed_statistics(std::vector<task_share> tasks) {
    tasks_.reserve(tasks.size());
    for (auto& t : tasks) tasks_.push_back({{}, std::move(t.name), t.rate});
  }

  std::vector<task_statistics> const& tasks() const { return tasks_; }
  feed_counts const& total() const { return total_; }

  /// How many more indices drew a task than its rate has it: count − n·rate.
  double drift(std::size_t task) const {
    auto const& t = tasks_[task];
    return static_cast<double>(t.drawn()) - t.rate * static_cast<double>(total_.drawn());
  }
  /// The task with the largest drift, either way; 0 without tasks.
  std::size_t furthest_task() const {
    std::size_t worst = 0;
    for (std::size_t t = 1; t < tasks_.size(); ++t)
      if (std::abs(drift(t)) > std::abs(drift(worst))) worst = t;
    return worst;
  }

  /// Encoder and decoder positions of the batches, padding included.
  std::int64_t positions() const { return positions_; }
  /// The part of the positions that holds no token.
  double padding_share() const {
    return positions_ == 0 ? 0 : 1 - static_cast<double>(total_.tokens()) / static_cast<double>(positions_);
  }

  /// Since the first step was asked for, up to when the last was given out; and of these, waiting for steps.
  double seconds() const { return seconds_; }
  double seconds_waited() const { return waited_; }
  double examples_per_second() const { return per_second(total_.examples); }
  double tokens_per_second() const { return per_second(total_.tokens()); }

  /// Counts an example that goes into a batch.
  void count(prepared_example const& e) {
    for (feed_counts* c : {&total_, static_cast<feed_counts*>(&tasks_[e.place.task])}) {
      ++c->examples;
      c->inputs_truncated += e.input_cut, c->targets_truncated += e.target_cut;
      c->input_tokens += static_cast<std::int64_t>(e.tokens.input.size());
      c->target_tokens += static_cast<std::int64_t>(e.tokens.target.size());
      c->unknown_tokens += e.unknown;
    }
  }
  /// Counts an index of a task that has no target.
  void skip(std::size_t task) { ++total_.skipped, ++tasks_[task].skipped; }
  void count(batch const& b) { positions_ += b.positions(); }

  using clock = std::chrono::steady_clock;
  /// Counts a step that was asked for at `from` and is given out now.
  void wait(clock::time_point from) {
    auto const since = [now = clock::now()](clock::time_point t) {
      return std::chrono::duration<double>(now - t).count();
    };
    if (begin_ == clock::time_point{}) begin_ = from;
    waited_ += since(from);
    seconds_ = since(begin_);
  }

 private:
  double per_second(std::int64_t n) const { return seconds_ > 0 ? static_cast<double>(n) / seconds_ : 0; }

  std::vector<task_statistics> tasks_;
  feed_counts total_;
  std::int64_t positions_ = 0;
  clock::time_point begin_{};
  double seconds_ = 0, waited_ = 0;
};

}  // namespace flan
