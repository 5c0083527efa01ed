#pragma once
/// How examples become batches, and one example as ids.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/batch.hpp"
#include "flan/data/feed.hpp"
#include "flan/data/packing.hpp"
#include "flan/prompt/instruction.hpp"
#include "flan/text/tokenizer.hpp"

namespace flan {

/// How examples become batches.
struct batch_options {
  std::int64_t batch_tokens = 8'192;  // encoder and decoder positions of one optimizer step, padding included, at most
  std::int64_t accumulate = 1;        // micro-batches of a step: each has at most batch_tokens / accumulate positions
  std::int64_t max_input = 512;       // tokens of an input or a target, the end token included; what is longer
  std::int64_t max_target = 128;      // loses its last tokens, but not the end. Of a row, too, when packing
  token start = 0;                    // begins the decoder's input: config.json's decoder_start_token_id
  flan::packing packing = flan::packing::off;
};

namespace detail {

inline void check(batch_options const& o) {
  if (o.accumulate < 1) fail("accumulate is ", o.accumulate, "; expected at least 1");
  if (o.max_input < 1 || o.max_target < 1)
    fail("max_input ", o.max_input, " and max_target ", o.max_target, " must be at least 1: the end token counts");
  constexpr std::int64_t most = std::int64_t{1} << 31;
  for (auto const& [name, value] :
       {std::pair{"max_input", o.max_input}, {"max_target", o.max_target}, {"batch_tokens", o.batch_tokens}})
    if (value > most) fail(name, " is ", value, "; expected at most 2^31");
  if (o.batch_tokens / o.accumulate < o.max_input + o.max_target)
    fail("a micro-batch of batch_tokens / accumulate = ", o.batch_tokens, " / ", o.accumulate, " = ",
         o.batch_tokens / o.accumulate, " positions cannot hold one example of max_input + max_target = ", o.max_input,
         " + ", o.max_target, "; raise batch_tokens or lower the maxima");
}

/// Adds the end token, after cutting to `most` with it; true when tokens were cut off.
inline bool close_sequence(std::vector<token>& ids, std::int64_t most, token end) {
  auto const room = static_cast<std::size_t>(most - 1);
  bool const cut = ids.size() > room;
  if (cut) ids.resize(room);
  ids.push_back(end);
  if (cut) ids.shrink_to_fit();  // many examples wait for their batch: none with the room of a whole book
  return cut;
}

/// The ids of an example, all but its key; none at all when its target has no token.
template <tokenizer T>
void tokenize(prepared_example& e, shot const& text, T const& tokens, batch_options const& o) {
  auto &input = e.tokens.input, &target = e.tokens.target;
  target = tokens.encode(text.target);
  if (target.empty()) return;
  input = tokens.encode(text.input);
  e.input_cut = close_sequence(input, o.max_input, tokens.end_id());
  e.target_cut = close_sequence(target, o.max_target, tokens.end_id());
  token const unknown = tokens.unknown_id();
  e.unknown = static_cast<std::uint32_t>(std::count(input.begin(), input.end(), unknown) +
                                         std::count(target.begin(), target.end(), unknown));
}

}  // namespace detail
}  // namespace flan
