#pragma once
/// Exemplars before the question: how they are written, which are taken, how many fit. All of it is a function of its
/// arguments; what is drawn is drawn by a key.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "flan/core/random.hpp"
#include "flan/prompt/instruction.hpp"

namespace flan {

/// How exemplars are written before the question (Flan 2022's four strings; these are its most frequent ones).
struct few_shot_format {
  std::string_view input_prefix = "Q: ", delimiter = "\n", target_prefix = "A: ", separator = "\n\n";
};

/// Patterns that any family may use. T5's vocabulary has no line break, so most of them say in words where an answer
/// begins.
inline constexpr few_shot_format few_shot_formats[] = {
    {},
    {"Question: ", "\n", "Answer: ", "\n\n"},
    {"Task: ", "\n", "Solution: ", "\n\n\n"},
    {"In: ", " Out: ", "", "\n"},
    {"[task] ", "\n", "[reply] ", "\n\n"},
    {"", "\n\n", "Reply: ", "\n\n\n"},
    {"", "\n-----\n", "", "\n=====\n"},
    {"", " => ", "", "\n"},
    {"Given:\n", "\n\nWanted:\n", "", "\n\n\n"},
    {"Student: ", "\n", "Teacher: ", "\n\n"},
    {"### Example\n", "\n### Response\n", "", "\n\n"},
    {"Exercise. ", "\n", "Result. ", "\n****\n"},
};

/// Patterns for inputs that end in a cue of their own, "Answer:": a second one would be noise.
inline constexpr few_shot_format cued_few_shot_formats[] = {
    {"", " ", "", "\n\n"},          {"", "\n", "", "\n\n\n"}, {"", " ", "", "\n-----\n"},
    {"Example. ", " ", "", "\n\n"}, {"* ", " ", "", "\n"},    {"", " ", "", "\n\n***\n\n"},
};

/// The patterns that one is drawn from.
struct few_shot_patterns {
  std::span<few_shot_format const> plain = few_shot_formats, cued = cued_few_shot_formats;

  /// The pattern for an input (or a template of inputs): a cued one where it ends in a colon.
  few_shot_format const& draw(std::uint64_t key, std::uint64_t counter, std::string_view input) const {
    auto const last = input.find_last_not_of(" \n");
    auto const& all = last != std::string_view::npos && input[last] == ':' ? cued : plain;
    return all[static_cast<std::size_t>(uniform_below(key, counter, all.size()))];
  }
};

/// Data sets repeat records, and then an exemplar would give the query's answer away.
enum class repeats : unsigned char {
  left_out,  ///< a candidate whose input is the query's is passed over
  seen_to    ///< the caller has told them apart by more than their inputs
};

namespace detail {
inline void append_exemplar(std::string& text, shot const& e, few_shot_format const& f) {
  ((((text += f.input_prefix) += e.input) += f.delimiter) += f.target_prefix) += e.target;
}
inline bool may_stand_before(shot const& exemplar, shot const& query, repeats r) {
  return !exemplar.target.empty() && (r == repeats::seen_to || exemplar.input != query.input);
}
inline shot ask(std::string text, shot query, few_shot_format const& f) {
  (((text += f.input_prefix) += query.input) += f.delimiter) += f.target_prefix;
  text.erase(text.find_last_not_of(' ') + 1);
  return {std::move(text), std::move(query.target)};
}
}  // namespace detail

/// The exemplars, then the question, then the target's prefix as the cue; spaces at the end are removed, newlines stay.
/// The answer wanted is the query's own.
inline shot few_shot(std::span<shot const> exemplars, shot query, few_shot_format const& f = {}) {
  std::string text;
  for (auto const& e : exemplars) {
    detail::append_exemplar(text, e, f);
    text += f.separator;
  }
  return detail::ask(std::move(text), std::move(query), f);
}

/// A question with its exemplars, and how many there are: a caller may not want a question alone.
struct few_shot_prompt {
  shot text;
  std::size_t exemplars = 0;
};

/// Positions of `count` different records out of `records`, none of them `query`, in an order that the key decides; all
/// that there are when there are fewer. A query outside the records (a test set's) excludes none.
inline std::vector<std::uint64_t> draw_exemplars(std::uint64_t key, std::uint64_t records, std::uint64_t query,
                                                 std::size_t count) {
  std::uint64_t const pool = query < records ? records - 1 : records;  // numbered as if the query were not there
  std::vector<std::uint64_t> drawn;
  if (pool / 2 < count) {  // few records: the beginning of a shuffle
    drawn.resize(static_cast<std::size_t>(pool));
    std::iota(drawn.begin(), drawn.end(), std::uint64_t{0});
    for (std::size_t i = 0; i + 1 < drawn.size(); ++i)
      std::swap(drawn[i], drawn[i + static_cast<std::size_t>(uniform_below(key, i, pool - i))]);
    drawn.resize(std::min(drawn.size(), count));
  } else {  // many: draw again what was drawn before
    drawn.reserve(count);
    for (std::uint64_t counter = 0; drawn.size() < count; ++counter) {
      std::uint64_t const i = uniform_below(key, counter, pool);
      if (std::find(drawn.begin(), drawn.end(), i) == drawn.end()) drawn.push_back(i);
    }
  }
  for (auto& i : drawn) i += i >= query;
  return drawn;
}

/// The first k candidates, fewer when there are fewer. In this and in the forms below a candidate without an answer is
/// passed over, and so are repeats of the query.
inline few_shot_prompt fixed_shots(std::span<shot const> candidates, shot query, std::size_t k,
                                   few_shot_format const& f = {}, repeats r = repeats::left_out) {
  std::string text;
  std::size_t taken = 0;
  for (auto const& e : candidates) {
    if (taken == k) break;
    if (!detail::may_stand_before(e, query, r)) continue;
    detail::append_exemplar(text, e, f);
    text += f.separator;
    ++taken;
  }
  return {detail::ask(std::move(text), std::move(query), f), taken};
}

/// The first k candidates, each written in a pattern of its own, so that none can be relied on; one separator, one to
/// three line breaks, for all. Candidates in different wordings mix those too.
inline few_shot_prompt mixed_shots(std::uint64_t key, std::span<shot const> candidates, shot query, std::size_t k = 5,
                                   few_shot_patterns const& patterns = {}, repeats r = repeats::left_out) {
  std::string const separator(1 + static_cast<std::size_t>(uniform_below(key, 0, 3)), '\n');
  std::string text;
  std::size_t taken = 0;
  for (auto const& e : candidates) {
    if (taken == k) break;
    if (!detail::may_stand_before(e, query, r)) continue;
    detail::append_exemplar(text, e, patterns.draw(key, 2 + taken++, e.input));
    text += separator;
  }
  auto const& last = patterns.draw(key, 1, query.input);
  return {detail::ask(std::move(text), std::move(query), last), taken};
}

/// What is left for exemplars beside a query: tokens of inputs and targets, their prefixes not counted.
class exemplar_room {
 public:
  /// Of `limit` tokens the query's input takes its own; nothing is left when it takes more than all.
  constexpr exemplar_room(std::size_t limit, std::size_t query) : left_(limit > query ? limit - query : 0) {}
  /// Takes an exemplar of so many tokens in, if it fits; once one did not fit, none does.
  constexpr bool take(std::size_t tokens) {
    full_ = full_ || tokens > left_;
    if (!full_) left_ -= tokens;
    return !full_;
  }

