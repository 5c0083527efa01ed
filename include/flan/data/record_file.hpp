#pragma once
/// A file of records: opened by its index, read a record at a time.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "flan/core/error.hpp"
#include "flan/data/data_file.hpp"
#include "flan/data/hash.hpp"
#include "flan/data/read_options.hpp"
#include "flan/data/record_index.hpp"
#include "flan/data/scan.hpp"
#include "flan/data/source.hpp"

namespace flan::detail {

/// What a format knows. Its errors say what is wrong with a record; where, the file adds.
class record_format {
 public:
  virtual ~record_format() = default;
  /// What decides, besides the file, where records are and which are bad: the format, its settings, the fields' types.
  virtual std::string key() const = 0;
  virtual std::unique_ptr<record_scanner> scanner() const = 0;
  /// Whether the first span is no record but names the columns.
  virtual bool has_head() const { return false; }
  /// Before anything is read; may be called again.
  virtual void begin(std::string_view /*head*/) {}
  /// Throws when a span is no record; else how many records it holds.
  virtual std::uint32_t check(std::string_view text) = 0;
  /// Whether a span may hold any number of records, so that it must be looked into.
  virtual bool has_items() const { return false; }
  /// Whether errors name the record besides the line: many are in one line.
  virtual bool numbered() const { return false; }
};

template <class R>
class record_reader : public record_format {
 public:
  /// Several threads may call it at once.
  virtual R read(std::string_view text, std::uint32_t item) const = 0;
  std::uint32_t check(std::string_view text) override { return read(text, 0), 1; }
};

/// Numbers of lines, counted onward from the place asked for last.
class line_counter {
  data_file const& data_;
  std::uint64_t at_ = 0, line_ = 1;

 public:
  explicit line_counter(data_file const& data) : data_(data) {}
  [[gnu::cold]] std::uint64_t line_of(std::uint64_t offset) {
    if (offset < at_) at_ = 0, line_ = 1;
    while (at_ < offset) {
      auto const n = static_cast<std::size_t>(std::min<std::uint64_t>(offset - at_, 1 << 20));
      auto const bytes = data_.read(at_, n);
      line_ += static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
      at_ += n;
    }
    return line_;
  }
};

/// Reads spans in the file's order through a window, instead of each with calls of its own.
class span_window {
  data_file const& data_;
  std::string bytes_;
  std::uint64_t at_ = 0;
  std::uint64_t size_ = 0;

 public:
  explicit span_window(data_file const& data) : data_(data) {}
  /// Good until the next call.
  [[gnu::cold]] std::string_view operator()(record_span const& span) {
    if (span.offset < at_ || span.offset + span.size > at_ + size_) {
      at_ = span.offset;
      size_ = std::min<std::uint64_t>(std::max<std::uint64_t>(span.size, 1 << 18), data_.size() - at_);
      bytes_.resize(static_cast<std::size_t>(size_));
      data_.read(at_, bytes_.data(), bytes_.size());
    }
    return std::string_view(bytes_).substr(static_cast<std::size_t>(span.offset - at_), span.size);
  }
};

class record_file {
  data_file data_;
  record_index index_;
  bool numbered_;

  /// Below this, a kept index saves nothing.
  static constexpr std::uint64_t smallest_kept = 8192;
  static constexpr std::size_t block_size = 1 << 20;  // a multiple of 8: see content_hasher

  static std::uint64_t hash_of(record_format const& format, read_options const& o) {
    return content_hasher().add(format.key() + (o.check || format.has_items() ? "\nchecked" : "\nfound")).value();
  }

  std::string place(line_counter& lines, record_span const& span, std::uint64_t number) const {
    auto s = sentence(data_.path().string(), ':', lines.line_of(span.offset));
    if (numbered_) s += sentence(": record ", number);
    return s;
  }

  [[gnu::cold]] void begin(record_format& format) const {
    if (!format.has_head()) {
      try {
        return format.begin({});
      } catch (error const& e) {
        fail(data_.path().string(), ": ", e.what());
      }
    }
    if (index_.head.size == 0)
      fail(data_.path().string(), " is empty: expected a first line with the names of the columns");
    auto const head = text(index_.head);
    try {
      format.begin(head);
    } catch (error const& e) {
      fail(data_.path().string(), ':', line_counter(data_).line_of(index_.head.offset), ": ", e.what());
    }
  }

  // False when the record is good.
  [[gnu::cold]] bool refuse_bad(record_format& format, read_options const& o, line_counter& lines, record_span span,
                                std::string_view bytes) const {
    try {
      static_cast<void>(format.check(bytes));
      return false;
    } catch (error const& e) {
      auto const problem = sentence(place(lines, span, span.item), ": ", e.what());
      if (o.bad == on_bad_record::stop) throw error(problem);
      if (o.report) o.report({data_.path(), span.item, problem});
      return true;
    }
  }

  [[gnu::cold]] bool use_kept(record_format& format, read_options const& o, std::uint64_t key) {
    for (auto const& place : index_places(data_.path(), key)) {
      auto found = kept_index(place, key, data_.stamp());
      if (!found) continue;
      index_ = std::move(*found);
      begin(format);
      line_counter lines(data_);
      bool agrees = true;
      for (auto const& span : index_.bad) agrees = agrees && refuse_bad(format, o, lines, span, text(span));
      if (agrees) return true;
    }
    return false;
  }

