#pragma once
/// Decoding a token at a time: what is handed out is final, valid UTF-8, and adds up to `decode` of all ids.

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "flan/text/tokenizer.hpp"
#include "flan/text/utf8.hpp"

namespace flan {

namespace detail {

// Hugging Face's clean_up_tokenization, in its order: each occurrence of the first loses its spaces.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 10> clean_up_rules{{{" .", "."},
                                                                                               {" ?", "?"},
                                                                                               {" !", "!"},
                                                                                               {" ,", ","},
                                                                                               {" ' ", "'"},
                                                                                               {" n't", "n't"},
                                                                                               {" 'm", "'m"},
                                                                                               {" 's", "'s"},
                                                                                               {" 've", "'ve"},
                                                                                               {" 're", "'re"}}};

inline std::string clean_up_spaces(std::string text) {
  for (auto const& [from, to] : clean_up_rules) {
    std::size_t found = text.find(from);
    if (found == std::string::npos) continue;
    std::string out;
    std::size_t begin = 0;
    for (; found != std::string::npos; found = text.find(from, begin)) {
      out.append(text, begin, found - begin).append(to);
      begin = found + from.size();
    }
    text = out.append(text, begin);
  }
  return text;
}

/// The length of the prefix of `text` that clean-up will treat alone, whatever follows: no suffix of it begins a rule.
inline std::size_t clean_up_boundary(std::string_view text) {
  std::size_t cut = text.size();
  for (auto const& rule : clean_up_rules)
    for (std::size_t n = rule.first.size() - 1; n > 0; --n)
      if (text.size() >= n && text.ends_with(rule.first.substr(0, n))) {
        cut = std::min(cut, text.size() - n);
        break;
      }
  // What is kept back begins with a space, which may be the end of " ' " or be removed and so complete a rule.
  for (bool again = cut < text.size(); again;) {
    again = false;
    for (std::string_view const open : {" ", " '", " n"})
      if (text.substr(0, cut).ends_with(open)) {
        cut -= open.size();
        again = true;
      }
  }
  return cut;
}

template <tokenizer T>
std::string decode_with(T const& tokens, std::span<token const> ids, bool skip_special) {
  std::string raw;
  bool first = true;
  for (token id : ids)
    if (tokens.append_piece(raw, id, first, skip_special)) first = false;
  if (!is_utf8(raw)) raw = repair_utf8(raw, tokens.invalid_bytes());
  return tokens.cleans_up_spaces() ? clean_up_spaces(std::move(raw)) : raw;
}

}  // namespace detail

/// Decodes a growing sequence. push returns the text that became final, possibly none: bytes of an unfinished character
/// and spaces that the next token may remove are kept back. finish returns the rest. The tokenizer must outlive it.
template <tokenizer T>
class text_stream {
 public:
  explicit text_stream(T const& tokens, bool skip_special = true) : tokens_(&tokens), skip_special_(skip_special) {}

  std::string push(token id) {
    if (tokens_->append_piece(held_, id, first_, skip_special_)) first_ = false;
    std::size_t ready = utf8_boundary(held_);
    if (tokens_->cleans_up_spaces()) ready = detail::clean_up_boundary(std::string_view(held_).substr(0, ready));
    return take(ready);
  }

  std::string finish() { return take(held_.size()); }

 private:
  std::string take(std::size_t size) {
    std::string text = repair_utf8(std::string_view(held_).substr(0, size), tokens_->invalid_bytes());
    held_.erase(0, size);
    return tokens_->cleans_up_spaces() ? detail::clean_up_spaces(std::move(text)) : text;
  }

  T const* tokens_;
  bool skip_special_, first_ = true;
  std::string held_;
};

}  // namespace flan
