#pragma once
/// What an optimizer is: its settings, the state it keeps per parameter, and one step on one parameter. The library
/// allocates, saves and restores the state; the optimizer only names it.

#include <concepts>
#include <span>
#include <string_view>
#include <vector>

#include "flan/tensor/view.hpp"

namespace flan {

/// One matrix of an optimizer's state for one parameter; zero before the first step. Names are part of checkpoints.
struct state_slot {
  std::string_view name;
  extent rows, columns;
};

/// What one update is told beside the parameter, its gradient and its state.
struct update_call {
  extent step = 0;                    ///< updates made before this one
  double rate = 0;                    ///< the optimizer's rate times the schedule's factor
  double gradient_scale = 1;          ///< multiplies the gradient first (global-norm clipping)
  bool decays = true;                 ///< false for the gains of norms: decay would pull them to zero
  vector_view<double> row_squares{};  ///< see adafactor_options; for optimizers with `wants_row_squares`
  bool squares_known = false;
};

/// - O::name: for messages and checkpoints, which an optimizer of another name refuses
/// - rate: the peak learning rate
/// - slots(rows, columns): the state of a parameter of that shape
/// - update(backend, w, g, state, call): one step on matrix w in place; `state` has one matrix per slot
/// - wants_row_squares, a static bool: may be left out
/// Settings that are listed in `members` are compared when a run is resumed.
template <class O>
concept optimizer = std::copy_constructible<O> && requires(O const o, extent n) {
  { O::name } -> std::convertible_to<std::string_view>;
  { o.rate } -> std::convertible_to<double>;
  { o.slots(n, n) } -> std::same_as<std::vector<state_slot>>;
};

/// An optimizer that can update masters of type M from gradients of type G on backend B.
template <class O, class B, class M, class G>
concept optimizer_on = optimizer<O> &&
    requires(O const o, B be, matrix<M> w, matrix<G const> g, std::span<matrix<M> const> state, update_call call) {
  o.update(be, w, g, state, call);
};

}  // namespace flan
