#pragma once
/// AdamW (Loshchilov & Hutter 2019), torch's form.

#include "flan/backend/options.hpp"
#include "flan/core/members.hpp"
#include "flan/train/optimizer.hpp"

namespace flan {

struct adamw {
  double rate = 1e-4;
  double weight_decay = 0.01;  ///< w ← (1 − rate·weight_decay)·w
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

  static constexpr std::string_view name = "adamw";
  static constexpr auto members = flan::members("rate", &adamw::rate, "weight_decay", &adamw::weight_decay, "beta1",
                                                &adamw::beta1, "beta2", &adamw::beta2, "epsilon", &adamw::epsilon);

  std::vector<state_slot> slots(extent rows, extent columns) const {
    return {{"m", rows, columns}, {"v", rows, columns}};
  }

  template <class B, class M, class G>
  void update(B& be, matrix<M> w, matrix<G const> g, std::span<matrix<M> const> state, update_call const& call) const {
    adamw_options o;
    o.rate = call.rate;
    o.beta1 = beta1, o.beta2 = beta2, o.epsilon = epsilon;
    o.weight_decay = call.decays ? weight_decay : 0;
    o.step = call.step + 1;
    o.gradient_scale = call.gradient_scale;
    be.adamw_update(w, g, state[0], state[1], o);
  }
};

}  // namespace flan