  [[gnu::cold]] std::unique_ptr<record_scanner> scan(record_format const& format) {
    auto scanner = format.scanner();
    content_hasher hash;
    std::string block(static_cast<std::size_t>(std::min<std::uint64_t>(data_.size(), block_size)), '\0');
    for (std::uint64_t at = 0; at < data_.size(); at += block.size()) {
      block.resize(static_cast<std::size_t>(std::min<std::uint64_t>(data_.size() - at, block_size)));
      data_.read(at, block.data(), block.size());
      hash.add(block);
      std::size_t const mark = at == 0 && block.starts_with("\xEF\xBB\xBF") ? 3 : 0;  // a byte-order mark
      scanner->feed(std::string_view(block).substr(mark), at + mark);
    }
    scanner->finish(data_.size());
    index_ = {data_.stamp(), hash.value(), {}, {}, {}};
    return scanner;
  }

  [[gnu::cold]] void build(record_format& format, read_options const& o) {
    auto const scanner = scan(format);
    auto spans = scanner->spans();
    line_counter lines(data_);
    if (!scanner->problem().empty() && (o.bad == on_bad_record::stop || spans.empty() || scanner->hides_rest())) {
      auto const line = lines.line_of(scanner->problem_at());
      if (numbered_) fail(data_.path().string(), ':', line, ": byte ", scanner->problem_at(), ": ", scanner->problem());
      fail(data_.path().string(), ':', line, ": ", scanner->problem());
    }
    if (format.has_head() && !spans.empty()) {
      index_.head = spans.front();
      spans.erase(spans.begin());
    }
    begin(format);
    if (!o.check && !format.has_items()) {
      index_.records = std::move(spans);
      return;
    }
    index_.records.reserve(spans.size());
    std::uint32_t number = 0;
    span_window bytes_of(data_);
    for (auto span : spans) {
      auto const bytes = bytes_of(span);
      std::uint32_t items = 0;
      try {
        items = format.check(bytes);
      } catch (error const&) {
        span.item = number;
        refuse_bad(format, o, lines, span, bytes);
        index_.bad.push_back(span);
      }
      for (span.item = 0; span.item < items; ++span.item) index_.records.push_back(span);
      ++number;
    }
  }

 public:
  [[gnu::cold]] record_file(std::filesystem::path const& path, record_format& format, read_options const& o)
      : data_(path), numbered_(format.numbered()) {
    if (o.bad == on_bad_record::skip && !o.check)
      fail(path.string(), ": bad records can be skipped only where records are checked");
    auto const opened = std::chrono::system_clock::now();
    auto const key = hash_of(format, o);
    bool const cached = o.cache && data_.size() >= smallest_kept;
    if (cached && use_kept(format, o, key)) return;
    build(format, o);
    if (!cached || !old_enough_to_keep(data_.stamp(), opened)) return;
    for (auto const& place : index_places(path, key))
      if (keep_index(place, key, index_)) break;
  }

  std::filesystem::path const& path() const { return data_.path(); }
  std::uint64_t size() const { return index_.records.size(); }
  std::uint64_t skipped() const { return index_.bad.size(); }
  std::uint64_t content() const { return index_.content; }
  record_span const& span(std::uint64_t i) const { return index_.records[static_cast<std::size_t>(i)]; }
  std::string text(record_span const& span) const { return data_.read(span.offset, span.size); }
  /// The file without its records: what stands around the list that they are in.
  [[gnu::cold]] std::string around() const {
    auto first = data_.size(), last = std::uint64_t{0};
    for (auto const* const spans : {&index_.records, &index_.bad}) {
      if (spans->empty()) continue;
      first = std::min(first, spans->front().offset);
      last = std::max(last, spans->back().offset + spans->back().size);
    }
    last = std::max(first, last);
    return data_.read(0, static_cast<std::size_t>(first)) +
           data_.read(last, static_cast<std::size_t>(data_.size() - last));
  }
  [[noreturn, gnu::cold]] void fail_at(std::uint64_t i, char const* problem) const {
    line_counter lines(data_);
    fail(place(lines, span(i), i), ": ", problem);
  }
};

/// A file as a source. Its fingerprint is the hash of all its bytes, which the index keeps, with the format's key.
template <class R>
source<R> records_of(std::shared_ptr<record_file const> file, std::shared_ptr<record_reader<R> const> reader) {
  source_facts facts;
  facts.skipped = file->skipped();
  facts.add_to = [file, key = reader->key()](fingerprinter& f) { f.add(file->content()).add(key).add(file->size()); };
  facts.content_hash = [file](std::uint64_t i) { return content_hasher().add(file->text(file->span(i))).value(); };
  auto const size = file->size();
  return source<R>(
      size,
      [file = std::move(file), reader = std::move(reader)](std::uint64_t i) {
        auto const& span = file->span(i);
        auto const text = file->text(span);
        try {
          return reader->read(text, span.item);
        } catch (error const& e) {
          file->fail_at(i, e.what());
        }
      },
      std::move(facts));
}

template <class R>
source<R> open_records(std::filesystem::path const& path, std::shared_ptr<record_reader<R>> reader,
                       read_options const& o) {
  auto file = std::make_shared<record_file const>(path, *reader, o);
  return records_of<R>(std::move(file), std::move(reader));
}

}  // namespace flan::detail
