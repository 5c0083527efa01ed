#pragma once
/// A stream of examples as ids: one at a time, or in packed rows.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/core/random.hpp"
#include "flan/data/batch_options.hpp"
#include "flan/data/feed_statistics.hpp"
#include "flan/data/packing.hpp"
#include "flan/data/permutation.hpp"
#include "flan/data/pipeline.hpp"

namespace flan::detail {

/// Looks one example ahead: whether it still fits is known before it is taken.
class example_reader {
 public:
  /// No example may be larger than `most`.
  example_reader(example_pipeline p, row_size most)
      : pipeline_(std::move(p)), most_(most), tasks_(pipeline_.feed().tasks()) {}

  example_feed const& feed() const { return pipeline_.feed(); }
  std::vector<task_share> const& tasks() const { return tasks_; }
  /// The position behind the examples that were taken: those without a target that follow are yet to come.
  std::uint64_t position() const { return from_ ? *from_ : pipeline_.position(); }

  void seek(std::uint64_t position) {
    forget();
    pipeline_.seek(position);
  }
  /// The same, as if nothing had been read before.
  void start(std::uint64_t position) {
    empty_in_a_row_ = 0;
    seek(position);
  }

  /// The next example with a target, until it is taken.
  prepared_example const& ahead() {
    if (!from_) from_ = pipeline_.position();
    while (ahead_.empty()) {
      ahead_ = read();
      if (ahead_.empty()) passed_.push_back(ahead_.place.task);
    }
    return ahead_;
  }
  /// Takes the example ahead, and counts it with those before it that have no target.
  tokenized_example take(feed_statistics& seen) {
    seen.count(ahead());
    for (auto const task : passed_) seen.skip(task);
    auto tokens = std::move(ahead_.tokens);
    forget();
    return tokens;
  }

  /// The example of the next position, if it has a target.
  prepared_example read() {
    constexpr std::int64_t patience = 100'000;
    auto e = pipeline_.next();
    empty_in_a_row_ = e.empty() ? empty_in_a_row_ + 1 : 0;
    if (auto const size = size_of(e.tokens); !e.empty() && !fits_row(size, most_))
      fail("an example of the task ", tasks_[e.place.task].name, " has ", size.input, " input and ", size.target,
           " target tokens, but max_input is ", most_.input, " and max_target ", most_.target);
    if (empty_in_a_row_ >= patience)
      fail("the targets of ", patience, " examples in a row are empty; the last is record ", e.place.record,
           " of the task ", tasks_[e.place.task].name);
    return e;
  }

 private:
  void forget() {
    from_.reset();
    passed_.clear();
    ahead_ = {};
  }

  example_pipeline pipeline_;
  row_size most_;
  std::vector<task_share> tasks_;
  std::optional<std::uint64_t> from_;  // where the search for the example ahead began
  prepared_example ahead_;             // empty before it is found
  std::vector<std::size_t> passed_;    // tasks of the examples before it, which have no target
  std::int64_t empty_in_a_row_ = 0;
};

/// Rows of packed examples, from a position on that row_reader::position() once said.
class row_reader {
 public:
  /// Indices of a stream, or of its shard, that best fit packs together. More would pack tighter by a fraction of a row
  /// each, take longer to begin, and leave less to the stream's own order.
  static constexpr std::uint64_t window = 1024;

  row_reader(example_reader examples, batch_options const& o, std::uint64_t position)
      : examples_(std::move(examples)), options_(o), indices_(window * examples_.feed().stride()) {
    if (o.packing == packing::best_fit && indices_ == 0)
      fail("best fit packs blocks of a mixture's indices; these examples can be packed greedily");
    seek(position);
  }

  /// Goes to a position that position() once said.
  void seek(std::uint64_t position) {
    examples_.start(position);
    if (options_.packing != packing::best_fit) return;
    block_ = position / indices_, given_ = position % indices_;
    rows_.clear();
  }

  /// See batcher::position().
  std::uint64_t position() const {
    return options_.packing == packing::best_fit ? block_ * indices_ + given_ : examples_.position();
  }

  std::vector<task_share> const& tasks() const { return examples_.tasks(); }
  /// For who packs nothing.
  example_reader& examples() { return examples_; }

  /// The next row; counts what it takes, and what is left out.
  std::vector<tokenized_example> next(feed_statistics& seen) {
    return options_.packing == packing::best_fit ? next_of_block(seen) : next_in_order(seen);
  }

 private:
  row_size most() const { return {options_.max_input, options_.max_target}; }

  std::vector<tokenized_example> next_in_order(feed_statistics& seen) {
    std::vector<tokenized_example> row;
    for (row_size room = most();;) {
      auto const size = size_of(examples_.ahead().tokens);
      if (!fits_row(size, room)) return row;
      fill_row(size, room);
      row.push_back(examples_.take(seen));
    }
  }

  std::vector<tokenized_example> next_of_block(feed_statistics& seen) {
    while (rows_.empty()) read_block(seen);
    std::vector<tokenized_example> row;
    // Rows that were filled first hold the longest examples: training should not see the lengths come and go.
    keyed_permutation const order(key_of(examples_.feed().seed(), 0x726f7773u, block_), rows_.size());  // "rows"
    for (auto const i : rows_[order(given_)]) {
      seen.count(block_examples_[i]);
      row.push_back(std::move(block_examples_[i].tokens));
    }
    if (++given_ == rows_.size()) {
      ++block_, given_ = 0;
      rows_.clear();
    }
    return row;
  }

  /// Packs the block, or counts it as left out and goes on to the next when it has no target at all.
  void read_block(feed_statistics& seen) {
    examples_.seek(block_ * indices_);
    block_examples_.clear();
    std::vector<row_size> sizes;
    std::vector<std::size_t> passed;
    for (std::uint64_t i = 0; i < window; ++i) {
      auto e = examples_.read();
      if (e.empty()) {
        passed.push_back(e.place.task);
        continue;
      }
      sizes.push_back(size_of(e.tokens));
      block_examples_.push_back(std::move(e));
    }
    rows_ = pack_best_fit(sizes, most());
    if (given_ > 0 && given_ >= rows_.size())
      fail("position ", position(), " of a packed stream is row ", given_, " of block ", block_, ", which has ",
           rows_.size(), " rows");
    if (given_ == 0)  // else the run that was interrupted in this block has counted them
      for (auto const task : passed) seen.skip(task);
    if (rows_.empty()) ++block_;
  }

  example_reader examples_;
  batch_options options_;
  std::uint64_t indices_;                // of the stream, to a block
  std::uint64_t block_ = 0, given_ = 0;  // the next row's block; rows of it that were given out
  row_plan rows_;                        // of the block; empty before it is read
  std::vector<prepared_example> block_examples_;
};

}  // namespace flan::detail
