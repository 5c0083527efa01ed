#pragma once
/// A model small enough for the reference backend, and examples for it to learn: the target repeats the input's first
/// token.

#include <string>
#include <vector>

#include "flan/model/initialize.hpp"
#include "flan/model/t5.hpp"
#include "flan/reference/backend.hpp"
#include "flan/train/adafactor.hpp"
#include "flan/train/adamw.hpp"
#include "flan/train/step.hpp"

namespace flan::testing {

// Deeper decoder, heads · d_kv ≠ d_model: whatever mixes two extents up fails.
inline constexpr t5_config nano{.vocabulary = 64,
                                .d_model = 16,
                                .d_kv = 4,
                                .d_ff = 24,
                                .layers = 2,
                                .decoder_layers = 3,
                                .heads = 2,
                                .buckets = 8,
                                .max_distance = 16,
                                .epsilon = 1e-6,
                                .activation = activation::gelu_new,
                                .gated = flag::yes,
                                .tied = flag::no,
                                .scaled = flag::no,
                                .per_block_bias = flag::no};

/// Example `sample` of an endless stream.
inline tokenized_example nano_example(std::uint64_t sample) {
  tokenized_example e;
  e.key = sample;
  auto const length = 3 + uniform_below(7, sample, 4);
  for (std::uint64_t i = 0; i < length; ++i)
    e.input.push_back(static_cast<token>(2 + uniform_below(key_of(8, i), sample, 60)));
  e.target.push_back(e.input.front());
  if (sample % 3 == 0) e.target.push_back(e.input.back());
  e.target.push_back(1), e.input.push_back(1);
  return e;
}

inline std::vector<tokenized_example> nano_examples(std::uint64_t first, std::uint64_t count) {
  std::vector<tokenized_example> examples;
  for (std::uint64_t i = 0; i < count; ++i) examples.push_back(nano_example(first + i));
  return examples;
}

/// The examples in micro-batches of `each`.
inline std::vector<batch> in_batches(std::vector<tokenized_example> const& examples, std::size_t each,
                                     t5_config const& c = nano) {
  std::vector<batch> batches;
  for (std::size_t i = 0; i < examples.size(); i += each)
    batches.push_back(
        make_batch(std::span(examples).subspan(i, std::min(each, examples.size() - i)), c.pad_id, c.start_id));
  return batches;
}

/// Every parameter of a model, one after the other, as stored.
template <class B, class M>
std::vector<double> all_values(B& be, M& model) {
  std::vector<double> all;
  for_each_parameter(
      [&](std::string const&, auto& w) {
        for (auto const x : to_host(be, w.view())) all.push_back(static_cast<double>(widen(x)));
      },
      model);
  return all;
}

}  // namespace flan::testing
