#pragma once
/// A curve for the terminal, and the same curve as an SVG file.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "flan/core/error.hpp"

namespace quickstart {

/// Means of `values` in `columns` neighbouring groups.
inline std::vector<double> grouped(std::vector<double> const& values, std::size_t columns) {
  columns = std::min(columns, values.size());
  std::vector<double> means(columns, 0);
  for (std::size_t c = 0; c < columns; ++c) {
    std::size_t const begin = c * values.size() / columns, end = (c + 1) * values.size() / columns;
    for (std::size_t i = begin; i < end; ++i) means[c] += values[i] / static_cast<double>(end - begin);
  }
  return means;
}

/// Ten lines of text; the highest value on top. Each column is a mean over neighbouring steps.
inline std::string terminal_chart(std::vector<double> const& values, std::string const& caption) {
  if (values.empty()) return {};
  auto const means = grouped(values, 64);
  double const top = *std::max_element(means.begin(), means.end());
  constexpr int lines = 10;
  // Eighths of a character cell, from nothing to full.
  static char const* const bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::string text;
  for (int line = lines; line-- > 0;) {
    char label[16];
    std::snprintf(label, sizeof label, "%6.2f ", top * (line + 1) / lines);
    text += label;
    for (double const m : means) {
      double const cells = top > 0 ? m / top * lines - line : 0;
      text += bars[static_cast<int>(std::clamp(std::round(cells * 8), 0.0, 8.0))];
    }
    text += '\n';
  }
  return text + "       " + caption + '\n';
}

/// Writes the curve as an SVG image: every step as a faint line, means over it.
inline void write_svg(std::filesystem::path const& path, std::vector<double> const& values,
                      std::string const& caption) {
  constexpr double width = 720, height = 320, left = 50, bottom = 40, upper = 20;
  double const top = values.empty() ? 1 : *std::max_element(values.begin(), values.end());
  auto const line = [&](std::vector<double> const& v, char const* style) {
    std::string s = "<polyline fill=\"none\" ";
    s += style;
    s += " points=\"";
    for (std::size_t i = 0; i < v.size(); ++i) {
      double const x = left + (static_cast<double>(i) + 0.5) / static_cast<double>(v.size()) * (width - left - 10);
      double const y = upper + (1 - v[i] / top) * (height - upper - bottom);
      char point[48];
      std::snprintf(point, sizeof point, "%.1f,%.1f ", x, y);
      s += point;
    }
    return s + "\"/>\n";
  };
  std::ofstream f(path);
  f << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << height
    << "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  for (int i = 0; i <= 4; ++i) {
    double const y = upper + (height - upper - bottom) * i / 4;
    char label[16];
    std::snprintf(label, sizeof label, "%.2f", top * (4 - i) / 4);
    f << "<line x1=\"" << left << "\" x2=\"" << width - 10 << "\" y1=\"" << y << "\" y2=\"" << y
      << "\" stroke=\"#ddd\"/><text x=\"8\" y=\"" << y + 4 << "\">" << label << "</text>\n";
  }
  f << line(values, "stroke=\"#b8d0e8\" stroke-width=\"1\"")
    << line(grouped(values, 60), "stroke=\"#1f5fa0\" stroke-width=\"2\"") << "<text x=\"" << left << "\" y=\""
    << height - 12 << "\">" << caption << "</text>\n</svg>\n";
  f.close();
  if (!f) flan::fail("the chart could not be written to ", path.string());
}

}  // namespace quickstart
