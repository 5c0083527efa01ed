#pragma once
/// What a caller may ask of generation. What is left unset, the model's folder decides (generation_config.json), as
/// transformers has it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flan/core/shape.hpp"
#include "flan/text/tokenizer.hpp"

namespace flan {

/// When a beam search may end before max_tokens, once it has as many finished sequences as beams. no: when the running
/// beams look unable to beat them at their present length; yes: at once; never: when they cannot at any length.
enum class early_stopping : unsigned char { no, yes, never };

/// How a token is drawn: the filters that are set narrow the distribution, in transformers' order, which is this one.
struct sampling {
  double temperature = 1;  ///< divides the logits; 0: no luck, always the likeliest token
  extent top_k = 0;        ///< the k likeliest; 0: off
  double top_p = 1;        ///< the fewest of the likeliest whose mass reaches p (Holtzman et al. 2020); 1: off
  double min_p = 0;        ///< those at least min_p times as likely as the likeliest; 0: off
  double typical_p = 1;    ///< mass of those closest to the expected surprise (Meister et al. 2023); 1: off

  friend constexpr bool operator==(sampling const&, sampling const&) = default;
};

/// `.sampling = nucleus{.p = 0.9f}`
struct nucleus {
  float p = 0.9f;
  float temperature = 1;
  constexpr operator sampling() const {  // NOLINT: implicit, to be used where a sampling is wanted
    return {.temperature = static_cast<double>(temperature), .top_p = static_cast<double>(p)};
  }
};

/// `.sampling = greedy{}`: the likeliest token, also where the folder asks for sampling.
struct greedy {
  constexpr operator sampling() const { return {.temperature = 0}; }  // NOLINT: implicit
};

/// One request. Tokens are counted without the start token and the prefix.
struct generate_options {
  std::optional<extent> max_tokens{};        ///< unset, by the folder too: 128
  std::optional<extent> min_tokens{};        ///< no end token before
  std::optional<extent> beams{};             ///< 1: no beam search
  std::optional<extent> return_sequences{};  ///< for each prompt; at most `beams`, any number when sampling
  std::optional<double> length_penalty{};    ///< beams: a score is the log-probability / length^length_penalty
  std::optional<flan::early_stopping> early_stopping{};
  std::optional<flan::sampling> sampling{};    ///< not with beams
  std::uint64_t seed = 0;                      ///< of the drawing: the same seed, the same tokens, in any batch
  std::optional<double> repetition_penalty{};  ///< > 1 makes tokens that were there less likely (Keskar et al. 2019)
  std::optional<extent> no_repeat_ngram{};     ///< no n-gram of this size twice
  std::optional<std::vector<token>> suppressed{};  ///< never these
  std::optional<std::vector<token>> end_ids{};     ///< any of them ends a sequence
  std::string prefix{};                            ///< the output begins with this (text, no end token is added to it)
  std::vector<token> prefix_ids{};                 ///< the same as ids; not both
  std::vector<std::string> stop{};            ///< ends a sequence whose text has one of them; the text is cut before it
  std::optional<std::size_t> memory_limit{};  ///< bytes that a request may take; unset: what the system has
};

/// One sequence that came of a request.
struct generation {
  std::vector<token> ids;  ///< the prefix and what followed, without the start token, with the end token if it came
  std::string text;        ///< empty where the folder has no vocabulary
  double score = 0;  ///< beams: as transformers' sequences_scores, else the sum of log-probabilities before filters
};

}  // namespace flan
