#pragma once
/// What batches are made of: a stream of examples as ids, whose words and ids any thread can make.

#include <cstdint>
#include <vector>

#include "flan/data/batch.hpp"
#include "flan/data/mixture_stream.hpp"

namespace flan {

/// What a position of a stream stands for, as ids.
struct prepared_example {
  tokenized_example tokens;   ///< its target is empty where there is none: not even the end token
  example_place place = {};   ///< where it comes from; of its members, `task` always counts
  std::uint64_t behind = 0;   ///< the stream's position behind it
  std::uint32_t unknown = 0;  ///< unknown tokens in input and target
  bool input_cut = false;     ///< lost its last tokens to max_input
  bool target_cut = false;    ///< likewise, to max_target
  bool empty() const { return tokens.target.empty(); }
};

/// A stream of examples in two halves, so that threads can work ahead: `claim` goes from position to position in turn,
/// `make` does the work. What a position yields depends on nothing but it.
class example_feed {
 public:
  virtual ~example_feed() = default;

  /// The tasks that prepared_example::place counts.
  virtual std::vector<task_share> tasks() const = 0;
  /// Decides whatever packing draws.
  virtual std::uint64_t seed() const = 0;
  /// How far neighbouring positions are apart; 0 when that varies.
  virtual std::uint64_t stride() const = 0;

  /// The position that claim() takes next.
  virtual std::uint64_t position() const = 0;
  /// The position where seek(position) ends: itself, or the first behind it that is this feed's.
  virtual std::uint64_t nearest(std::uint64_t position) const = 0;
  virtual void seek(std::uint64_t position) noexcept = 0;

  /// Takes the next position. For one thread at a time. One that throws may go on or stay, but position() tells.
  virtual void claim(prepared_example& e) = 0;
  /// Makes the example that was claimed. For any number of threads at a time.
  virtual void make(prepared_example& e) const = 0;
};

}  // namespace flan
