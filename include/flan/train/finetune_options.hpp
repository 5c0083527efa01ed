#pragma once
/// How a run of finetuning goes.

#include <atomic>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "flan/data/batching.hpp"
#include "flan/data/feed_statistics.hpp"
#include "flan/train/adafactor.hpp"
#include "flan/train/adamw.hpp"
#include "flan/train/progress.hpp"
#include "flan/train/schedule.hpp"
#include "flan/train/step.hpp"

namespace flan {

struct finetune_options {
  extent steps = 1'000;                        ///< optimizer steps of the whole run, those before a resumption included
  extent batch_tokens = 8'192;                 ///< encoder and decoder positions of a step, padding included, at most
  extent accumulate = 1;                       ///< micro-batches of a step: less memory, the same gradient
  extent max_input = 512;                      ///< tokens of an input, its end token included; longer ones are cut
  extent max_target = 128;                     ///< tokens of a target, likewise
  flan::packing packing = flan::packing::off;  ///< several examples to a row of max_input and max_target tokens
  std::variant<adafactor, adamw> optimizer = adafactor{};  ///< one of your own: finetune's fourth argument
  flan::schedule schedule = constant_rate{};
  double clip = 0;  ///< the largest global norm of a step's gradient; 0: no clipping
  double z_loss = 0;
  double label_smoothing = 0;       ///< torch's definition
  std::optional<double> dropout{};  ///< else the configuration's
  bool recompute = false;           ///< keep blocks' inputs alone and run them again in backward: less memory
  std::uint64_t seed = 0;           ///< of the order of examples and of dropout
  int feed_threads = 1;             ///< that make examples ahead of training; 0: none. What is learnt stays the same
  std::vector<example> held_out{};  ///< to evaluate on
  extent evaluate_every = 0;        ///< steps; 0: only at the end, and only when there is something held out
  std::filesystem::path output{};   ///< the folder of checkpoints; empty: none are saved
  extent save_every = 0;            ///< steps, and then at the end too; 0: only when stopped
  extent keep = 3;                  ///< the last checkpoints that stay; 0: all
  bool resume = false;              ///< go on from the latest checkpoint in `output`, if there is one
  std::atomic<bool> const* stop{};  ///< when it turns true (a signal handler may do that) the run saves and returns
  // Called between steps: they may generate with the model, and throw.
  std::function<void(progress const&)> on_step{};
  std::function<void(evaluation const&)> on_evaluation{};
};

/// How a run ended.
struct finetune_result {
  extent step = 0;                        ///< steps made in all
  double loss = 0;                        ///< of the last step; 0 when a resumed run had none left to make
  bool stopped = false;                   ///< by options.stop, before its last step
  extent resumed_from = 0;                ///< the step of the checkpoint that it went on from
  std::optional<double> held_out_loss{};  ///< of the last evaluation
  extent truncated = 0;   ///< inputs and targets cut to max_input or max_target, in the steps after `resumed_from`
  extent skipped = 0;     ///< examples left out of those steps: their target is empty, or their question over the limit
                          ///< of `pruned`
  feed_statistics fed{};  ///< what those steps were made of, by task
};

namespace detail {

inline void at_least(std::string_view name, extent value, extent least) {
  if (value < least) fail("the option ", name, " should be at least ", least, ", but is ", value);
}
inline void between(std::string_view name, double value, double low, double high) {
  if (!(value >= low && value < high))  // so is no NaN
    fail("the option ", name, " should be a number from ", low, " to below ", high, ", but is ", value);
}
inline void positive(std::string_view name, double value) {
  if (!(value > 0 && value < 1e30)) fail("the option ", name, " should be a number above 0, but is ", value);
}

inline void check_rule(adafactor const& r) {
  positive("adafactor.rate", r.rate);
  between("adafactor.weight_decay", r.weight_decay, 0, 1);
  positive("adafactor.decay", r.decay);
  positive("adafactor.clip_threshold", r.clip_threshold);
  positive("adafactor.epsilon_squared", r.epsilon_squared);
  between("adafactor.epsilon_scale", r.epsilon_scale, 0, 1e30);
  at_least("adafactor.least_factored", r.least_factored, 1);
}
inline void check_rule(adamw const& r) {
  positive("adamw.rate", r.rate);
  between("adamw.weight_decay", r.weight_decay, 0, 1e30);
  between("adamw.beta1", r.beta1, 0, 1);
  between("adamw.beta2", r.beta2, 0, 1);
  positive("adamw.epsilon", r.epsilon);
}
/// What the settings of somebody's own rule may be, nobody else knows.
template <class Rule>
void check_rule(Rule const&) {}

inline void check_schedule(constant_rate const&) {}
inline void check_schedule(linear_decay const& s) { between("linear_decay.end", s.end, 0, 1e30); }
inline void check_schedule(cosine_decay const& s) { between("cosine_decay.end", s.end, 0, 1e30); }
inline void check_schedule(inverse_square_root const& s) { at_least("inverse_square_root.flat", s.flat, 1); }

inline void check(finetune_options const& o) {
  at_least("steps", o.steps, 1);
  at_least("evaluate_every", o.evaluate_every, 0);
  at_least("save_every", o.save_every, 0);
  at_least("keep", o.keep, 0);
  at_least("feed_threads", o.feed_threads, 0);
  between("clip", o.clip, 0, 1e30);
  between("z_loss", o.z_loss, 0, 1e30);
  between("label_smoothing", o.label_smoothing, 0, 1);
  if (o.dropout) between("dropout", *o.dropout, 0, 1);
  std::visit(
      [](auto const& s) {
        if (s.warmup < 0) fail("warm-up should take 0 steps or more, but is ", s.warmup);
        check_schedule(s);
      },
      o.schedule);
  if (o.evaluate_every > 0 && o.held_out.empty()) fail("evaluate_every is set, but nothing is held out to evaluate on");
  if (o.output.empty() && (o.save_every > 0 || o.resume))
    fail(o.resume ? "to resume" : "to save checkpoints",
         " a run needs the option output, the folder of its checkpoints");
}

inline batch_options batching_of(finetune_options const& o, token start) {
  return {o.batch_tokens, o.accumulate, o.max_input, o.max_target, start, o.packing};
}

inline step_settings settings_of(finetune_options const& o, t5_config const& c) {
  return {o.steps, o.schedule, o.clip, o.z_loss, o.label_smoothing, o.dropout.value_or(c.dropout), o.recompute, o.seed};
}

}  // namespace detail
}  // namespace flan
