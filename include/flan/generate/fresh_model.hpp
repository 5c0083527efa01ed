#pragma once
/// Models that have learnt nothing yet.

#include <cstdint>
#include <utility>

#include "flan/cpu/backend.hpp"
#include "flan/generate/text_model.hpp"
#include "flan/model/initialize.hpp"
#include "flan/model/presets.hpp"

namespace flan {

/// A model with weights as T5 draws them (`initialize`) and a vocabulary. The weights are row-major, for finetuning;
/// call `pack` to generate with them as they are. Throws when `shape` does not fit C, or the vocabulary has more
/// tokens.
template <auto const& C = any_t5, class P = fp32, class B = cpu_backend>
[[gnu::cold]] text_model<C, P, B> fresh_model(t5_config const& shape, any_tokenizer tokenizer, std::uint64_t seed,
                                              B backend = B()) {
  t5<C, P> network(shape);
  initialize(backend, network, seed);
  return {std::move(network), std::move(backend), std::move(tokenizer)};
}
/// In the shape that the compiler knows: `fresh_model<flan_t5_small>(tokenizer, seed)`.
template <auto const& C, class P = fp32, class B = cpu_backend>
[[gnu::cold]] text_model<C, P, B> fresh_model(any_tokenizer tokenizer, std::uint64_t seed, B backend = B()) {
  return fresh_model<C, P>(C, std::move(tokenizer), seed, std::move(backend));
}

}  // namespace flan
