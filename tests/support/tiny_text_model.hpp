#pragma once
/// A small model over bytes, its decoder deeper than its encoder, with weights by formula: it says nothing sensible, in
/// a definite way.

#include <utility>
#include <vector>

#include "flan/generate/text_model.hpp"
#include "flan/model/presets.hpp"
#include "flan/text/bytes.hpp"
#include "support/golden_case.hpp"

namespace flan::testing {

inline constexpr t5_config tiny_bytes{.vocabulary = 384,
                                      .d_model = 32,
                                      .d_kv = 8,
                                      .d_ff = 48,
                                      .layers = 1,
                                      .decoder_layers = 3,
                                      .heads = 3,
                                      .buckets = 8,
                                      .max_distance = 20,
                                      .epsilon = 1e-6,
                                      .activation = activation::gelu_new,
                                      .gated = flag::yes,
                                      .tied = flag::no,
                                      .scaled = flag::no,
                                      .per_block_bias = flag::no};

template <auto const& C = any_t5, class P = fp32, class B>
text_model<C, P, B> tiny_text_model(B be, std::optional<any_tokenizer> tokenizer, t5_config const& config = tiny_bytes,
                                    std::optional<generation_defaults> defaults = {}) {
  t5<C, P> model(config);
  fill_by_formula(be, model);
  text_model<C, P, B> m(std::move(model), std::move(be), std::move(tokenizer),
                        defaults.value_or(generation_defaults_of(config)));
  m.pack();
  return m;
}
template <auto const& C = any_t5, class P = fp32, class B>
text_model<C, P, B> tiny_text_model(B be) {
  return tiny_text_model<C, P>(std::move(be), any_tokenizer(byte_tokenizer()));
}

/// Ids that the sampled text then lacks: all but those of `bytes` and the end token.
inline std::vector<token> all_but(std::string_view bytes) {
  std::vector<token> ids;
  for (token id = 0; id < 384; ++id)
    if (id != 1 && (id < 3 || id >= 259 || bytes.find(static_cast<char>(id - 3)) == bytes.npos)) ids.push_back(id);
  return ids;
}

}  // namespace flan::testing