 private:
  std::size_t left_;
  bool full_ = false;
};

/// How the 0-to-10-shot form takes exemplars. Flan 2022 has 25 candidates and keeps those that fell on the query's own
/// of ten templates, 2.5 of them on average.
struct few_shot_limits {
  std::size_t candidates = 25;  // for who draws them
  double share = 0.1;           // each candidate is kept with this probability
  std::size_t most = 10;        // exemplars
  std::size_t limit = 1920;     // tokens of the query's input and the exemplars' inputs and targets
};

/// The 0-to-10-shot form: of `count` candidates some, drawn by the key, in their order, while they fit beside the
/// query. candidate(i) makes one that is drawn; tokens(text) counts a text's tokens.
template <class Candidate, class Tokens>
requires(std::convertible_to<std::invoke_result_t<Candidate&, std::size_t>, shot>&&
             std::convertible_to<std::invoke_result_t<Tokens&, std::string const&>, std::size_t>) few_shot_prompt
    pruned_shots(std::uint64_t key, std::size_t count, Candidate&& candidate, shot query, Tokens&& tokens,
                 few_shot_limits const& limits = {}, few_shot_format const& f = {}, repeats r = repeats::left_out) {
  auto const own = static_cast<std::size_t>(tokens(query.input));
  if (own > limits.limit) return {};
  exemplar_room room(limits.limit, own);
  std::string text;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < count && taken < limits.most; ++i) {
    if (uniform(key, i) >= limits.share) continue;
    shot const& e = candidate(i);
    if (!detail::may_stand_before(e, query, r)) continue;
    if (!room.take(static_cast<std::size_t>(tokens(e.input)) + static_cast<std::size_t>(tokens(e.target)))) break;
    detail::append_exemplar(text, e, f);
    text += f.separator;
    ++taken;
  }
  return {detail::ask(std::move(text), std::move(query), f), taken};
}

/// The same from candidates that are there.
template <class Tokens>
requires std::convertible_to<std::invoke_result_t<Tokens&, std::string const&>, std::size_t> few_shot_prompt
pruned_shots(std::uint64_t key, std::span<shot const> candidates, shot query, Tokens&& tokens,
             few_shot_limits const& limits = {}, few_shot_format const& f = {}) {
  return pruned_shots(
      key, candidates.size(), [&](std::size_t i) -> shot const& { return candidates[i]; }, std::move(query), tokens,
      limits, f);
}

}  // namespace flan
