#pragma once
/// One optimizer step, and the memory that steps reuse: masters, gradients, optimizer state.

#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "flan/backend/concept.hpp"
#include "flan/layer/parameters.hpp"
#include "flan/model/t5.hpp"
#include "flan/train/clip.hpp"
#include "flan/train/optimizer.hpp"
#include "flan/train/schedule.hpp"
#include "flan/train/upload.hpp"

namespace flan {

/// What decides a step, beside the model, the examples and the optimizer.
struct step_settings {
  extent steps = 1'000;  ///< of the whole run: where decaying schedules end
  flan::schedule schedule = constant_rate{};
  double clip = 0;  ///< the largest global norm of a step's gradient; 0: no clipping
  double z_loss = 0, label_smoothing = 0;
  double dropout = 0;
  bool recompute = false;
  std::uint64_t seed = 0;
};

/// What one step did.
struct step_report {
  extent step = 0;           ///< steps made so far, this one included
  double loss = 0;           ///< mean over the step's target tokens, z-loss and smoothing included
  double gradient_norm = 0;  ///< before clipping
  double rate = 0;
  extent target_tokens = 0, real_tokens = 0, positions = 0;
};

/// A model under training on one backend. Needs the model for itself: its parameters change in place.
template <class M, class B, optimizer O>
class trainer {
 public:
  using P = typename M::precision_type;
  using F = typename P::wide;
  using master = typename P::master;
  using gradient_model = gradient_of<M>;
  using master_model = master_of<M>;
  static_assert(trained_precision<P>, "quantised weights cannot be trained: load the model in float or bf16");
  static_assert(training_backend<B, P>, "this backend lacks an op of training in this precision");
  static_assert(std::is_same_v<master, wide_t<master>>,
                "masters must be as wide as the arithmetic: a narrow one rounds small updates away");
  static_assert(optimizer_on<O, B, master, typename P::gradient>,
                "the optimizer has no update for this backend's masters and gradients");

  /// The optimizer's state of one parameter.
  struct parameter_state {
    std::vector<state_slot> slots;
    std::vector<weight<master>> values;
    std::vector<matrix<master>> views;
    tensor<double> row_squares{};  ///< [1, rows] where the optimizer wants it; no part of checkpoints
  };

  /// Takes a copy of the backend: it shares the device and has its own workspace. Borrowed and packed parameters of the
  /// model become owned, row-major ones.
  trainer(M& model, B const& backend, O optimizer, step_settings const& settings)
      : model_(model),
        backend_(backend),
        optimizer_(std::move(optimizer)),
        settings_(settings),
        masters_(model.config()),
        gradient_(model.config()),
        sum_(backend_, 1, 1) {
    own_parameters(backend_, model_);
    backend_.synchronize();  // sessions of others read these weights, also where what follows finds no memory
    allocate_parameters(backend_, gradient_);
    for_each_parameter(
        [&](std::string const&, auto& m, auto& w) {
          using W = typename std::remove_cvref_t<decltype(w)>::value_type;
          using V = typename std::remove_cvref_t<decltype(m)>::value_type;
          if constexpr (std::is_same_v<W, V>) {
            m = w;  // wide enough to be its own master
          } else {
            m = backend_.template allocate_weight<V>(w.rows, w.columns);
            backend_.copy(m.values(), in(w.values()));
          }
          parameter_state s;
          s.slots = optimizer_.slots(w.rows, w.columns);
          for (auto const& slot : s.slots) {
            s.values.push_back(backend_.template allocate_weight<master>(slot.rows, slot.columns));
            s.views.push_back(s.values.back().values());
          }
          if constexpr (requires { O::wants_row_squares; })
            if (w.rows > 1) s.row_squares = tensor<double>(backend_, 1, w.rows);
          state_.push_back(std::move(s));
        },
        masters_, model_);
  }
  trainer(trainer const&) = delete;
  trainer& operator=(trainer const&) = delete;

  /// One update from the gradient of the mean loss over all target tokens of the micro-batches. Nothing is allocated
  /// once a step of the same extents has run. Throws, before anything changed, when the loss or the gradient is not
  /// finite. On return every session over the model sees the new weights.
  step_report step(std::span<batch const> batches) {
    step_report r;
    for (auto const& b : batches) {
      r.target_tokens += b.target_tokens;
      r.real_tokens += real_tokens(b);
      r.positions += b.positions();
    }
    if (r.target_tokens == 0) fail("step ", step_ + 1, " has no target token to learn from");
    r.loss = accumulate_gradient(batches, r.target_tokens);
    if (!std::isfinite(r.loss))
      fail("the loss of step ", step_ + 1, " is ", r.loss,
           ": training has diverged; a lower rate, a longer warm-up, clipping or f32 may help");
    r.gradient_norm = gradient_norm(backend_, gradient_, flat(sum_.view));
    if (!std::isfinite(r.gradient_norm))
      fail("the gradient's norm in step ", step_ + 1, " is ", r.gradient_norm, " (the loss is ", r.loss,
           "): training has diverged; a lower rate, a longer warm-up or clipping may help");
    r.rate = optimizer_.rate * rate_factor(settings_.schedule, step_, settings_.steps);
    update(r.rate, clip_factor(r.gradient_norm, settings_.clip));
    backend_.synchronize();
    r.step = ++step_;
    return r;
  }

