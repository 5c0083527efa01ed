#pragma once
/// Records from tables: tab-separated, where nothing is quoted, and comma-separated as RFC 4180 has it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/field.hpp"
#include "flan/data/read_options.hpp"
#include "flan/data/record_file.hpp"
#include "flan/data/scan.hpp"
#include "flan/data/source.hpp"

namespace flan {

/// How a table is read.
struct table_options {
  std::vector<std::string> columns = {};   // names, when the file has no header line; else its first line names them
  std::vector<std::string> unescape = {};  // columns where the characters \n are a line break, as in the FLAN files
};

namespace detail {

/// `\n` as two characters becomes a line break; no other escape is one, so `\\n` is a backslash and a line break.
inline std::string unescape_newlines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t begin = 0;;) {
    auto const at = text.find("\\n", begin);
    out += text.substr(begin, at - begin);
    if (at == text.npos) return out;
    out += '\n';
    begin = at + 2;
  }
}

enum class table_kind : unsigned char { tsv, csv };

/// The cells of a line; nothing is quoted.
inline std::vector<std::string> tsv_cells(std::string_view line) {
  std::vector<std::string> cells;
  for (std::size_t begin = 0;;) {
    std::size_t const tab = line.find('\t', begin);
    cells.emplace_back(line.substr(begin, tab - begin));
    if (tab == line.npos) return cells;
    begin = tab + 1;
  }
}

/// The cells of a row. A quoted cell may hold commas, line breaks and doubled quotes; in any other a quote is a
/// character.
[[gnu::noinline]] inline std::vector<std::string> csv_cells(std::string_view row) {
  std::vector<std::string> cells;
  for (std::size_t i = 0;; ++i) {
    std::string& cell = cells.emplace_back();
    if (i < row.size() && row[i] == '"') {
      for (++i;; ++i) {
        if (i == row.size()) fail("a quoted cell is never closed");
        if (row[i] != '"') {
          cell += row[i];
        } else if (i + 1 < row.size() && row[i + 1] == '"') {
          cell += row[i++];
        } else {
          break;
        }
      }
      ++i;
      if (i < row.size() && row[i] != ',')
        fail("expected a comma or the end of the line after a closing quote, found ", excerpt(row.substr(i, 1)));
    } else {
      std::size_t const end = std::min(row.find(',', i), row.size());
      cell = row.substr(i, end - i);
      i = end;
    }
    if (i == row.size()) return cells;
  }
}

/// A table's columns and rows, whatever the rows become.
class table_format {
  table_kind kind_;
  table_options options_;
  std::vector<std::string> names_;
  std::vector<bool> unescaped_;

 public:
  table_format(table_kind kind, table_options options) : kind_(kind), options_(std::move(options)) {}

  std::vector<std::string> const& names() const { return names_; }
  bool has_head() const { return options_.columns.empty(); }
  std::vector<std::string> cells(std::string_view row) const {
    return kind_ == table_kind::tsv ? tsv_cells(row) : csv_cells(row);
  }

  [[gnu::cold]] std::string key() const {
    std::string all = kind_ == table_kind::tsv ? "tsv" : "csv";
    for (auto const& name : options_.columns) (all += "\ncolumn ") += name;
    for (auto const& name : options_.unescape) (all += "\nunescaped ") += name;
    return all;
  }
  [[gnu::cold]] std::unique_ptr<record_scanner> scanner() const {
    if (kind_ == table_kind::tsv) return std::make_unique<line_scanner>();
    return std::make_unique<csv_scanner>();
  }
  [[gnu::cold]] void begin(std::string_view head) {
    names_ = has_head() ? cells(head) : options_.columns;
    for (auto name = names_.begin(); name != names_.end(); ++name)
      if (std::find(names_.begin(), name, *name) != name) fail("two columns are called ", excerpt(*name));
    unescaped_.assign(names_.size(), false);
    for (auto const& name : options_.unescape) {
      auto const i = field_position(names_, name);
      if (i == names_.size()) fail("there is no column ", excerpt(name), " to unescape");
      unescaped_[i] = true;
    }
  }
  /// Exactly one cell per column, unescaped.
  std::vector<std::string> row(std::string_view text) const {
    auto row = cells(text);
    if (row.size() != names_.size()) fail("expected ", names_.size(), " columns, found ", row.size());
    for (std::size_t i = 0; i < row.size(); ++i)
      if (unescaped_[i]) row[i] = unescape_newlines(row[i]);
    return row;
  }
};

