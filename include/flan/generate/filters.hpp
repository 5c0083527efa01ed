#pragma once
/// What changes the scores of the next token before one is chosen. Each function does to one row of scores (logits, or
/// log-probabilities in a beam search) what the class of that name in transformers does; removed tokens get −infinity.

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "flan/generate/plan.hpp"

namespace flan::detail {

inline constexpr float removed = -std::numeric_limits<float>::infinity();
/// NaN counts as −infinity, as in the op top_k: nothing below has to order it.
inline float or_removed(float score) { return score == score ? score : removed; }

/// Lists that are used again for each token, so that none is allocated anew.
struct filter_scratch {
  std::vector<token> seen;
  std::vector<float> order;
  std::vector<std::pair<double, token>> heap;
};

/// Scores of tokens in `history` are divided by the penalty where positive, else multiplied: once per token.
inline void penalize_repetition(std::span<float> scores, std::span<token const> history, double penalty,
                                filter_scratch& scratch) {
  auto& seen = scratch.seen;
  seen.assign(history.begin(), history.end());
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  auto const p = static_cast<float>(penalty);
  for (token const id : seen) {
    float& s = scores[static_cast<std::size_t>(id)];
    s = s < 0 ? s * p : s / p;
  }
}

/// Removes every token that would complete an n-gram which `history` has already.
inline void forbid_repeated_ngrams(std::span<float> scores, std::span<token const> history, extent size) {
  auto const n = static_cast<std::size_t>(size), length = history.size();
  if (length < n) return;
  auto const prefix = history.subspan(length + 1 - n);
  for (std::size_t begin = 0; begin + n <= length; ++begin)
    if (std::equal(prefix.begin(), prefix.end(), history.begin() + static_cast<extent>(begin)))
      scores[static_cast<std::size_t>(history[begin + n - 1])] = removed;
}

inline void forbid(std::span<float> scores, std::span<token const> ids) {
  for (token const id : ids) scores[static_cast<std::size_t>(id)] = removed;
}

inline void force(std::span<float> scores, token id) {
  std::fill(scores.begin(), scores.end(), removed);
  scores[static_cast<std::size_t>(id)] = 0;
}

/// What holds for every way to choose. `history` begins with the start token; `made` of it are new tokens.
inline void apply_rules(std::span<float> scores, std::span<token const> history, extent made,
                        generation_plan const& plan, filter_scratch& scratch) {
  if (plan.repetition_penalty != 1) penalize_repetition(scores, history, plan.repetition_penalty, scratch);
  if (plan.no_repeat_ngram > 0) forbid_repeated_ngrams(scores, history, plan.no_repeat_ngram);
  if (made < plan.min_tokens) forbid(scores, plan.end_ids);
  if (plan.forced_first && made == 0) force(scores, *plan.forced_first);
  if (plan.forced_last && made == plan.max_tokens - 1) force(scores, *plan.forced_last);
  forbid(scores, plan.suppressed);
}

/// The largest score; −infinity when all are removed.
inline float largest(std::span<float const> scores) {
  float m = removed;
  for (float const s : scores) m = s > m ? s : m;
  return m;
}

/// log Σ exp of the scores, in double.
inline double log_sum(std::span<float const> scores) {
  double const m = static_cast<double>(largest(scores));
  if (!std::isfinite(m)) return m;
  double sum = 0;
  for (float const s : scores) sum += std::exp(static_cast<double>(s) - m);
  return m + std::log(sum);
}

inline void divide_by_temperature(std::span<float> scores, double temperature) {
  for (float& s : scores) s = static_cast<float>(static_cast<double>(s) / temperature);
}

/// Ties with the k-th stay.
inline void keep_top_k(std::span<float> scores, extent k, filter_scratch& scratch) {
  if (k >= static_cast<extent>(scores.size())) return;
  auto& order = scratch.order;
  order.assign(scores.begin(), scores.end());
  auto const kth = order.begin() + (k - 1);
  std::nth_element(order.begin(), kth, order.end(), std::greater<>());
  float const least = *kth;
  for (float& s : scores)
    if (s < least) s = removed;
}

/// Pops the live tokens in the order of `before` (a strict order of [value, id]) until keep(probability) says enough;
/// the rest is removed. A heap, since usually few of many tokens are wanted.
template <class Value, class Keep>
void keep_in_order(std::span<float> scores, filter_scratch& scratch, Value value, Keep keep) {
  double const z = log_sum(scores);
  auto& heap = scratch.heap;  // smallest value first, then smallest id
  heap.clear();
  heap.reserve(scores.size());  // not as many as are live this time: the next token may have more
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (scores[i] != removed) heap.emplace_back(value(static_cast<double>(scores[i]) - z), static_cast<token>(i));
  std::make_heap(heap.begin(), heap.end(), std::greater<>());
  auto end = heap.end();
  while (end != heap.begin()) {
    auto const& [v, id] = heap.front();
    if (!keep(v, std::exp(static_cast<double>(scores[static_cast<std::size_t>(id)]) - z))) break;
    std::pop_heap(heap.begin(), end, std::greater<>());
    --end;
  }
  for (auto it = heap.begin(); it != end; ++it) scores[static_cast<std::size_t>(it->second)] = removed;
}

/// The likeliest tokens until their mass reaches p; at least one.
inline void keep_top_p(std::span<float> scores, double p, filter_scratch& scratch) {
  double mass = 0;
  bool first = true;
  keep_in_order(
      scores, scratch, [](double log_p) { return -log_p; },
      [&](double, double probability) {
        if (!first && mass >= p) return false;
        mass += probability;
        first = false;
        return true;
      });
}

inline void keep_min_p(std::span<float> scores, double min_p) {
  double const m = static_cast<double>(largest(scores));
  for (float& s : scores)
    if (std::exp(static_cast<double>(s) - m) < min_p) s = removed;
}

/// Tokens in the order of |surprise − entropy| until their mass reaches `mass`, and the ties of the last.
inline void keep_typical(std::span<float> scores, double mass, filter_scratch& scratch) {
  double const z = log_sum(scores);
  double entropy = 0;
  for (float const s : scores)
    if (double const log_p = static_cast<double>(s) - z; std::isfinite(log_p)) entropy -= log_p * std::exp(log_p);
  double sum = 0, last = -1;
  keep_in_order(
      scores, scratch, [&](double log_p) { return std::abs(-log_p - entropy); },
      [&](double shifted, double probability) {
        if (last >= 0 && sum >= mass && shifted > last) return false;
        sum += probability;
        last = shifted;
        return true;
      });
}

/// Narrows the distribution that a token is drawn from.
inline void apply_sampling(std::span<float> scores, flan::sampling const& s, filter_scratch& scratch) {
  if (s.temperature != 1) divide_by_temperature(scores, s.temperature);
  if (s.top_k > 0) keep_top_k(scores, s.top_k, scratch);
  if (s.top_p < 1) keep_top_p(scores, s.top_p, scratch);
  if (s.min_p > 0) keep_min_p(scores, s.min_p);
  if (s.typical_p < 1) keep_typical(scores, s.typical_p, scratch);
}

}  // namespace flan::detail
