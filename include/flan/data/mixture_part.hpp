#pragma once
/// What a mixture is made of: tasks, other mixtures, and names of what is not there, each with its share.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/draws.hpp"
#include "flan/data/hash.hpp"
#include "flan/data/proportional.hpp"
#include "flan/data/task.hpp"

namespace flan {

class mixture;

namespace detail {
/// A mixture's tasks, whatever it was put together from.
struct mixture_contents {
  std::vector<any_task> tasks;
  std::vector<double> rates;        // they add up to 1
  std::vector<std::uint64_t> keys;  // of the tasks' names: the order within a task does not depend on the other tasks
  std::vector<std::string> absent;  // names of what is not there
  std::uint64_t records = 0;        // of all tasks
  std::optional<shares> intervals;  // of the rates; none without tasks
};
}  // namespace detail

/// A part of a mixture: a task, a mixture, or the name of one that is not there. A value, so no mixture can be a part
/// of itself. Its share is fixed, or follows from its size by the rule of the mixture it goes into.
class mixture_part {
 public:
  mixture_part(any_task t, std::optional<double> share = {});        // NOLINT: implicit
  mixture_part(mixture const& m, std::optional<double> share = {});  // NOLINT: implicit

  /// Something that has a place in the mixture, but no data here. The shares of the others make up for it.
  static mixture_part absent(std::string name, std::optional<double> share = {});

  /// A mixture within a mixture, by name. Where all of its parts are absent so is the whole; what is absent in it is
  /// called name/part. Throws as the constructor of `mixture` does.
  static mixture_part group(std::string name, proportional rule, std::vector<mixture_part> const& parts,
                            std::optional<double> share = {});

  /// The same part, counted as so many records where its share follows from its size.
  mixture_part counted_as(std::uint64_t records) const;

  /// Empty for a mixture without a name.
  std::string const& name() const { return name_; }
  std::optional<double> const& share() const { return share_; }
  /// What the part contributes; no tasks when it is absent.
  detail::mixture_contents const& contents() const { return *held_; }
  bool present() const { return !held_->tasks.empty(); }

 private:
  mixture_part(std::string name, std::shared_ptr<detail::mixture_contents const> held, std::optional<double> share)
      : name_(std::move(name)), held_(std::move(held)), share_(share) {}

  std::string name_;
  std::shared_ptr<detail::mixture_contents const> held_;
  std::optional<double> share_;
};

/// A part with a fixed share of the mixture. What the fixed shares leave is divided in proportion; where there is
/// nothing to divide it among, fixed shares are relative to each other. A share of 0 leaves the part out.
inline mixture_part weighted(any_task t, double share) { return {std::move(t), share}; }
inline mixture_part weighted(mixture const& m, double share) { return {m, share}; }

using weighted_task = mixture_part;

namespace detail {

/// The share of each part of those that are present, relative to each other; 0 for the others.
[[gnu::cold]] inline std::vector<double> shares_of(proportional p, std::vector<mixture_part> const& parts) {
  static_cast<void>(seqio_rate(1, p));  // the rule makes sense, whether a part needs it or not
  std::vector<double> result;
  double fixed = 0, free = 0;  // of absent parts, too: their share is known, and is not the proportional parts' to take
  bool any = false, drawn = false;
  for (auto const& part : parts) {
    auto const share = part.share();
    if (share && !(*share >= 0 && std::isfinite(*share)))
      fail(part.name().empty() ? "a mixture within a mixture" : part.name(), " has the share ", *share,
           "; expected above 0, or 0 to leave it out");
    double const size = seqio_rate(part.contents().records, p);
    result.push_back(!part.present() ? 0 : share ? *share : size);
    if (share) fixed += *share;
    if (!share && part.present()) free += size;
    any = any || part.present();
    drawn = drawn || result.back() > 0;
  }
  if (any && !drawn) fail("the shares of all parts of a mixture are 0; at least one should be above 0");
  if (!std::isfinite(free))
    fail("the temperature ", p.temperature, " makes the sizes of a mixture's parts too large; expected at least 0.1");
  if (!std::isfinite(fixed)) fail("the fixed shares of a mixture are too large to add up");
  if (free == 0) return result;
  if (fixed >= 1) fail("the fixed shares of a mixture add up to ", fixed, " and leave nothing for its other parts");
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (!parts[i].share()) result[i] *= (1 - fixed) / free;
  return result;
}

/// All parts in one, with rates that add up to 1; without tasks when none is present.
[[gnu::cold]] inline mixture_contents mix(proportional p, std::vector<mixture_part> const& parts) {
  mixture_contents c;
  auto const weights = shares_of(p, parts);
  std::vector<std::string_view> names;
  double sum = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto const& inner = parts[i].contents();
    for (auto const& name : inner.absent) c.absent.push_back(name);
    if (weights[i] == 0) continue;
    c.records += inner.records;
    for (std::size_t t = 0; t < inner.tasks.size(); ++t) {
      names.push_back(inner.tasks[t].name());
      c.tasks.push_back(inner.tasks[t]);
      c.keys.push_back(inner.keys[t]);
      c.rates.push_back(weights[i] * inner.rates[t]);
      sum += c.rates.back();
    }
  }
  std::sort(names.begin(), names.end());
  if (auto const twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    fail("two tasks of a mixture are called ", *twice);
  for (std::size_t t = 0; t < c.rates.size(); ++t) {
    c.rates[t] /= sum;
    if (!(c.rates[t] > 0x1p-60))
      fail("the task ", c.tasks[t].name(), " has the share ", c.rates[t], " of a mixture, too little ever to be drawn");
  }
  if (!c.rates.empty()) c.intervals.emplace(c.rates);
  return c;
}

}  // namespace detail

inline mixture_part::mixture_part(any_task t, std::optional<double> share) : name_(t.name()), share_(share) {
  if (t.size() == 0) fail("the task ", t.name(), " has no records");
  detail::mixture_contents c;
  c.records = t.size();
  c.keys = {fingerprinter().add(std::string_view(t.name())).value()};
  c.rates = {1};
  c.tasks.push_back(std::move(t));
  held_ = std::make_shared<detail::mixture_contents const>(std::move(c));
}

inline mixture_part mixture_part::absent(std::string name, std::optional<double> share) {
  detail::mixture_contents c;
  c.absent = {name};
  return {std::move(name), std::make_shared<detail::mixture_contents const>(std::move(c)), share};
}

[[gnu::cold]] inline mixture_part mixture_part::counted_as(std::uint64_t records) const {
  auto c = *held_;
  c.records = records;
  return {name_, std::make_shared<detail::mixture_contents const>(std::move(c)), share_};
}

inline mixture_part mixture_part::group(std::string name, proportional rule, std::vector<mixture_part> const& parts,
                                        std::optional<double> share) {
  if (parts.empty()) fail("the group ", name, " of a mixture has no parts");
  auto c = detail::mix(rule, parts);
  for (auto& part : c.absent) part.insert(0, name + '/');
  return {std::move(name), std::make_shared<detail::mixture_contents const>(std::move(c)), share};
}

}  // namespace flan
