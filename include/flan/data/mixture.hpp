#pragma once
/// Tasks in proportion, as one endless stream of examples that a seed and an index describe completely.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/example.hpp"
#include "flan/data/hash.hpp"
#include "flan/data/mixture_part.hpp"
#include "flan/data/mixture_stream.hpp"
#include "flan/data/task.hpp"

namespace flan {

/// Tasks with rates. Whatever it was put together from, tasks, mixtures of them, mixtures of those, it is one flat
/// list: a task's rate is the product of the shares on the way to it. Immutable; copies share the tasks.
class mixture {
 public:
  /// Throws `error` without a task that is present, for a task without records, two of one name, or shares that do not
  /// make sense.
  mixture(proportional p, std::vector<mixture_part> const& parts) : held_(construct(p, parts)) {}

  template <class... Parts>
  requires(sizeof...(Parts) > 0 && (std::convertible_to<Parts const&, mixture_part> && ...))
      mixture(proportional p, Parts const&... parts)
      : mixture(p, std::vector<mixture_part>{mixture_part(parts)...}) {}

  /// A single task.
  mixture(any_task t) : mixture(proportional{}, std::vector<mixture_part>{std::move(t)}) {}  // NOLINT: implicit

  std::vector<any_task> const& tasks() const { return held_->tasks; }
  /// The share of each task; they add up to 1.
  std::vector<double> const& rates() const { return held_->rates; }
  /// What has a place in the mixture but is not there: the rates are of what is.
  std::vector<std::string> const& absent() const { return held_->absent; }

  /// The endless stream of a seed, or of a shard of it, from an index on.
  example_stream sample(std::uint64_t seed, std::uint64_t position = 0, shard s = {}) const {
    return {held_, seed, position, s};
  }

  /// The example at an index of a seed's stream: a pure function of both, however large the index.
  example at(std::uint64_t seed, std::uint64_t position) const { return render(place(seed, position)); }
  /// The same without the words, and the words of a place.
  example_place place(std::uint64_t seed, std::uint64_t position) const {
    return detail::place_of(*held_, seed, detail::draws_of(*held_, seed)(position));
  }
  /// The first index from `position` on that draws a task; none when indices end before. However rare the task is, it
  /// costs well below a millisecond.
  std::optional<std::uint64_t> next_of(std::size_t task, std::uint64_t seed, std::uint64_t position = 0) const {
    return detail::draws_of(*held_, seed).next_of(task, position);
  }
  example render(example_place const& p) const { return detail::render(*held_, p); }

  /// A hash of all records, templates and shares: equal fingerprints and seeds mean equal streams. Reads every record.
  std::uint64_t fingerprint() const {
    constexpr std::uint64_t order = 2;  // counts the ways in which this library has ordered a stream
    fingerprinter f;
    f.add(order);
    for (std::size_t i = 0; i < tasks().size(); ++i) f.add(tasks()[i].fingerprint()).add(rates()[i]);
    return f.value();
  }

 private:
  friend class mixture_part;

  [[gnu::cold]] static std::shared_ptr<detail::mixture_contents const> construct(
      proportional p, std::vector<mixture_part> const& parts) {
    if (parts.empty()) fail("a mixture needs a task");
    auto c = detail::mix(p, parts);
    if (c.tasks.empty())
      fail("a mixture needs a task, but all of its ", c.absent.size(), " are absent, ", c.absent.front(),
           " being the first");
    return std::make_shared<detail::mixture_contents const>(std::move(c));
  }

  std::shared_ptr<detail::mixture_contents const> held_;
};

inline mixture_part::mixture_part(mixture const& m, std::optional<double> share) : held_(m.held_), share_(share) {}

}  // namespace flan
