#pragma once
/// The encoder's states of a batch, on the host: what a text is to the model, as numbers.

#include <span>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/core/shape.hpp"

namespace flan {

/// States [texts, length, width] of a padded batch; text t has lengths[t] real positions.
struct encoded_texts {
  extent length = 0, width = 0;
  std::vector<extent> lengths;
  std::vector<float> values;

  extent size() const { return static_cast<extent>(lengths.size()); }
  /// The state of one real position.
  std::span<float const> at(extent text, extent position) const {
    if (text < 0 || text >= size()) fail("there are ", size(), " encoded texts, and no number ", text);
    extent const real = lengths[static_cast<std::size_t>(text)];
    if (position < 0 || position >= real)
      fail("encoded text ", text, " has ", real, " positions, and no number ", position);
    return std::span(values).subspan(static_cast<std::size_t>((text * length + position) * width),
                                     static_cast<std::size_t>(width));
  }
  /// For each text the mean of its states, padding left out: an embedding of the text.
  std::vector<std::vector<float>> mean() const {
    std::vector<std::vector<float>> means;
    for (extent t = 0; t < size(); ++t) {
      extent const n = lengths[static_cast<std::size_t>(t)];
      std::vector<double> sum(static_cast<std::size_t>(width));
      for (extent p = 0; p < n; ++p) {
        auto const state = at(t, p);
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(state[i]);
      }
      auto& m = means.emplace_back();
      for (double const x : sum) m.push_back(static_cast<float>(x / static_cast<double>(n)));
    }
    return means;
  }
};

}  // namespace flan
