#pragma once
/// A request with every question answered: the caller's options, the folder's settings behind them, all checked.

#include <algorithm>
#include <cmath>

#include "flan/checkpoint/generation_config.hpp"
#include "flan/generate/options.hpp"
#include "flan/text/any_tokenizer.hpp"

namespace flan::detail {

struct generation_plan {
  extent max_tokens = 128, min_tokens = 0;  ///< new tokens
  extent beams = 1, returned = 1;
  double length_penalty = 1;
  flan::early_stopping early = flan::early_stopping::no;
  std::optional<flan::sampling> sampling;  ///< nothing: greedy, or beams
  std::uint64_t seed = 0;
  double repetition_penalty = 1;
  extent no_repeat_ngram = 0;
  std::vector<token> suppressed, end_ids;
  std::optional<token> forced_first, forced_last;  ///< of the new tokens: the first, the one at max_tokens
  std::vector<token> prompt;                       ///< the decoder's: start token and prefix
  std::vector<std::string> stop;
  std::optional<std::size_t> memory_limit;

  bool ends(token id) const { return std::find(end_ids.begin(), end_ids.end(), id) != end_ids.end(); }
  /// Whether scores are changed before the largest are taken, or a token is drawn.
  bool rules() const {
    return repetition_penalty != 1 || no_repeat_ngram > 0 || min_tokens > 0 || !suppressed.empty() || forced_first ||
           forced_last;
  }
  /// Whether all logits have to come to the host, and not the largest alone.
  bool filters() const { return sampling || rules(); }
  /// Where a token is drawn among the k likeliest, whatever the others' logits are: k; else 0.
  extent drawn_among() const { return sampling && !rules() ? sampling->top_k : 0; }
};

[[gnu::cold]] inline void require_ids(std::vector<token> const& ids, extent vocabulary, std::string const& what) {
  for (token const id : ids)
    if (id < 0 || id >= vocabulary)
      fail(what, " contains the id ", id, ", but the model has embeddings for 0 to ", vocabulary - 1, " only");
}

/// Throws unless low <= x <= high (NaN is outside).
[[gnu::cold]] inline void require_number(char const* option, double x, double low, double high, char const* expected) {
  if (!(x >= low && x <= high)) fail("the option ", option, " should be ", expected, ", but is ", x);
}
[[gnu::cold]] inline void require_least(char const* option, extent x, extent least) {
  if (x < least) fail("the option ", option, " should be at least ", least, ", but is ", x);
}

[[gnu::cold]] inline void require_count(char const* option, extent x) {
  require_least(option, x, 1);
  if (x > (extent{1} << 20)) fail("the option ", option, " should be at most 2^20, but is ", x);
}

[[gnu::cold]] inline void check_sampling(flan::sampling const& s) {
  require_number("temperature", s.temperature, 0, 1e6, "a number from 0 on");
  require_least("top_k", s.top_k, 0);
  require_number("top_p", s.top_p, 0, 1, "from 0 to 1");
  require_number("min_p", s.min_p, 0, 1, "from 0 to 1");
  require_number("typical_p", s.typical_p, 0, 1, "above 0, up to 1");
  if (s.typical_p == 0) fail("the option typical_p should be above 0, up to 1 (off)");
}

/// What a folder with do_sample asks for. transformers cuts at 50 tokens where the file does not say otherwise.
[[gnu::cold]] inline flan::sampling folder_sampling(generation_defaults const& d) {
  return {d.temperature.value_or(1.0), d.top_k.value_or(50), d.top_p.value_or(1.0), d.min_p.value_or(0.0),
          d.typical_p.value_or(1.0)};
}

[[gnu::cold]] inline flan::early_stopping folder_early_stopping(generation_defaults const& d) {
  if (!d.early_stopping || *d.early_stopping == "false") return flan::early_stopping::no;
  return *d.early_stopping == "true" ? flan::early_stopping::yes : flan::early_stopping::never;
}

/// The decoder's prompt: the start token, then the prefix.
[[gnu::cold]] inline std::vector<token> decoder_prompt(generate_options const& o, token start,
                                                       any_tokenizer const* tokenizer) {
  std::vector<token> ids{start};
  if (!o.prefix.empty()) {
    if (!o.prefix_ids.empty()) fail("give the option prefix or the option prefix_ids, not both");
    if (!tokenizer) fail("this model has no vocabulary, so the prefix has to be given as prefix_ids");
    auto const prefix = tokenizer->encode(o.prefix);
    ids.insert(ids.end(), prefix.begin(), prefix.end());
  }
  ids.insert(ids.end(), o.prefix_ids.begin(), o.prefix_ids.end());
  return ids;
}

[[gnu::cold]] inline generation_plan make_plan(generate_options const& o, generation_defaults const& d,
                                               t5_config const& c, any_tokenizer const* tokenizer) {
  if (!d.unsupported.empty()) {
    std::string keys;
    for (auto const& key : d.unsupported) keys += (keys.empty() ? "" : ", ") + key;
    fail("the folder's generation_config.json sets ", keys,
         ", which would change what is generated and is not supported: remove it from the file to generate without it");
  }
  generation_plan p;
  p.prompt = decoder_prompt(o, d.start_id.value_or(c.start_id), tokenizer);
  require_ids(p.prompt, c.vocabulary, "the decoder's prefix");
  auto const before = static_cast<extent>(p.prompt.size());
  // The folder's max_length and min_length count the start token and the prefix.
  if (o.max_tokens) {
    p.max_tokens = *o.max_tokens;
  } else if (d.max_new_tokens) {
    p.max_tokens = *d.max_new_tokens;
  } else if (d.max_length) {
    p.max_tokens = std::max<extent>(*d.max_length - before, 1);
  }
  require_least("max_tokens", p.max_tokens, 1);
  if (p.max_tokens > (extent{1} << 30)) fail("the option max_tokens should be at most 2^30, but is ", p.max_tokens);
  p.min_tokens = o.min_tokens.value_or(std::max(d.min_new_tokens.value_or(0), d.min_length.value_or(0) - before));
  if (!o.min_tokens) p.min_tokens = std::clamp<extent>(p.min_tokens, 0, p.max_tokens);
  require_least("min_tokens", p.min_tokens, 0);
  if (p.min_tokens > p.max_tokens)
    fail("the option min_tokens is ", p.min_tokens, ", more than max_tokens, which is ", p.max_tokens);

  // What the caller says outweighs what the folder says: its beams our sampling, its sampling our beams.
  p.beams = o.beams.value_or(o.sampling ? 1 : d.beams.value_or(1));
  require_count("beams", p.beams);
  p.returned = o.return_sequences.value_or(o.beams || o.sampling ? 1 : d.returned.value_or(1));
  require_count("return_sequences", p.returned);
  p.sampling = o.sampling;
  if (!p.sampling && d.sample.value_or(false) && !(o.beams && *o.beams > 1)) p.sampling = folder_sampling(d);
  if (p.sampling) check_sampling(*p.sampling);
  if (p.sampling && p.sampling->temperature == 0) p.sampling.reset();
  if (p.sampling && p.beams > 1)
    fail("sampling with beams is not possible: ",
         o.sampling ? "leave out the option sampling, or the option beams"
                    : "the folder's generation_config.json asks for both; set the option sampling or the option beams");
  if (!p.sampling && p.returned > p.beams)
    fail("the option return_sequences is ", p.returned, ", but without sampling only as many sequences as beams, ",
         p.beams, ", can come of one prompt");

  p.length_penalty = o.length_penalty.value_or(d.length_penalty.value_or(1.0));
  require_number("length_penalty", p.length_penalty, -1e3, 1e3, "a number");
  p.early = o.early_stopping.value_or(folder_early_stopping(d));
  p.seed = o.seed;
  p.repetition_penalty = o.repetition_penalty.value_or(d.repetition_penalty.value_or(1.0));
  if (!(p.repetition_penalty > 0) || !std::isfinite(p.repetition_penalty))
    fail("the option repetition_penalty should be a number above 0, but is ", p.repetition_penalty);
  p.no_repeat_ngram = o.no_repeat_ngram.value_or(d.no_repeat_ngram.value_or(0));
  require_least("no_repeat_ngram", p.no_repeat_ngram, 0);

  p.suppressed = o.suppressed.value_or(d.suppressed);
  p.end_ids = o.end_ids.value_or(d.end_ids);
  require_ids(p.suppressed, c.vocabulary, "the option suppressed");
  require_ids(p.end_ids, c.vocabulary, "the option end_ids");
  for (auto* ids : {&p.suppressed, &p.end_ids}) {  // a search for several end tokens counts them
    std::sort(ids->begin(), ids->end());
    ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  }
  if (static_cast<extent>(p.suppressed.size()) >= c.vocabulary) fail("the option suppressed leaves no token");
  if (d.forced_start_id && before == 1) p.forced_first = *d.forced_start_id;
  if (d.forced_end_id) p.forced_last = *d.forced_end_id;
  for (auto const& forced : {p.forced_first, p.forced_last})
    if (forced) require_ids({*forced}, c.vocabulary, "the folder's forced token");

  p.stop = o.stop;
  if (!p.stop.empty() && !tokenizer) fail("this model has no vocabulary, so it cannot tell where a text should stop");
  for (auto const& s : p.stop)
    if (s.empty()) fail("an empty stop string would end every text before it begins");
  p.memory_limit = o.memory_limit;
  return p;
}

}  // namespace flan::detail
