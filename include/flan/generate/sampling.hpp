#pragma once
/// Choosing one token from a row of scores.

#include <cstdint>
#include <span>

#include "flan/core/random.hpp"
#include "flan/generate/filters.hpp"

namespace flan::detail {

/// The largest score's token, the first among equals; −1 when every token is removed.
inline token likeliest(std::span<float const> scores) {
  token best = -1;
  float value = removed;
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (scores[i] > value) value = scores[i], best = static_cast<token>(i);
  return best;
}

/// A token with probability softmax(scores), a function of key and position alone; −1 when every token is removed.
inline token draw(std::span<float const> scores, std::uint64_t key, std::uint64_t position) {
  double const m = static_cast<double>(largest(scores));
  if (!std::isfinite(m)) return likeliest(scores);
  double total = 0;
  for (float const s : scores) total += std::exp(static_cast<double>(s) - m);
  double const wanted = uniform(key, position) * total;
  double sum = 0;
  token last = -1;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    double const p = std::exp(static_cast<double>(scores[i]) - m);
    if (p == 0) continue;
    sum += p;
    last = static_cast<token>(i);
    if (sum > wanted) break;
  }
  return last;
}

/// The key of one sequence: prompt and number, so that neither the batch nor its order changes what is drawn.
inline std::uint64_t sequence_key(std::uint64_t seed, std::span<token const> input, extent number) {
  std::uint64_t prompt = input.size();
  for (token const id : input) prompt = key_of(prompt, static_cast<std::uint64_t>(id));
  return key_of(seed, prompt, static_cast<std::uint64_t>(number));
}

}  // namespace flan::detail
