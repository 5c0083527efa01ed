#pragma once
/// Where records begin and end, found in one pass over a file that comes in blocks.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/record_index.hpp"

namespace flan::detail {

/// Finds the records of one format.
class record_scanner {
 public:
  virtual ~record_scanner() = default;
  /// The next bytes, which begin at `at`. The first call has the beginning of the file (behind a byte-order mark).
  virtual void feed(std::string_view block, std::uint64_t at) = 0;
  /// After the last block.
  virtual void finish(std::uint64_t size) = 0;

  std::vector<record_span> const& spans() const { return spans_; }
  /// What is wrong with the file as a whole, and where; what follows is then one more span, so that it is counted.
  std::string const& problem() const { return problem_; }
  std::uint64_t problem_at() const { return problem_at_; }
  /// Whether the problem hides what follows it: that span may be any number of records.
  bool hides_rest() const { return hides_rest_; }

 protected:
  void emit(std::uint64_t begin, std::uint64_t end) {
    if (end - begin > std::numeric_limits<std::uint32_t>::max())
      fail("a record of ", end - begin, " bytes begins at byte ", begin, "; the most is 4 GiB");
    spans_.push_back({begin, static_cast<std::uint32_t>(end - begin), 0});
  }
  void complain(std::uint64_t at, std::string what, bool hides_rest = false) {
    if (!problem_.empty()) return;
    problem_ = std::move(what);
    problem_at_ = at;
    hides_rest_ = hides_rest;
  }

 private:
  std::vector<record_span> spans_;
  std::string problem_;
  std::uint64_t problem_at_ = 0;
  bool hides_rest_ = false;
};

/// A record a line. LF or CRLF ends one (and nothing else: U+2028 is text); empty lines are none.
class line_scanner : public record_scanner {
  std::uint64_t begin_ = 0;
  char last_ = 0;  // of the block before
  bool first_ = true;

 public:
  [[gnu::cold]] void feed(std::string_view block, std::uint64_t at) override {
    if (std::exchange(first_, false)) begin_ = at;
    for (std::size_t i = 0; i < block.size();) {
      auto const found = block.find('\n', i);
      if (found == block.npos) break;
      char const before = found == 0 ? last_ : block[found - 1];
      end_line(at + found, before == '\r');
      i = found + 1;
      begin_ = at + i;
      last_ = '\n';
    }
    if (!block.empty()) last_ = block.back();
  }
  [[gnu::cold]] void finish(std::uint64_t size) override {
    if (begin_ < size) end_line(size, last_ == '\r');
  }

 private:
  void end_line(std::uint64_t end, bool carriage_return) {
    if (carriage_return && end > begin_) --end;
    if (end > begin_) emit(begin_, end);
  }
};

/// A row of RFC 4180 a record: quoted cells hold line breaks. In any other cell a quote is a character.
class csv_scanner : public record_scanner {
  enum class state : unsigned char { cell, plain, quoted, closed } state_ = state::cell;
  std::uint64_t begin_ = 0, quote_ = 0, break_ = 0;  // break_: the first line break behind the quote, if above it
  char last_ = 0;
  bool first_ = true;

 public:
  [[gnu::cold]] void feed(std::string_view block, std::uint64_t at) override {
    if (std::exchange(first_, false)) begin_ = at;
    for (std::size_t i = 0; i < block.size(); ++i) {
      char const c = block[i];
      if (state_ == state::quoted) {
        if (c == '"') state_ = state::closed;
        if (c == '\n' && break_ <= quote_) break_ = at + i;
      } else if (c == '\n') {
        end_row(at + i);
        begin_ = at + i + 1;
        state_ = state::cell;
      } else if (c == ',') {
        state_ = state::cell;
      } else if (c == '"' && state_ != state::plain) {
        if (state_ == state::cell) quote_ = at + i;
        state_ = state::quoted;  // opened, or the second of two
      } else {
        state_ = state::plain;
      }
      last_ = c;
    }
  }
  [[gnu::cold]] void finish(std::uint64_t size) override {
    if (state_ == state::quoted) {
      bool const hides = break_ > quote_ && break_ + 1 < size;
      complain(quote_,
               hides ? "a quoted cell is never closed: all lines behind it are in it" : "a quoted cell is never closed",
               hides);
    }
    if (begin_ < size) end_row(size);
  }

 private:
  void end_row(std::uint64_t end) {
    if (last_ == '\r' && end > begin_ && state_ != state::quoted) --end;
    if (end > begin_) emit(begin_, end);
  }
};

/// Paragraphs, which blank lines part. A canary at the beginning, the line with a GUID that BIG-Bench puts into its
/// files and the dashes below it, is no text.
class paragraph_scanner : public record_scanner {
  std::uint64_t begin_ = 0, end_ = 0, line_ = 0;
  char last_ = 0;
  bool blank_ = true, open_ = false, first_ = true;

 public:
  [[gnu::cold]] void feed(std::string_view block, std::uint64_t at) override {
    std::size_t i = 0;
    if (std::exchange(first_, false)) {
      i = canary_size(block);
      line_ = at + i;
    }
    for (; i < block.size(); ++i) {
      char const c = block[i];
      if (c == '\n') {
        end_line(at + i);
        line_ = at + i + 1;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        blank_ = false;
      }
      last_ = c;
    }
  }
  [[gnu::cold]] void finish(std::uint64_t size) override {
    end_line(size);
    end_line(size);  // as if a blank line followed
  }

  /// The bytes at the beginning of a text that are its canary.
  static std::size_t canary_size(std::string_view text) {
    auto const line_size = [](std::string_view s) { return std::min(s.find('\n'), s.size() - 1) + 1; };
    if (text.empty()) return 0;
    std::size_t n = line_size(text);
    if (text.substr(0, n).find("canary GUID") == text.npos) return 0;
    auto const rest = text.substr(n);
    if (rest.starts_with('-')) {
      auto const dashes = line_size(rest);
      if (rest.substr(0, dashes).find_first_not_of("-\r\n") == rest.npos) n += dashes;
    }
    return n;
  }

 private:
  void end_line(std::uint64_t end) {
    if (!blank_) {
      if (!std::exchange(open_, true)) begin_ = line_;
      end_ = last_ == '\r' ? end - 1 : end;
    } else if (std::exchange(open_, false)) {
      emit(begin_, end_);
    }
    blank_ = true;
  }
};

}  // namespace flan::detail
