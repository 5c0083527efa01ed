#pragma once
/// Documents and an objective as a feed: continued pretraining in the batches of finetuning.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/batch_options.hpp"
#include "flan/data/batching.hpp"
#include "flan/data/feed.hpp"
#include "flan/data/objective.hpp"
#include "flan/text/tokenizer.hpp"

namespace flan {

/// Positions are the stream's. A group of documents is read when it is its turn, so one thread ahead is as good as
/// several. Its statistics count a single task, "documents".
class objective_feed final : public example_feed {
 public:
  explicit objective_feed(objective_stream s) : stream_(std::move(s)) {}

  std::vector<task_share> tasks() const override { return {{"documents", 1}}; }
  std::uint64_t seed() const override { return stream_.seed(); }
  std::uint64_t stride() const override { return 0; }

  std::uint64_t position() const override { return stream_.position(); }
  std::uint64_t nearest(std::uint64_t position) const override { return position; }
  void seek(std::uint64_t position) noexcept override { stream_.seek(position); }

  void claim(prepared_example& e) override { e.tokens = stream_.next(); }
  void make(prepared_example&) const override {}

 private:
  objective_stream stream_;
};

/// The examples of an objective as steps, from a position of the stream on. `pad`: the tokenizer's pad_id. Throws
/// `error` where an example could be longer than max_input or max_target, and for best fit, which packs blocks of
/// indices.
[[gnu::cold]] inline batcher objective_batches(objective_stream stream, token pad, batch_options const& o,
                                               std::uint64_t position = 0, pipeline_options const& p = {}) {
  auto const most = stream.largest();
  if (most.input > o.max_input || most.target > o.max_target)
    fail("an objective's windows of ", stream.window(), " tokens make inputs of up to ", most.input,
         " tokens and targets of up to ", most.target, ", but max_input is ", o.max_input, " and max_target ",
         o.max_target);
  return {std::make_unique<objective_feed>(std::move(stream)), pad, o, position, p};
}

}  // namespace flan
