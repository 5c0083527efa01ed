#pragma once
/// What the tests of feeds and batches are fed with: questions and answers of known lengths.

#include <cstdint>
#include <string>
#include <vector>

#include "flan/data/batching.hpp"
#include "flan/data/task.hpp"
#include "flan/text/bytes.hpp"

namespace flan::testing {

struct item {
  std::string question, answer;
  static constexpr auto members = flan::members("question", &item::question, "answer", &item::answer);
};
inline constexpr instruction<item> as_they_are[] = {{"{question}", "{answer}"}};
inline byte_tokenizer const bytes;

/// Inputs of one to sixty bytes, targets of none to eight.
inline item item_of(std::uint64_t i) {
  return {std::string(1 + i * 37 % 60, static_cast<char>('a' + i % 26)), std::string(i % 9, '.')};
}
inline std::vector<item> items(std::uint64_t n) {
  std::vector<item> all;
  for (std::uint64_t i = 0; i < n; ++i) all.push_back(item_of(i));
  return all;
}

inline bool same(batch const& a, batch const& b) {
  return a.inputs == b.inputs && a.labels == b.labels && a.decoder_inputs == b.decoder_inputs &&
         a.input_lengths == b.input_lengths && a.target_lengths == b.target_lengths && a.sample_keys == b.sample_keys &&
         a.first_samples == b.first_samples && a.input_segments == b.input_segments &&
         a.target_segments == b.target_segments && a.input_positions == b.input_positions &&
         a.target_positions == b.target_positions;
}

}  // namespace flan::testing
