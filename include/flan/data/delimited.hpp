#pragma once
/// Records from tables: tab-separated, where nothing is quoted, and comma-separated as RFC 4180 has it.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/field.hpp"
#include "flan/data/source.hpp"

namespace flan {

/// How a table is read.
struct table_options {
  std::vector<std::string> columns = {};  // names, when the file has no header line; else its first line names them
  std::vector<std::string> unescape =
      {};  // columns where the two characters \n mean a line break, as in the FLAN files
};

namespace detail {

/// `\n` as two characters becomes a line break; no other escape is one, so `\\n` is a backslash and a line break.
inline std::string unescape_newlines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool const escape = text[i] == '\\' && i + 1 < text.size() && text[i + 1] == 'n';
    out += escape ? '\n' : text[i];
    i += escape;
  }
  return out;
}

/// on_row(line number, cells) for each row; the cells may be moved from.
template <class F>
void each_tsv_row(std::string_view text, F&& on_row) {
  std::vector<std::string> cells;
  each_line(text, [&](std::size_t number, std::string_view line) {
    cells.clear();
    for (std::size_t begin = 0;;) {
      std::size_t const tab = line.find('\t', begin);
      cells.emplace_back(line.substr(begin, tab - begin));
      if (tab == std::string_view::npos) break;
      begin = tab + 1;
    }
    on_row(number, cells);
  });
}

/// The same for CSV. A quoted cell may hold commas, line breaks and doubled quotes; in any other a quote is a
/// character.
template <class F>
void each_csv_row(std::string_view text, std::string const& path, F&& on_row) {
  std::vector<std::string> cells;
  std::size_t line = 1;
  auto const line_end = [&](std::size_t i) -> std::size_t {  // 0, or the length of the line break at i
    if (i >= text.size()) return 0;
    if (text[i] == '\n') return 1;
    return text.substr(i).starts_with("\r\n") ? 2 : 0;
  };
  for (std::size_t i = 0; i < text.size();) {
    if (std::size_t const n = line_end(i)) {  // an empty line
      i += n;
      ++line;
      continue;
    }
    cells.clear();
    std::size_t const first_line = line;
    for (bool more = true; more;) {
      std::string& cell = cells.emplace_back();
      if (i < text.size() && text[i] == '"') {
        std::size_t const opened = line;
        for (++i;; ++i) {
          if (i == text.size()) fail(path, ':', opened, ": a quoted cell is never closed");
          if (text[i] == '\n') ++line;
          if (text[i] != '"') {
            cell += text[i];
          } else if (i + 1 < text.size() && text[i + 1] == '"') {
            cell += text[i++];
          } else {
            break;
          }
        }
        ++i;
        if (i < text.size() && text[i] != ',' && !line_end(i))
          fail(path, ':', line, ": expected a comma or the end of the line after a closing quote, found ",
               excerpt(text.substr(i, 1)));
      } else {
        std::size_t const begin = i;
        while (i < text.size() && text[i] != ',' && !line_end(i)) ++i;
        cell = text.substr(begin, i - begin);
      }
      more = i < text.size() && text[i] == ',';
      if (more) ++i;
    }
    on_row(first_line, cells);
    i += line_end(i);
    ++line;
  }
}

enum class table_kind : unsigned char { tsv, csv };

/// on_names(columns) once, then on_row("file:line", cells) with exactly one cell per column, unescaped.
template <class OnNames, class OnRow>
void read_table(table_kind kind, std::filesystem::path const& path, table_options const& o, OnNames&& on_names,
                OnRow&& on_row) {
  auto const text = read_data_file(path);
  std::vector<std::string> names = o.columns;
  std::vector<bool> unescaped;
  bool named = false;
  auto const accept_names = [&](std::string const& where) {
    for (auto name = names.begin(); name != names.end(); ++name)
      if (std::find(names.begin(), name, *name) != name) fail(where, ": two columns are called ", excerpt(*name));
    unescaped.assign(names.size(), false);
    for (auto const& name : o.unescape) {
      auto const i = field_position(names, name);
      if (i == names.size()) fail(where, ": there is no column ", excerpt(name), " to unescape");
      unescaped[i] = true;
    }
    named = true;
    on_names(where, names);
  };
  if (!names.empty()) accept_names(path.string());
  auto const row = [&](std::size_t line, std::vector<std::string>& cells) {
    auto const where = sentence(path.string(), ':', line);
    if (!named) {
      names = cells;
      return accept_names(where);
    }
    if (cells.size() != names.size()) fail(where, ": expected ", names.size(), " columns, found ", cells.size());
    for (std::size_t i = 0; i < cells.size(); ++i)
      if (unescaped[i]) cells[i] = unescape_newlines(cells[i]);
    on_row(where, cells);
  };
  if (kind == table_kind::tsv)
    each_tsv_row(text, row);
  else
    each_csv_row(text, path.string(), row);
  if (!named) fail(path.string(), " is empty: expected a first line with the names of the columns");
}

template <record R>
source<R> read_typed_table(table_kind kind, std::filesystem::path const& path, table_options const& o) {
  std::vector<R> records;
  std::vector<std::size_t> column_of;  // by field
  read_table(
      kind, path, o,
      [&](std::string const& where, std::vector<std::string> const& names) {
        for (auto const& field : fields_of<R>) {
          column_of.push_back(field_position(names, field.name));
          if (column_of.back() == names.size()) fail(where, ": there is no column for the field \"", field.name, "\"");
        }
      },
      [&](std::string const& where, std::vector<std::string>& cells) {
        std::size_t i = 0;
        for_each_member(records.emplace_back(), [&](std::string_view name, auto& field) {
          auto& cell = cells[column_of[i++]];
          if (!read_cell(field, cell))
            fail(where, ": the field \"", name, "\" should be ", expectation<std::remove_cvref_t<decltype(field)>>(),
                 ", but is ", excerpt(cell));
        });
      });
  return records;
}

inline text_source read_text_table(table_kind kind, std::filesystem::path const& path, table_options const& o) {
  std::vector<std::string> all;
  std::vector<std::vector<std::string>> rows;
  read_table(
      kind, path, o, [&](std::string const&, std::vector<std::string> const& names) { all = names; },
      [&](std::string const&, std::vector<std::string>& cells) { rows.push_back(cells); });
  return {std::move(all), std::move(rows)};
}

}  // namespace detail

/// Tab-separated: a row a line, nothing is quoted. Each field of R is read from the column of its name. Throws `error`
/// with file:line, and the field, for a missing column, a row of another length, or a cell of another type.
template <record R>
source<R> tsv(std::filesystem::path const& path, table_options const& o = {}) {
  return detail::read_typed_table<R>(detail::table_kind::tsv, path, o);
}
inline text_source tsv(std::filesystem::path const& path, table_options const& o = {}) {
  return detail::read_text_table(detail::table_kind::tsv, path, o);
}

/// Comma-separated as RFC 4180 has it, with LF or CRLF. Otherwise as tsv.
template <record R>
source<R> csv(std::filesystem::path const& path, table_options const& o = {}) {
  return detail::read_typed_table<R>(detail::table_kind::csv, path, o);
}
inline text_source csv(std::filesystem::path const& path, table_options const& o = {}) {
  return detail::read_text_table(detail::table_kind::csv, path, o);
}

}  // namespace flan
