#pragma once
/// How long texts are in tokens, and how much of them a vocabulary does not know.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flan/text/any_tokenizer.hpp"

namespace mixture_program {

/// Tokens, and those that stand for what the vocabulary lacks. A run of signs that it lacks is one token, however long:
/// so the signs themselves are counted, too.
struct unknown_counts {
  std::uint64_t tokens = 0, unknown = 0;      // end tokens are not counted
  std::uint64_t characters = 0, written = 0;  // of the texts; in the tokens that are known. Blanks are not counted

  double token_share() const { return tokens == 0 ? 0 : static_cast<double>(unknown) / static_cast<double>(tokens); }
  /// The part of the texts that no token stands for. Normalisation may write a sign as several, so it is an estimate.
  double character_share() const {
    if (characters == 0 || unknown == 0) return 0;
    return std::max(0.0, 1 - static_cast<double>(written) / static_cast<double>(characters));
  }
  unknown_counts& operator+=(unknown_counts const& c) {
    tokens += c.tokens, unknown += c.unknown, characters += c.characters, written += c.written;
    return *this;
  }
};

/// Code points that are no ASCII blanks.
inline std::uint64_t characters_of(std::string_view text) {
  return static_cast<std::uint64_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80 && static_cast<unsigned char>(c) > ' ';
  }));
}

inline unknown_counts count_unknown(flan::any_tokenizer const& t, std::string_view text,
                                    std::vector<flan::token> const& ids) {
  unknown_counts c;
  std::string known;
  c.tokens = ids.size();
  for (auto const id : ids) {
    if (id == t.unknown_id())
      ++c.unknown;
    else
      t.append_piece(known, id, false, false);
  }
  c.characters = characters_of(text);
  c.written = characters_of(known);
  return c;
}

/// One side of a task's examples: lengths in tokens, the end token included, before any is cut.
class side_lengths {
  std::vector<std::uint32_t> lengths_;
  std::uint64_t sum_ = 0, cut_ = 0;

 public:
  void add(std::uint64_t length, std::uint64_t most) {
    lengths_.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(length, 0xffffffff)));
    sum_ += length;
    cut_ += length > most;
  }
  std::uint64_t count() const { return lengths_.size(); }
  std::uint64_t sum() const { return sum_; }
  double mean() const { return lengths_.empty() ? 0 : static_cast<double>(sum_) / static_cast<double>(count()); }
  double cut_share() const { return lengths_.empty() ? 0 : static_cast<double>(cut_) / static_cast<double>(count()); }
  /// The least length that this share of all lengths does not exceed.
  std::uint64_t percentile(double share) const {
    if (lengths_.empty()) return 0;
    auto sorted = lengths_;
    auto const rank = std::max(1.0, std::ceil(share * static_cast<double>(sorted.size())));
    auto const at =
        sorted.begin() + static_cast<std::ptrdiff_t>(std::min(rank, static_cast<double>(sorted.size()))) - 1;
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
  }
  std::uint64_t longest() const { return percentile(1); }
};

}  // namespace mixture_program
