#pragma once
/// Log-probabilities of given targets, the encoder run once for all of them.

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "flan/generate/session.hpp"

namespace flan {

/// One target's natural log-probability given the input.
struct target_score {
  double sum = 0;
  std::vector<double> tokens;  ///< of each token, the end token among them where it was asked for
};

namespace detail {

/// Positions that one pass of the decoder computes at most, unless one target alone is longer.
inline constexpr extent scored_at_once = 4096;

/// Targets are decoded as rows over one input, the shortest first, so that padding stays small. Every target has at
/// least one token, and all ids lie in the vocabulary.
template <class Model, class B>
std::vector<target_score> score_targets(session<Model, B>& s, std::vector<token> const& input,
                                        std::span<std::vector<token> const> targets, token start,
                                        std::optional<std::size_t> memory_limit) {
  using F = typename session<Model, B>::F;
  using G = typename Model::precision_type::gradient;
  std::vector<target_score> scores(targets.size());
  if (targets.empty()) return scores;
  std::vector<std::size_t> order(targets.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return targets[a].size() < targets[b].size(); });
  extent const longest = static_cast<extent>(targets[order.back()].size());
  extent const rows = std::clamp<extent>(scored_at_once / longest, 1, static_cast<extent>(targets.size()));
  request_size const size{1, static_cast<extent>(input.size()), rows, longest, longest};
  require_memory(request_bytes(s.model().config(), size, sizeof(typename session<Model, B>::X), sizeof(F)), size,
                 memory_limit, B::reads_host_memory);
  s.begin(std::span(&input, 1), rows, longest, longest);

  B& be = s.backend();
  for (std::size_t first = 0; first < order.size(); first += static_cast<std::size_t>(rows)) {
    std::size_t const count = std::min(static_cast<std::size_t>(rows), order.size() - first);
    std::size_t const n = targets[order[first + count - 1]].size();
    std::vector<token> ids(count * n, start);  // what stands behind a target is computed too, and ignored
    std::vector<std::int32_t> labels(count * n, -100);
    for (std::size_t r = 0; r < count; ++r) {
      auto const& t = targets[order[first + r]];
      std::copy(t.begin(), t.end() - 1, ids.begin() + static_cast<extent>(r * n) + 1);
      std::copy(t.begin(), t.end(), labels.begin() + static_cast<extent>(r * n));
    }
    std::vector<std::int32_t> const parents(count, 0);
    s.rewind();
    typename Model::states const y = s.step(ids, parents);
    frame<B> f(be);
    auto const loss = f.template make_vector<F>(y.rows);
    auto const wanted = f.template make_vector<std::int32_t>(y.rows);
    be.upload(wanted.data, labels.data(), labels.size() * sizeof(std::int32_t));
    be.cross_entropy_head(loss, matrix<F>{}, matrix<G>{}, in(y), s.model().head(), in(wanted),
                          loss_options{.scale = s.model().head_scale()});
    auto const losses = to_host(be, loss);
    for (std::size_t r = 0; r < count; ++r) {
      auto& score = scores[order[first + r]];
      for (std::size_t i = 0; i < targets[order[first + r]].size(); ++i) {
        score.tokens.push_back(-static_cast<double>(losses[r * n + i]));
        score.sum += score.tokens.back();
      }
    }
  }
  return scores;
}

}  // namespace detail
}  // namespace flan
