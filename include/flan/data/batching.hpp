#pragma once
/// A stream of examples as the batches of optimizer steps.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/batch.hpp"
#include "flan/data/example.hpp"
#include "flan/data/mixture.hpp"
#include "flan/text/tokenizer.hpp"

namespace flan {

/// How examples become batches.
struct batch_options {
  std::int64_t batch_tokens = 8'192;  // encoder and decoder positions of one optimizer step, padding included, at most
  std::int64_t accumulate = 1;        // micro-batches of a step: each has at most batch_tokens / accumulate positions
  std::int64_t max_input = 512;       // tokens of an input or a target, the end token included; what is longer
  std::int64_t max_target = 128;      // loses its last tokens, but not the end
  token start = 0;                    // begins the decoder's input: config.json's decoder_start_token_id
};

/// One optimizer step.
struct step_batches {
  std::vector<batch> batches;  // 1 to `accumulate`
  std::uint64_t position = 0;  // the stream's position behind the step: where a resumed run begins
  std::int64_t examples = 0, target_tokens = 0, positions = 0;  // sums over the batches
  std::int64_t truncated = 0;                                   // inputs and targets cut to their maximum
  std::int64_t skipped = 0;                                     // examples without a target
};

namespace detail {

inline void check(batch_options const& o) {
  if (o.accumulate < 1) fail("accumulate is ", o.accumulate, "; expected at least 1");
  if (o.max_input < 1 || o.max_target < 1)
    fail("max_input ", o.max_input, " and max_target ", o.max_target, " must be at least 1: the end token counts");
  constexpr std::int64_t most = std::int64_t{1} << 31;
  for (auto const& [name, value] :
       {std::pair{"max_input", o.max_input}, {"max_target", o.max_target}, {"batch_tokens", o.batch_tokens}})
    if (value > most) fail(name, " is ", value, "; expected at most 2^31");
  if (o.batch_tokens / o.accumulate < o.max_input + o.max_target)
    fail("a micro-batch of batch_tokens / accumulate = ", o.batch_tokens, " / ", o.accumulate, " = ",
         o.batch_tokens / o.accumulate, " positions cannot hold one example of max_input + max_target = ", o.max_input,
         " + ", o.max_target, "; raise batch_tokens or lower the maxima");
}

/// Adds the end token, after cutting to `most` with it; true when tokens were cut off.
inline bool close_sequence(std::vector<token>& ids, std::int64_t most, token end) {
  auto const room = static_cast<std::size_t>(most - 1);
  bool const cut = ids.size() > room;
  if (cut) ids.resize(room);
  ids.push_back(end);
  return cut;
}

/// Nothing for an example whose target has no token.
template <tokenizer T>
std::optional<tokenized_example> tokenize(shot const& e, std::uint64_t key, T const& tokens, batch_options const& o,
                                          std::int64_t& truncated) {
  tokenized_example t{tokens.encode(e.input), tokens.encode(e.target), key};
  if (t.target.empty()) return {};
  truncated += close_sequence(t.input, o.max_input, tokens.end_id());
  truncated += close_sequence(t.target, o.max_target, tokens.end_id());
  return t;
}

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
/// options) and on nothing else: a batcher that starts at `step_batches::position` goes on as the first one would have.
/// Each step takes the next examples of the stream, as many as fit. The tokenizer must outlive the batcher.
template <tokenizer T>
class batcher {
 public:
  batcher(mixture const& m, T const& tokens, std::uint64_t seed, batch_options o, std::uint64_t position = 0)
      : stream_(m.sample(seed, position)), tokens_(&tokens), options_(o) {
    detail::check(o);
  }

  /// Where the next step begins: behind the last example of the one before.
  std::uint64_t position() const { return ahead_ ? ahead_from_ : stream_.position(); }

  step_batches next() {
    step_batches step;
    std::int64_t const most = options_.batch_tokens / options_.accumulate;
    std::vector<tokenized_example> taken;  // longest first
    for (;;) {
      if (!ahead_) fetch();
      auto const at = taken.insert(std::upper_bound(taken.begin(), taken.end(), *ahead_, detail::longer), *ahead_);
      if (static_cast<std::int64_t>(detail::cut_by_positions(taken, most).size()) > options_.accumulate) {
        taken.erase(at);
        break;
      }
      step.truncated += ahead_truncated_;
      step.skipped += ahead_skipped_;
      ahead_.reset();
    }
    step.batches = detail::make_batches(taken, most, tokens_->pad_id(), options_.start);
    step.position = position();
    step.examples = static_cast<std::int64_t>(taken.size());
    for (auto const& b : step.batches) {
      step.target_tokens += b.target_tokens;
      step.positions += b.positions();
    }
    return step;
  }

 private:
  // Reads on to the next example with a target.
  void fetch() {
    constexpr std::int64_t patience = 100'000;
    ahead_truncated_ = ahead_skipped_ = 0;
    ahead_from_ = stream_.position();
    while (!ahead_) {
      std::uint64_t const key = stream_.position();
      example const e = stream_.next();
      ahead_ = detail::tokenize(e, key, *tokens_, options_, ahead_truncated_);
      if (!ahead_ && ++ahead_skipped_ == patience)
        fail("the targets of ", patience, " examples in a row are empty; the last is record ", e.record,
             " of the task ", e.task);
    }
  }

  example_stream stream_;
  T const* tokens_;
  batch_options options_;
  std::optional<tokenized_example> ahead_;  // read, but not yet part of a step
  std::uint64_t ahead_from_ = 0;            // where the search for it began
  std::int64_t ahead_truncated_ = 0, ahead_skipped_ = 0;
};

/// Given examples as batches of at most batch_tokens positions each, longest first; sample_keys are positions in the
/// list. Examples without a target are left out.
template <tokenizer T>
std::vector<batch> make_batches(std::span<example const> examples, T const& tokens, batch_options o = {}) {
  o.accumulate = 1;
  detail::check(o);
  std::int64_t truncated = 0;
  std::vector<tokenized_example> all;
  for (std::size_t i = 0; i < examples.size(); ++i)
    if (auto e = detail::tokenize(examples[i], i, tokens, o, truncated)) all.push_back(std::move(*e));
  std::sort(all.begin(), all.end(), detail::longer);
  return detail::make_batches(all, o.batch_tokens, tokens.pad_id(), o.start);
}

}  // namespace flan
