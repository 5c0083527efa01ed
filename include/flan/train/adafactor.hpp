#pragma once
/// Adafactor (Shazeer & Stern 2018) as T5X runs it: the optimizer that T5 and Flan-T5 were trained with.

#include <cmath>

#include "flan/backend/options.hpp"
#include "flan/core/members.hpp"
#include "flan/train/optimizer.hpp"

namespace flan {

/// Steps are relative to a parameter's size; second moments of large matrices are kept as a row and a column.
struct adafactor {
  double rate = 1e-3;
  double weight_decay = 0;         ///< w ← (1 − weight_decay)·w, whatever the rate
  double decay = 0.8;              ///< β₂ of step t (from 0) is 1 − (t + 1)^−decay
  double clip_threshold = 1;       ///< of an update's root mean square
  bool scale_by_parameter = true;  ///< the rate is multiplied by the parameter's root mean square
  double epsilon_squared = 1e-30, epsilon_scale = 1e-3;
  extent least_factored = 128;  ///< factored when both extents are at least this

  static constexpr std::string_view name = "adafactor";
  static constexpr bool wants_row_squares = true;
  static constexpr auto members =
      flan::members("rate", &adafactor::rate, "weight_decay", &adafactor::weight_decay, "decay", &adafactor::decay,
                    "clip_threshold", &adafactor::clip_threshold, "scale_by_parameter", &adafactor::scale_by_parameter,
                    "epsilon_squared", &adafactor::epsilon_squared, "epsilon_scale", &adafactor::epsilon_scale,
                    "least_factored", &adafactor::least_factored);

  std::vector<state_slot> slots(extent rows, extent columns) const {
    if (rows >= least_factored && columns >= least_factored) return {{"v_row", 1, rows}, {"v_column", 1, columns}};
    return {{"v", rows, columns}};
  }

  template <class B, class M, class G>
  void update(B& be, matrix<M> w, matrix<G const> g, std::span<matrix<M> const> state, update_call const& call) const {
    adafactor_options o;
    o.rate = call.rate;
    o.beta2 = 1 - std::pow(static_cast<double>(call.step) + 1, -decay);
    o.epsilon_squared = epsilon_squared, o.epsilon_scale = epsilon_scale;
    o.clip_threshold = clip_threshold;
    o.scale_by_parameter = scale_by_parameter;
    o.weight_decay = call.decays ? weight_decay : 0;
    o.gradient_scale = call.gradient_scale;
    o.row_squares = call.row_squares, o.squares_known = call.squares_known;
    if (state.size() == 2) {
      be.adafactor_update(w, g, flat(state[0]), flat(state[1]), matrix<M>{}, o);
    } else {
      be.adafactor_update(w, g, vector_view<M>{}, vector_view<M>{}, state[0], o);
    }
  }
};

}  // namespace flan
