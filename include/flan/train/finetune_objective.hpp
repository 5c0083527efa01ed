#pragma once
/// Continued pretraining: a run that learns from documents by an objective, instead of from a mixture's tasks.

#include <cstdint>
#include <utility>
#include <variant>

#include "flan/data/objective_feed.hpp"
#include "flan/train/finetune.hpp"

namespace flan {
namespace detail {

/// An objective's stream as what a run learns from.
struct objective_lessons {
  static constexpr double stride = 0x1p32;  // a group of documents, at most one to an example
  objective_stream const& stream;
  std::uint64_t fingerprint() const { return stream.fingerprint(); }
  batcher batches(any_tokenizer const& tokenizer, std::uint64_t, batch_options const& o, std::uint64_t position,
                  pipeline_options const& p) const {
    return objective_batches(stream, tokenizer.pad_id(), o, position, p);
  }
};

}  // namespace detail

/// As finetune on a mixture, checkpoints, resumption and evaluation included. The stream decides the order of the
/// examples, by its own seed (options.seed is of dropout alone), and where it stands does not matter: a run begins at
/// position 0. Its windows must fit options.max_input and max_target. Of the packings, not best fit.
template <auto const& C, class P, class B, optimizer O>
finetune_result finetune(text_model<C, P, B>& model, objective_stream const& train, finetune_options const& options,
                         O rule) {
  return detail::finetune_on(model, detail::objective_lessons{train}, options, std::move(rule));
}
template <auto const& C, class P, class B>
finetune_result finetune(text_model<C, P, B>& model, objective_stream const& train,
                         finetune_options const& options = {}) {
  return std::visit([&](auto const& rule) { return finetune(model, train, options, rule); }, options.optimizer);
}

}  // namespace flan