  /// The mean loss over the target tokens of held-out examples: cross-entropy alone, without dropout.
  double evaluate(std::span<batch const> batches) {
    double sum = 0;
    extent tokens = 0;
    for (auto const& b : batches) {
      sum += loss_of<gradient_model>(b, step_options{}, nullptr);
      tokens += b.target_tokens;
    }
    return tokens ? sum / static_cast<double>(tokens) : 0;
  }

  /// Adds the gradient of the mean loss over `target_tokens` tokens to a gradient of zero; the mean loss.
  double accumulate_gradient(std::span<batch const> batches, extent target_tokens) {
    for_each_weight([&](auto& g) { backend_.fill(g.values(), 0.0); }, gradient_);
    step_options o;
    o.loss.z_loss = settings_.z_loss;
    o.loss.label_smoothing = settings_.label_smoothing;
    o.loss.gradient_scale = 1 / static_cast<double>(target_tokens);
    o.dropout = {settings_.dropout, key_of(settings_.seed, static_cast<std::uint64_t>(step_))};
    o.recompute = settings_.recompute;
    double sum = 0;
    for (auto const& b : batches) sum += loss_of(b, o, &gradient_);
    return sum / static_cast<double>(target_tokens);
  }

  /// Updates every parameter from the gradient that is there, multiplied by `gradient_scale`; counts no step.
  void update(double rate, double gradient_scale = 1) {
    update_call call{step_, rate, gradient_scale};
    std::size_t i = 0;
    call.squares_known = std::exchange(squares_known_, false);  // nor after an update that was left in its middle
    for_each_weight(
        [&](auto& m, auto& g, auto& w) {
          auto const& s = state_[i++];
          call.decays = m.rows > 1;
          call.row_squares = flat(s.row_squares.view);
          optimizer_.update(backend_, m.values(), in(g.values()), std::span<matrix<master> const>(s.views), call);
          narrow_into(w, m);
        },
        masters_, gradient_, model_);
    squares_known_ = true;
  }

  /// f(name, master, optimizer state) for every parameter: what a checkpoint holds.
  template <class Visit>
  void for_each_state(Visit&& f) {
    squares_known_ = false;  // f may write to masters
    std::size_t i = 0;
    for_each_parameter([&](std::string const& name, auto& m) { f(name, m, state_[i++]); }, masters_);
  }
  /// Call after masters were overwritten: brings the model's own weights up to date.
  void refresh_weights() {
    for_each_parameter([&](std::string const&, auto& m, auto& w) { narrow_into(w, m); }, masters_, model_);
  }

  extent steps_made() const { return step_; }
  void set_steps_made(extent step) { step_ = step; }
  B& backend() { return backend_; }
  M& model() {
    squares_known_ = false;  // its weights may be masters
    return model_;
  }
  master_model& masters() {
    squares_known_ = false;
    return masters_;
  }
  gradient_model& gradient() { return gradient_; }
  O const& rule() const { return optimizer_; }
  step_settings const& settings() const { return settings_; }

 private:
  template <class G>
  double loss_of(batch const& b, step_options const& o, G* gradient) {
    if (b.rows == 0) return 0;
    frame f(backend_);
    auto const device = upload_(backend_, b, model_.config());
    auto const losses = f.template make_vector<F>(device.targets.count());
    model_.loss(backend_, losses, device, o, gradient, &trace_);
    host_losses_.resize(static_cast<std::size_t>(losses.size));
    backend_.download(host_losses_.data(), losses.data, host_losses_.size() * sizeof(F));
    double sum = 0;
    for (F const x : host_losses_) sum += static_cast<double>(x);
    return sum;
  }

  template <class W, class V>
  void narrow_into(weight<W>& w, weight<V>& m) {
    if constexpr (!std::is_same_v<W, V>) backend_.copy(w.values(), in(m.values()));
  }

  M& model_;
  B backend_;
  O optimizer_;
  step_settings settings_;
  master_model masters_;
  gradient_model gradient_;
  std::vector<parameter_state> state_;
  tensor<double> sum_;
  batch_upload upload_;
  typename M::trace trace_;
  std::vector<F> host_losses_;
  extent step_ = 0;
  bool squares_known_ = false;  ///< the states' row_squares are those of the masters as they are
};

}  // namespace flan
