#pragma once
/// Columns of text that line up, and numbers as a person reads them.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

/// "36,174"
inline std::string grouped(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

/// Three digits behind the point; for less, three that count.
inline std::string decimal(double x) {
  char text[32];
  std::snprintf(text, sizeof text, x == 0 || (x > -1e9 && x < 1e9 && (x >= 1e-3 || x <= -1e-3)) ? "%.3f" : "%.3g", x);
  return text;
}
/// One digit behind the point.
inline std::string tenths(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", x);
  return text;
}
/// A share as a percentage, without the sign.
inline std::string percent(double share) { return decimal(100 * share); }

/// Rows of cells under heads. Columns whose heads begin with a space stand to the right.
class text_table {
  std::vector<std::vector<std::string>> rows_;  // the heads first

  /// Code points: what a terminal shows in as many cells, but for the scripts that take two.
  static std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  }

 public:
  explicit text_table(std::vector<std::string> heads) : rows_{std::move(heads)} {}

  void add(std::vector<std::string> cells) {
    cells.resize(rows_.front().size());
    rows_.push_back(std::move(cells));
  }
  bool empty() const { return rows_.size() == 1; }

  std::string text() const {
    auto const& heads = rows_.front();
    std::vector<std::size_t> widths(heads.size(), 0);
    for (auto const& row : rows_)
      for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width(row[c]));
    std::string all;
    for (auto const& row : rows_) {
      std::string line;
      for (std::size_t c = 0; c < row.size(); ++c) {
        std::string const blank(widths[c] - width(row[c]), ' ');
        line += c == 0 ? "" : "  ";
        line += heads[c].starts_with(' ') ? blank + row[c] : row[c] + blank;
      }
      line.erase(line.find_last_not_of(' ') + 1);
      all += line + '\n';
    }
    return all;
  }
};

/// Words in lines of at most `most` characters, each line behind `indent`.
inline std::string wrapped(std::vector<std::string> const& words, std::string const& indent, std::size_t most = 110) {
  std::string all, line;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string const word = words[i] + (i + 1 < words.size() ? "," : "");
    if (!line.empty() && indent.size() + line.size() + 1 + word.size() > most)
      all += indent + std::exchange(line, {}) + '\n';
    line += (line.empty() ? "" : " ") + word;
  }
  return line.empty() ? all : all + indent + line + '\n';
}

}  // namespace support
