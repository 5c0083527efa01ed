#pragma once
/// What a model does, as functions to be timed: lengths are forced, ids are by formula (peers.py has the same).

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "flan/generate/load.hpp"
#include "flan/model/initialize.hpp"
#include "flan/train/adafactor.hpp"
#include "flan/train/step.hpp"
#include "tests/support/temporary_folder.hpp"

namespace works {

using namespace flan;

/// Rows of the batch, tokens of an input, tokens of an answer or target, and what a row multiplies into.
struct shape {
  std::size_t rows = 1, input = 512, output = 64, targets = 1;
  extent beams = 1;
};

/// Token ids; the last one is the end token.
inline std::vector<token> ids(std::size_t count, std::size_t row) {
  std::vector<token> v;
  for (std::size_t i = 0; i + 1 < count; ++i) v.push_back(static_cast<token>(5 + (7919 * i + 104729 * row) % 300));
  v.push_back(1);
  return v;
}
inline std::vector<std::vector<token>> rows_of_ids(std::size_t rows, std::size_t length, std::size_t first = 0) {
  std::vector<std::vector<token>> all;
  for (std::size_t r = 0; r < rows; ++r) all.push_back(ids(length, first + r));
  return all;
}

template <class P>
using model = text_model<any_t5, P, cpu_backend>;

/// Weights as T5 draws them, packed as `load` packs them; no vocabulary.
template <class P>
model<P> random_model(t5_config const& c) {
  if constexpr (quantized<typename P::weight>) {  // these are made of stored ones
    testing::temporary_folder const folder;
    random_model<fp32>(c).save(folder / "model");
    return load<any_t5, P>(folder / "model");
  } else {
    cpu_backend be;
    t5<any_t5, P> network(c);
    initialize(be, network, 1);
    model<P> m(std::move(network), std::move(be), std::nullopt);
    m.pack();
    return m;
  }
}

/// As a folder that this model can be opened from.
template <class P>
void save(model<P> const& m, std::filesystem::path const& folder) {
  if constexpr (quantized<typename P::weight>)
    random_model<fp32>(m.config()).save(folder);
  else
    m.save(folder);
}

template <class P>
std::function<void()> encode(model<P> const& m, shape const& s) {
  return [&m, inputs = rows_of_ids(s.rows, s.input)] { m.encode_ids(inputs); };
}

/// Answers of exactly s.output tokens: no token ends them.
template <class P>
std::function<void()> generate(model<P> const& m, shape const& s) {
  generate_options o;
  o.max_tokens = static_cast<extent>(s.output), o.min_tokens = 0, o.beams = s.beams;
  o.end_ids = std::vector<token>{};
  return [&m, o, inputs = rows_of_ids(s.rows, s.input), output = s.output] {
    for (auto const& answers : m.generate_ids(inputs, o))
      if (answers.front().ids.size() != output) fail("an answer ended early: this is not the work asked for");
  };
}

/// s.targets targets of each of s.rows inputs; the scores of all their tokens go to `result` where there is one.
template <class P>
std::function<void()> score(model<P> const& m, shape const& s, std::vector<double>* result = nullptr) {
  return [&m, result, inputs = rows_of_ids(s.rows, s.input), targets = rows_of_ids(s.targets, s.output, 1000)] {
    if (result) result->clear();
    for (auto const& input : inputs)
      for (auto const& found : m.score_ids(input, targets))
        if (result) result->insert(result->end(), found.tokens.begin(), found.tokens.end());
  };
}

/// A model under training by Adafactor on one batch. The model's weights change.
template <class P>
class training {
  using network = t5<any_t5, P>;
  batch batch_;
  trainer<network, cpu_backend, adafactor> trainer_;

  static batch make(t5_config const& c, shape const& s) {
    auto const inputs = rows_of_ids(s.rows, s.input), targets = rows_of_ids(s.rows, s.output);
    std::vector<tokenized_example> examples;
    for (std::size_t r = 0; r < s.rows; ++r) examples.push_back({inputs[r], targets[r], r});
    return make_batch(examples, c.pad_id, c.start_id);
  }
  static step_settings settings(t5_config const& c) {
    step_settings o;
    o.dropout = c.dropout;
    return o;
  }

 public:
  training(model<P>& m, shape const& s)
      : batch_(make(m.config(), s)), trainer_(m.network(), m.backend(), {}, settings(m.config())) {}

  /// Gradient, optimizer and all.
  void step() { trainer_.step({&batch_, 1}); }
  /// Forward and backward alone.
  void gradient() { trainer_.accumulate_gradient({&batch_, 1}, batch_.target_tokens); }
  /// The optimizer alone, from the gradient that is there.
  void update() { trainer_.update(1e-3); }
};

}  // namespace works
