#pragma once
/// Tasks in proportion, as one endless stream of examples that a seed and a position describe completely.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/core/random.hpp"
#include "flan/data/example.hpp"
#include "flan/data/hash.hpp"
#include "flan/data/permutation.hpp"
#include "flan/data/task.hpp"

namespace flan {

/// The share of a task of n records: min(n, cap)^(1 / temperature), against the sum over tasks.
struct proportional {
  std::uint64_t cap = std::numeric_limits<std::uint64_t>::max();
  double temperature = 1;
};

/// A task of a mixture, with its share of the whole when that is fixed.
struct weighted_task {
  any_task task;
  std::optional<double> rate = {};
  weighted_task(any_task t, std::optional<double> r = {}) : task(std::move(t)), rate(r) {}  // NOLINT: implicit
};

/// A task with a fixed share of the mixture; what the fixed shares leave is divided in proportion.
inline weighted_task weighted(any_task t, double rate) { return {std::move(t), rate}; }

class example_stream;

/// Immutable; copies share the tasks.
class mixture {
 public:
  /// Throws `error` without tasks, for a task without records, two of one name, or shares that do not make sense.
  mixture(proportional p, std::vector<weighted_task> const& parts) : held_(construct(p, parts)) {}

  template <class... Parts>
  requires(sizeof...(Parts) > 0 && (std::convertible_to<Parts const&, weighted_task> && ...))
      mixture(proportional p, Parts const&... parts)
      : mixture(p, std::vector<weighted_task>{weighted_task(parts)...}) {}

  /// A single task.
  mixture(any_task t) : mixture(proportional{}, std::vector<weighted_task>{std::move(t)}) {}  // NOLINT: implicit

  std::vector<any_task> const& tasks() const { return held_->tasks; }
  /// The share of each task; they add up to 1.
  std::vector<double> const& rates() const { return held_->rates; }

  /// The endless stream of a seed, from a position on.
  example_stream sample(std::uint64_t seed, std::uint64_t position = 0) const;

  /// The example at a position of a seed's stream: a pure function of both. Costs some nanoseconds per position before
  /// it.
  example at(std::uint64_t seed, std::uint64_t position) const;

  /// A hash of all records, templates and shares: equal fingerprints and seeds mean equal streams. Reads every record.
  std::uint64_t fingerprint() const {
    fingerprinter f;
    for (std::size_t i = 0; i < tasks().size(); ++i) f.add(tasks()[i].fingerprint()).add(rates()[i]);
    return f.value();
  }

 private:
  friend class example_stream;
  struct contents {
    std::vector<any_task> tasks;
    std::vector<double> rates, cumulative;
    std::vector<std::uint64_t> keys;  // of the tasks' names: the order within a task does not depend on the other tasks
  };

  static std::shared_ptr<contents const> construct(proportional p, std::vector<weighted_task> const& parts) {
    if (parts.empty()) fail("a mixture needs a task");
    if (p.cap == 0) fail("proportional mixing with a cap of 0 would use no record");
    if (!(p.temperature > 0) || !std::isfinite(p.temperature))
      fail("the temperature of proportional mixing is ", p.temperature, "; expected a positive number");
    contents c;
    double fixed = 0, free = 0;
    for (auto const& [t, rate] : parts) {
      if (t.size() == 0) fail("the task ", t.name(), " has no records");
      for (auto const& other : c.tasks)
        if (other.name() == t.name()) fail("two tasks of a mixture are called ", t.name());
      if (rate && !(*rate > 0 && *rate <= 1))
        fail("the task ", t.name(), " has the share ", *rate, "; expected above 0, up to 1");
      double const share = rate ? *rate : std::pow(static_cast<double>(std::min(t.size(), p.cap)), 1 / p.temperature);
      (rate ? fixed : free) += share;
      c.tasks.push_back(t);
      c.rates.push_back(share);
      c.keys.push_back(fingerprinter().add(t.name()).value());
    }
    if (free > 0 && fixed >= 1)
      fail("the fixed shares of a mixture add up to ", fixed, " and leave nothing for its other tasks");
    double sum = 0;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      // Without proportional tasks, fixed shares are relative to each other.
      c.rates[i] *= parts[i].rate ? (free > 0 ? 1 : 1 / fixed) : (1 - fixed) / free;
      c.cumulative.push_back(sum += c.rates[i]);
    }
    c.cumulative.back() = 1;
    return std::make_shared<contents const>(std::move(c));
  }

  std::shared_ptr<contents const> held_;
};

/// A place in the endless stream of (mixture, seed). For each position a keyed draw chooses the task; the task then
/// gives its next record, each once per epoch in an order of that epoch's own; a record's wording starts at random and
/// moves on from epoch to epoch. Threads, batches and resuming change nothing.
class example_stream {
 public:
  example_stream(mixture const& m, std::uint64_t seed, std::uint64_t position)
      : held_(m.held_), seed_(seed), drawn_(held_->tasks.size()) {
    seek(position);
  }

  std::uint64_t seed() const { return seed_; }
  /// The position of the example that next() returns.
  std::uint64_t position() const { return position_; }

  /// Goes to a position by counting which tasks are drawn before it: some nanoseconds a position, from here or from 0.
  void seek(std::uint64_t position) {
    if (position < position_) {
      std::fill(drawn_.begin(), drawn_.end(), 0);
      position_ = 0;
    }
    for (; position_ < position; ++position_) ++drawn_[choose(position_)];
  }

  example next() {
    std::size_t const i = choose(position_++);
    auto const& t = held_->tasks[i];
    std::uint64_t const draw = drawn_[i]++, epoch = draw / t.size();
    std::uint64_t const record = keyed_permutation(key_of(seed_, held_->keys[i], epoch), t.size())(draw % t.size());
    std::uint64_t const first = uniform_below(key_of(seed_, held_->keys[i]), record, t.wordings());
    auto const wording = static_cast<std::uint32_t>((first + epoch) % t.wordings());
    return {t(record, wording), t.name(), record, epoch, wording};
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
  std::size_t choose(std::uint64_t position) const {
    auto const& c = held_->cumulative;
    double const u = uniform(key_of(seed_, 0x7461736bu), position);  // "task"
    return static_cast<std::size_t>(std::upper_bound(c.begin(), c.end() - 1, u) - c.begin());
  }

  std::shared_ptr<mixture::contents const> held_;
  std::uint64_t seed_, position_ = 0;
  std::vector<std::uint64_t> drawn_;
};

inline example_stream mixture::sample(std::uint64_t seed, std::uint64_t position) const {
  return {*this, seed, position};
}
inline example mixture::at(std::uint64_t seed, std::uint64_t position) const { return sample(seed, position).next(); }

}  // namespace flan
