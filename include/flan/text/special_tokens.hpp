#pragma once
/// Tokens that are recognised in the text itself, before any tokenizer sees it: `</s>`, `<pad>`, `<extra_id_0>`, ….

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/text/tokenizer.hpp"

namespace flan {

/// One entry of Hugging Face's added_tokens. strip_left: the token swallows the whitespace before it.
struct added_token {
  std::string text;
  token id = 0;
  bool special = true;  // left out by decode(…, skip_special)
  bool strip_left = false, strip_right = false;
};

/// An immutable set of added tokens.
class special_tokens {
 public:
  special_tokens() = default;
  explicit special_tokens(std::vector<added_token> tokens) : tokens_(std::move(tokens)) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].text.empty()) fail("the added token with id ", tokens_[i].id, " has no text");
      char const first = tokens_[i].text[0];
      if (firsts_.find(first) == std::string::npos) firsts_ += first;
      if (!by_id_.emplace(tokens_[i].id, i).second)
        fail("two added tokens have the id ", tokens_[i].id, ": ", tokens_[by_id_.at(tokens_[i].id)].text, " and ",
             tokens_[i].text);
    }
  }

  std::vector<added_token> const& all() const { return tokens_; }

  added_token const* find(token id) const {
    auto const found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &tokens_[found->second];
  }
  added_token const* find(std::string_view text) const {
    for (auto const& t : tokens_)
      if (t.text == text) return &t;
    return nullptr;
  }

  /// Cuts text at its special tokens, leftmost first and the longest where several begin: on_text(part) and
  /// on_token(added_token) in order. Only ASCII whitespace is stripped: sentencepiece's normaliser removes the rest.
  template <class OnText, class OnToken>
  void split(std::string_view text, OnText&& on_text, OnToken&& on_token) const {
    constexpr std::string_view space = " \t\n\r\f\v";
    std::size_t begin = 0;
    for (std::size_t i = candidate(text, 0); i < text.size(); i = candidate(text, i)) {
      added_token const* const found = match(text.substr(i));
      if (found == nullptr) {
        ++i;
        continue;
      }
      std::string_view part = text.substr(begin, i - begin);
      if (found->strip_left) part = part.substr(0, part.find_last_not_of(space) + 1);
      if (!part.empty()) on_text(part);
      on_token(*found);
      begin = i + found->text.size();
      if (found->strip_right) begin = std::min(text.find_first_not_of(space, begin), text.size());
      i = begin;
    }
    if (begin < text.size()) on_text(text.substr(begin));
  }

 private:
  /// The next place where one may begin, or the end. Nearly always they all begin with the same "<", and a text has
  /// none: the library's search passes over it many bytes at a time.
  std::size_t candidate(std::string_view text, std::size_t from) const {
    if (firsts_.size() == 1) return std::min(text.find(firsts_[0], from), text.size());
    return std::min(text.find_first_of(firsts_, from), text.size());
  }

  added_token const* match(std::string_view text) const {
    added_token const* longest = nullptr;
    for (auto const& t : tokens_)
      if (text.starts_with(t.text) && (longest == nullptr || t.text.size() > longest->text.size())) longest = &t;
    return longest;
  }

  std::vector<added_token> tokens_;
  std::unordered_map<token, std::size_t> by_id_;
  std::string firsts_;  // the bytes they begin with
};

}  // namespace flan
