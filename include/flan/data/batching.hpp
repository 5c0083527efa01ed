#pragma once
/// A stream of examples as the batches of optimizer steps.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "flan/data/batch.hpp"
#include "flan/data/batch_options.hpp"
#include "flan/data/example.hpp"
#include "flan/data/feed.hpp"
#include "flan/data/feed_statistics.hpp"
#include "flan/data/mixture.hpp"
#include "flan/data/mixture_feed.hpp"
#include "flan/data/packing.hpp"
#include "flan/data/pipeline.hpp"
#include "flan/data/row_reader.hpp"
#include "flan/text/tokenizer.hpp"

namespace flan {

/// One optimizer step.
struct step_batches {
  std::vector<batch> batches;  // 1 to `accumulate`
  std::uint64_t position = 0;  // the stream's position behind the step: where a resumed run begins
  std::int64_t examples = 0, target_tokens = 0, positions = 0;  // sums over the batches
  std::int64_t truncated = 0;                                   // inputs and targets cut to their maximum
  std::int64_t skipped = 0;  // examples left out: without a target, or with a question over the limit of `pruned`
};

namespace detail {

/// Longest first, so that neighbours pad each other little; of equals, the earlier in the stream.
inline bool longer(tokenized_example const& a, tokenized_example const& b) {
  return std::tuple(b.input.size(), b.target.size(), a.key) < std::tuple(a.input.size(), a.target.size(), b.key);
}

/// Cuts examples, longest first, into runs of at most `most` positions each: the ends of the runs.
inline std::vector<std::size_t> cut_by_positions(std::span<tokenized_example const> sorted, std::int64_t most) {
  std::vector<std::size_t> ends;
  std::size_t begin = 0, s = 0, t = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    std::size_t const wide = std::max(s, sorted[i].input.size()), deep = std::max(t, sorted[i].target.size());
    if (i > begin && static_cast<std::int64_t>((i + 1 - begin) * (wide + deep)) > most) {
      ends.push_back(i);
      begin = i;
      s = sorted[i].input.size();
      t = sorted[i].target.size();
    } else {
      s = wide;
      t = deep;
    }
  }
  if (begin < sorted.size()) ends.push_back(sorted.size());
  return ends;
}

inline std::vector<batch> make_batches(std::span<tokenized_example const> sorted, std::int64_t most, token pad,
                                       token start) {
  std::vector<batch> all;
  std::size_t begin = 0;
  for (std::size_t end : cut_by_positions(sorted, most)) {
    all.push_back(make_batch(sorted.subspan(begin, end - begin), pad, start));
    begin = end;
  }
  return all;
}

}  // namespace detail

/// Makes step after step from a mixture's stream. What it makes depends on (mixture, seed, position, tokenizer,
/// options, shard) and on nothing else: a batcher that starts at `step_batches::position` goes on as the first one
/// would have, and threads change nothing.
///
/// Without packing each step takes the next examples of the stream, as many as fit. With packing a micro-batch has
/// batch_tokens / accumulate / (max_input + max_target) rows, rounded down, and a step `accumulate` of them.
class batcher {
 public:
  /// The tokenizer must outlive the batcher.
  template <tokenizer T>
  batcher(mixture const& m, T const& tokens, std::uint64_t seed, batch_options const& o, std::uint64_t position = 0,
          shard s = {}, pipeline_options const& p = {})
      : batcher(std::make_unique<mixture_feed<T>>(m.sample(seed, 0, s), tokens, o), tokens.pad_id(), o, position, p) {}

  /// From any feed, whose examples have at most max_input and max_target tokens: next() throws for a larger one.
  batcher(std::unique_ptr<example_feed> feed, token pad, batch_options const& o, std::uint64_t position = 0,
          pipeline_options const& p = {})
      : options_(o),
        pad_(pad),
        rows_((detail::check(o),
               detail::example_reader(example_pipeline(std::move(feed), p), {o.max_input, o.max_target})),
              o, position),
        seen_(rows_.tasks()) {}

  /// Where the next step begins. Without packing, the position behind the last example of the step before; greedily
  /// packed, of the first example of the next row; with best fit, of the beginning of a block, plus how many of the
  /// block's rows have been given out.
  std::uint64_t position() const { return rows_.position(); }
  /// What the steps were made of, all together.
  feed_statistics const& statistics() const { return seen_; }

  /// The next step. When it throws, nothing was taken or counted: the same call throws the same again, if the reason is
  /// in the records.
  step_batches next() {
    auto const begin = position();
    before_ = seen_;
    try {
      return make();
    } catch (...) {
      seen_ = before_;
      rows_.seek(begin);
      throw;
    }
  }

 private:
  step_batches make() {
    auto const begin = feed_statistics::clock::now();
    step_batches step;
    if (options_.packing == packing::off)
      fill(step);
    else
      fill_with_rows(step);
    step.position = position();
    for (auto const& b : step.batches) {
      step.examples += static_cast<std::int64_t>(b.sample_keys.size());
      step.target_tokens += b.target_tokens;
      step.positions += b.positions();
      seen_.count(b);
    }
    step.truncated = seen_.total().truncated() - before_.total().truncated();
    step.skipped = seen_.total().skipped - before_.total().skipped;
    seen_.wait(begin);
    return step;
  }

  std::int64_t most() const { return options_.batch_tokens / options_.accumulate; }

  void fill(step_batches& step) {
    std::vector<tokenized_example> taken;  // longest first
    auto& examples = rows_.examples();
    for (;;) {
      auto const& ahead = examples.ahead().tokens;
      auto const at = taken.insert(std::upper_bound(taken.begin(), taken.end(), ahead, detail::longer), ahead);
      if (static_cast<std::int64_t>(detail::cut_by_positions(taken, most()).size()) > options_.accumulate) {
        taken.erase(at);
        break;
      }
      examples.take(seen_);
    }
    step.batches = detail::make_batches(taken, most(), pad_, options_.start);
  }

  void fill_with_rows(step_batches& step) {
    auto const rows = most() / (options_.max_input + options_.max_target);
    for (std::int64_t a = 0; a < options_.accumulate; ++a) {
      std::vector<tokenized_example> examples;
      row_plan plan;
      for (std::int64_t r = 0; r < rows; ++r) {
        plan.emplace_back();
        for (auto& e : rows_.next(seen_)) {
          plan.back().push_back(examples.size());
          examples.push_back(std::move(e));
        }
      }
      step.batches.push_back(make_packed_batch(examples, plan, pad_, options_.start));
    }
  }

  batch_options options_;
  token pad_;
  detail::row_reader rows_;
  feed_statistics seen_, before_;  // before_: as it was when the last step was asked for
};

/// Given examples as batches of at most batch_tokens positions each, longest first; sample_keys are positions in the
/// list. Examples without a target are left out.
template <tokenizer T>
std::vector<batch> make_batches(std::span<example const> examples, T const& tokens, batch_options o = {}) {
  o.accumulate = 1;
  detail::check(o);
  std::vector<tokenized_example> all;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    prepared_example e;
    e.tokens.key = i;
    detail::tokenize(e, examples[i], tokens, o);
    if (!e.empty()) all.push_back(std::move(e.tokens));
  }
  std::sort(all.begin(), all.end(), detail::longer);
  return detail::make_batches(all, o.batch_tokens, tokens.pad_id(), o.start);
}

}  // namespace flan
