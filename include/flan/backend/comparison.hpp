#pragma once
/// How near an op's result must come to its oracle's, and the measure of how near it came.

#include <algorithm>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "flan/core/number.hpp"
#include "flan/core/shape.hpp"

namespace flan {

/// One output of one call against the oracle's.
struct comparison {
  char const* op = "";
  char const* output = "";
  double error = 0;      ///< the worst element's, relative to what it is a sum of; infinite when NaN meets a number
  double tolerance = 0;  ///< 0: the values are moved, not computed, and must be the very ones
  std::string worst{};   ///< the worst element: where, got, expected

  bool ok() const { return error <= tolerance; }
  std::string sentence() const {
    char measure[96];
    std::snprintf(measure, sizeof measure, " (error %.3g, tolerance %.3g)", error, tolerance);
    return std::string(op) + " differs from its oracle: " + output + worst + measure;
  }
};

namespace detail {

/// What storing in T may lose of a value, and what computing for it may lose of the terms. Sums run in float for bf16,
/// whose kernels may round an intermediate to bf16 once.
template <class T>
struct accuracy {
  static constexpr double rounding = 0x1p-51, terms = 1e-11;  // double, complex
};
template <>
struct accuracy<float> {
  static constexpr double rounding = 0x1p-22, terms = 1e-5;
};
template <>
struct accuracy<bf16> {
  static constexpr double rounding = 0x1p-8, terms = 4e-3;
};

inline std::string number_text(double x) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", x);
  return text;
}
inline std::string number_text(std::complex<double> const& x) {
  return "(" + number_text(x.real()) + ", " + number_text(x.imag()) + ")";
}

inline bool is_finite(double x) { return std::isfinite(x); }
inline bool is_finite(std::complex<double> const& x) { return is_finite(x.real()) && is_finite(x.imag()); }

/// Root mean square of the finite elements.
template <class O>
double size_of(std::vector<O> const& v) {
  double sum = 0, count = 0;
  for (auto const& x : v) {
    if (!is_finite(x)) continue;
    sum += std::norm(x), ++count;
  }
  return count > 0 ? std::sqrt(sum / count) : 0;
}

/// Non-finite values must agree exactly: NaN with NaN, an infinity with the same infinity.
inline bool same_special(double a, double b) { return std::isnan(a) ? std::isnan(b) : a == b; }
inline bool same_special(std::complex<double> const& a, std::complex<double> const& b) {
  return same_special(a.real(), b.real()) && same_special(a.imag(), b.imag());
}

/// Measures `got` (stored as T) against `expected`. `before`: what an accumulating op added to, else empty. `floor`:
/// the size of the terms where they may cancel, so that a rounding error is not held against a zero. `where(i)` names
/// element i.
template <class T, class O, class Where>
comparison compare(char const* op, char const* output, std::vector<T> const& got, std::vector<O> const& expected,
                   std::vector<O> const& before, double floor, bool exact, Where where) {
  comparison r{op, output, 0, exact ? 0 : accuracy<T>::terms, ""};
  auto const change = [&](std::size_t i) { return before.empty() ? expected[i] : expected[i] - before[i]; };
  std::vector<O> changes(expected.size());
  for (std::size_t i = 0; i < changes.size(); ++i) changes[i] = change(i);
  double const size = std::max(size_of(changes), floor);
  for (std::size_t i = 0; i < got.size(); ++i) {
    O const g = static_cast<O>(widen(got[i])),
            e = static_cast<O>(widen(narrow<T>(static_cast<wide_t<T>>(expected[i]))));
    double error = std::numeric_limits<double>::infinity();
    if (exact || !is_finite(e) || !is_finite(g)) {
      if (same_special(g, e)) error = 0;
    } else if constexpr (!std::integral<T>) {
      // A sum that began at `before` may have been rounded at that size a few times on its way.
      double const stored =
          before.empty() ? std::abs(expected[i]) : 4 * std::max(std::abs(expected[i]), std::abs(before[i]));
      double const off = std::max(0.0, std::abs(g - expected[i]) - accuracy<T>::rounding * stored);
      double const scale = std::max(size, std::abs(changes[i]));
      error = off == 0 ? 0 : off / scale;
    }
    if (error > r.error) {
      r.error = error;
      r.worst = where(static_cast<extent>(i)) + " is " + number_text(g) + ", expected " + number_text(expected[i]);
    }
  }
  return r;
}

}  // namespace detail
}  // namespace flan
