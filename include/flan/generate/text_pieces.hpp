#pragma once
/// Generated text while it is made, as a range: `for (auto piece : model.stream(prompt)) …`.

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flan/generate/search.hpp"

namespace flan {

/// An input range of strings: pieces of text as soon as they are final, each valid UTF-8 and not empty; together they
/// are what `generate` returns. A token is made only when the loop asks for the next piece. The model must outlive it.
class text_pieces {
  std::unique_ptr<detail::decoder> decoder_;
  detail::generation_plan plan_;
  any_tokenizer tokenizer_;
  detail::token_search search_;
  std::size_t shown_ = 0;
  std::string piece_;
  bool finished_ = false;

 public:
  text_pieces(std::unique_ptr<detail::decoder> d, std::vector<token> const& input, detail::generation_plan plan,
              any_tokenizer tokenizer)
      : decoder_(std::move(d)),
        plan_(std::move(plan)),
        tokenizer_(std::move(tokenizer)),
        search_(*decoder_, std::span(&input, 1), plan_, &tokenizer_, /*watch*/ true) {}
  text_pieces(text_pieces const&) = delete;
  text_pieces& operator=(text_pieces const&) = delete;

  /// The next piece; nothing when the text is complete.
  std::optional<std::string> next() {
    for (;;) {
      auto& text = search_.watched(0);
      std::size_t const ready = finished_ ? text.text().size() : text.settled();
      if (ready > shown_) {
        std::string piece = text.text().substr(shown_, ready - shown_);
        shown_ = ready;
        return piece;
      }
      if (finished_) return std::nullopt;
      if (search_.ended(0) || !search_.advance()) {
        text.finish();
        finished_ = true;
      }
    }
  }

  class iterator {
    text_pieces* pieces_ = nullptr;

   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;
    using pointer = std::string const*;
    using reference = std::string const&;

    iterator() = default;
    explicit iterator(text_pieces* p) : pieces_(p) { ++*this; }
    reference operator*() const { return pieces_->piece_; }
    pointer operator->() const { return &pieces_->piece_; }
    iterator& operator++() {
      auto piece = pieces_->next();
      if (piece) {
        pieces_->piece_ = std::move(*piece);
      } else {
        pieces_ = nullptr;
      }
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(iterator const& a, iterator const& b) { return a.pieces_ == b.pieces_; }
  };
  /// Goes on where the reading is: a text is made once.
  iterator begin() { return iterator(this); }
  iterator end() { return {}; }
};

}  // namespace flan
