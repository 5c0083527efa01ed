#pragma once
/// Text that grows with its tokens, and the strings that end it.

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flan/text/any_tokenizer.hpp"

namespace flan::detail {

/// The decoded text of a sequence, up to its first stop string. Copies go their own ways, as beams do.
class watched_text {
  std::vector<std::string> const* stop_;
  text_stream<any_tokenizer> stream_;
  std::string text_;
  std::size_t searched_ = 0;  // where a stop string may begin: behind the prefix, which may hold what it likes
  bool stopped_ = false;

  bool append(std::string const& piece) {
    if (stopped_) return true;
    std::size_t longest = 0, found = std::string::npos;
    for (auto const& s : *stop_) longest = std::max(longest, s.size());
    std::size_t const from = std::max(searched_, text_.size() - std::min(text_.size(), longest));
    text_ += piece;
    for (auto const& s : *stop_) found = std::min(found, text_.find(s, from));
    if (found == std::string::npos) return false;
    text_.resize(found);
    return stopped_ = true;
  }

 public:
  /// Both must outlive it.
  watched_text(any_tokenizer const& tokenizer, std::vector<std::string> const& stop)
      : stop_(&stop), stream_(tokenizer) {}

  void prefix(std::span<token const> ids) {
    for (token const id : ids) text_ += stream_.push(id);
    searched_ = text_.size();
  }
  /// Whether the text now has a stop string.
  bool push(token id) { return append(stream_.push(id)); }
  /// No token follows.
  bool finish() { return append(stream_.finish()); }

  std::string const& text() const { return text_; }
  bool stopped() const { return stopped_; }
  /// How much of the text stays, whatever follows: all but an end that could begin a stop string.
  std::size_t settled() const {
    std::size_t held = 0;
    if (!stopped_)
      for (auto const& s : *stop_)
        for (std::size_t n = std::min(s.size() - 1, text_.size()); n > held; --n)
          if (std::string_view(text_).ends_with(std::string_view(s).substr(0, n))) held = n;
    return text_.size() - held;
  }
};

}  // namespace flan::detail
