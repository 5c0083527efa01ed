#pragma once
/// Learning rates over time: a factor of the optimizer's rate per step.

#include <algorithm>
#include <cmath>
#include <variant>

#include "flan/core/members.hpp"
#include "flan/core/shape.hpp"

namespace flan {

/// Rises over `warmup` steps, then stays.
struct constant_rate {
  extent warmup = 0;
  static constexpr std::string_view name = "constant";
  static constexpr auto members = flan::members("warmup", &constant_rate::warmup);
};
/// Rises over `warmup` steps, then falls in a line to `end` (of the rate) at the end of the run.
struct linear_decay {
  extent warmup = 0;
  double end = 0;
  static constexpr std::string_view name = "linear";
  static constexpr auto members = flan::members("warmup", &linear_decay::warmup, "end", &linear_decay::end);
};
/// The same along half a cosine (Loshchilov & Hutter 2017).
struct cosine_decay {
  extent warmup = 0;
  double end = 0;
  static constexpr std::string_view name = "cosine";
  static constexpr auto members = flan::members("warmup", &cosine_decay::warmup, "end", &cosine_decay::end);
};
/// The rate for `flat` steps, then rate·√(flat / step). T5 was pretrained so, with rate 0.01 = 1/√flat.
struct inverse_square_root {
  extent flat = 10'000;
  extent warmup = 0;
  static constexpr std::string_view name = "inverse_square_root";
  static constexpr auto members =
      flan::members("flat", &inverse_square_root::flat, "warmup", &inverse_square_root::warmup);
};

using schedule = std::variant<constant_rate, linear_decay, cosine_decay, inverse_square_root>;

namespace detail {
/// The part of the falling stretch that lies behind `step`: 0 where it begins, 1 after the last step.
inline double fallen(extent step, extent warmup, extent steps) {
  double const length = static_cast<double>(std::max<extent>(steps - warmup, 1));
  return std::clamp(static_cast<double>(step - warmup) / length, 0.0, 1.0);
}
inline double factor_of(constant_rate const&, extent, extent) { return 1; }
inline double factor_of(linear_decay const& s, extent step, extent steps) {
  return 1 - (1 - s.end) * fallen(step, s.warmup, steps);
}
inline double factor_of(cosine_decay const& s, extent step, extent steps) {
  constexpr double pi = 3.14159265358979323846;
  return s.end + (1 - s.end) * 0.5 * (1 + std::cos(pi * fallen(step, s.warmup, steps)));
}
inline double factor_of(inverse_square_root const& s, extent step, extent) {
  double const flat = static_cast<double>(std::max<extent>(s.flat, 1));
  return std::sqrt(flat / std::max(static_cast<double>(step), flat));
}
}  // namespace detail

/// The factor of step `step` (from 0) in a run of `steps`. Warm-up is (step + 1) / warmup, so that no step is lost.
inline double rate_factor(schedule const& s, extent step, extent steps) {
  return std::visit(
      [&](auto const& one) {
        if (step < one.warmup) return static_cast<double>(step + 1) / static_cast<double>(one.warmup);
        return detail::factor_of(one, step, steps);
      },
      s);
}

}  // namespace flan
