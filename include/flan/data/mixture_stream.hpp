#pragma once
/// A mixture as an endless stream of examples that a seed and an index describe completely.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "flan/core/error.hpp"
#include "flan/core/random.hpp"
#include "flan/data/draws.hpp"
#include "flan/data/example.hpp"
#include "flan/data/mixture_part.hpp"
#include "flan/data/permutation.hpp"

namespace flan {

/// Which indices of a stream one of several readers takes: those that leave the remainder `number` when divided by
/// `of`. The readers 0 … of − 1 together take every index once.
struct shard {
  std::uint64_t number = 0, of = 1;
};

/// What an index of a stream stands for.
struct example_place {
  std::size_t task = 0;       ///< position in the mixture's tasks
  std::uint64_t record = 0;   ///< position in the task's source
  std::uint64_t epoch = 0;    ///< how often the task had been through all its records before
  std::uint32_t wording = 0;  ///< position in the task's instructions
  std::uint32_t form = 0;     ///< position in the task's forms
  std::uint64_t key = 0;      ///< decides what the form leaves to chance
};

namespace detail {

/// The place of a task's draw after `before` earlier ones. Each record comes once per epoch in an order of that epoch's
/// own; a record's wording starts at random and moves on from epoch to epoch; its form is drawn anew each time.
inline example_place place_of(mixture_contents const& c, std::uint64_t seed, drawn d) {
  auto const& t = c.tasks[d.part];
  std::uint64_t const key = c.keys[d.part], epoch = d.before / t.size();
  std::uint64_t const record = keyed_permutation(key_of(seed, key, epoch), t.size())(d.before % t.size());
  std::uint64_t const first = uniform_below(key_of(seed, key), record, t.wordings());
  auto const wording = static_cast<std::uint32_t>((first + epoch % t.wordings()) % t.wordings());
  std::uint64_t const own = key_of(seed, key, epoch, record);
  return {d.part, record, epoch, wording, t.form_of(own), own};
}

inline example render(mixture_contents const& c, example_place const& p) {
  auto const& t = c.tasks[p.task];
  auto words = t(p.record, p.wording, p.form, p.key);
  return {std::move(words.text), t.name(), p.record, p.epoch, p.wording, p.form, words.exemplars};
}

/// The draws of a seed's stream: of nothing but the seed and the rates.
inline draws draws_of(mixture_contents const& c, std::uint64_t seed) {
  return {*c.intervals, key_of(seed, 0x7461736bu)};  // "task"
}

}  // namespace detail

/// A place in the stream of (mixture, seed), or in one shard of it. For each index the draws choose the task, which
/// gives its next record. Threads, batches, shards and resuming change nothing: the index is all there is to save.
class example_stream {
 public:
  /// `m`: what mixture::sample passes on.
  example_stream(std::shared_ptr<detail::mixture_contents const> m, std::uint64_t seed, std::uint64_t position,
                 flan::shard shard)
      : held_(std::move(m)), seed_(seed), shard_(shard), draws_(detail::draws_of(*held_, seed)) {
    if (shard.number >= shard.of) fail("there is no shard ", shard.number, " of ", shard.of, "; they count from 0");
    seek(position);
  }

  std::uint64_t seed() const { return seed_; }
  flan::shard const& shard() const { return shard_; }
  /// The index of the example that next() returns.
  std::uint64_t position() const { return position_; }

  /// Goes to an index, or to the shard's first one from there on: well below a millisecond, however far it is.
  void seek(std::uint64_t position) {
    position_ = position + (shard_.number + shard_.of - position % shard_.of) % shard_.of;
  }

  example next() { return detail::render(*held_, next_place()); }

  /// The same step without the words.
  example_place next_place() {
    auto const place = detail::place_of(*held_, seed_, draws_(position_));
    position_ += shard_.of;
    return place;
  }

  /// For loops over the stream; they end only by leaving them.
  class iterator {
   public:
    explicit iterator(example_stream& s) : stream_(&s), now_(s.next()) {}
    example const& operator*() const { return now_; }
    example const* operator->() const { return &now_; }
    iterator& operator++() {
      now_ = stream_->next();
      return *this;
    }
    friend bool operator!=(iterator const&, std::nullptr_t) { return true; }

   private:
    example_stream* stream_;
    example now_;
  };
  iterator begin() { return iterator(*this); }
  std::nullptr_t end() const { return nullptr; }

 private:
  std::shared_ptr<detail::mixture_contents const> held_;
  std::uint64_t seed_, position_ = 0;
  flan::shard shard_;
  draw_cursor draws_;
};

}  // namespace flan