template <class R>
class table_reader : public record_reader<R> {
 protected:
  table_format table_;

 public:
  table_reader(table_kind kind, table_options options) : table_(kind, std::move(options)) {}
  std::vector<std::string> const& names() const { return table_.names(); }
  std::string key() const override { return table_.key(); }
  std::unique_ptr<record_scanner> scanner() const override { return table_.scanner(); }
  bool has_head() const override { return table_.has_head(); }
  void begin(std::string_view head) override { table_.begin(head); }
};

template <record R>
class typed_table_reader : public table_reader<R> {
  std::vector<std::size_t> column_of_;  // by field

 public:
  using table_reader<R>::table_reader;
  std::string key() const override { return this->table_.key() + schema_of<R>(); }
  void begin(std::string_view head) override {
    this->table_.begin(head);
    column_of_.clear();
    for (auto const& field : fields_of<R>) {
      column_of_.push_back(field_position(this->names(), field.name));
      if (column_of_.back() == this->names().size()) fail("there is no column for the field \"", field.name, "\"");
    }
  }
  R read(std::string_view text, std::uint32_t) const override {
    auto const row = this->table_.row(text);
    R out;
    std::size_t i = 0;
    for_each_member(out, [&](std::string_view name, auto& field) {
      auto& cell = row[column_of_[i++]];
      if (!read_cell(field, cell))
        fail("the field \"", name, "\" should be ", expectation<std::remove_cvref_t<decltype(field)>>(), ", but is ",
             excerpt(cell));
    });
    return out;
  }
};

class text_table_reader : public table_reader<text_record> {
  std::shared_ptr<std::vector<std::string> const> shared_names_;

 public:
  using table_reader<text_record>::table_reader;
  std::shared_ptr<std::vector<std::string> const> const& shared_names() const { return shared_names_; }
  void begin(std::string_view head) override {
    table_.begin(head);
    shared_names_ = std::make_shared<std::vector<std::string> const>(names());
  }
  text_record read(std::string_view text, std::uint32_t) const override { return {shared_names_, table_.row(text)}; }
};

[[gnu::cold]] inline text_source open_text_table(table_kind kind, std::filesystem::path const& path,
                                                 table_options const& t, read_options const& o) {
  auto reader = std::make_shared<text_table_reader>(kind, t);
  auto records = open_records<text_record>(path, reader, o);
  return {reader->shared_names(), std::move(records)};
}

}  // namespace detail

/// Tab-separated: a row a line, nothing is quoted. Each field of R is read from the column of its name. Throws `error`
/// with file:line, and the field, for a missing column, a row of another length, or a cell of another type.
template <record R>
source<R> tsv(std::filesystem::path const& path, table_options const& t = {}, read_options const& o = {}) {
  return detail::open_records<R>(path, std::make_shared<detail::typed_table_reader<R>>(detail::table_kind::tsv, t), o);
}
inline text_source tsv(std::filesystem::path const& path, table_options const& t = {}, read_options const& o = {}) {
  return detail::open_text_table(detail::table_kind::tsv, path, t, o);
}

/// Comma-separated as RFC 4180 has it, with LF or CRLF. Otherwise as tsv.
template <record R>
source<R> csv(std::filesystem::path const& path, table_options const& t = {}, read_options const& o = {}) {
  return detail::open_records<R>(path, std::make_shared<detail::typed_table_reader<R>>(detail::table_kind::csv, t), o);
}
inline text_source csv(std::filesystem::path const& path, table_options const& t = {}, read_options const& o = {}) {
  return detail::open_text_table(detail::table_kind::csv, path, t, o);
}

}  // namespace flan
