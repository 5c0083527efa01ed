#pragma once
/// Finetuning a model on a mixture: `flan::finetune(model, train, {.steps = 1'000})`.

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "flan/data/mixture.hpp"
#include "flan/generate/text_model.hpp"
#include "flan/train/checkpoints.hpp"
#include "flan/train/finetune_options.hpp"
#include "flan/train/state.hpp"

namespace flan {
namespace detail {

/// A hash of what every token reads as.
inline std::uint64_t vocabulary_fingerprint(any_tokenizer const& t) {
  fingerprinter f;
  f.add(static_cast<std::uint64_t>(t.vocabulary_size()));
  std::string piece;
  for (token id = 0; id < t.vocabulary_size(); ++id) {
    piece.clear();
    t.append_piece(piece, id, false, false);
    f.add(std::string_view(piece));
  }
  return f.value();
}

/// All that decides the weights a run ends with, but for the weights it began with: those are in the checkpoint.
template <class P, optimizer O>
run_facts facts_of(std::uint64_t data, any_tokenizer const& tokenizer, t5_config const& c, finetune_options const& o,
                   O const& rule) {
  run_facts f;
  f["data and templates"] = fact_text(data);
  f["vocabulary"] = fact_text(vocabulary_fingerprint(tokenizer));
  each_decisive_field(c, c, [&](std::string_view key, auto const& value, auto const&) {
    f["model." + std::string(key)] = field_text(value);
  });
  f["precision"] = sentence(number_name<typename P::weight>, ' ', number_name<typename P::activation>, ' ',
                            number_name<typename P::gradient>, ' ', number_name<typename P::master>);
  f["batch_tokens"] = fact_text(o.batch_tokens), f["accumulate"] = fact_text(o.accumulate);
  f["max_input"] = fact_text(o.max_input), f["max_target"] = fact_text(o.max_target);
  f["packing"] = o.packing == packing::off ? "off" : o.packing == packing::greedy ? "greedy" : "best fit";
  f["clip"] = fact_text(o.clip), f["z_loss"] = fact_text(o.z_loss);
  f["label_smoothing"] = fact_text(o.label_smoothing);
  f["dropout"] = fact_text(o.dropout.value_or(c.dropout));
  f["seed"] = fact_text(o.seed);
  add_facts(f, "optimizer", rule);
  std::visit([&](auto const& s) { add_facts(f, "schedule", s); }, o.schedule);
  bool const ends =
      std::holds_alternative<linear_decay>(o.schedule) || std::holds_alternative<cosine_decay>(o.schedule);
  if (ends) f["steps"] = fact_text(o.steps);  // other runs may be prolonged
  return f;
}

/// A mixture as what a run learns from.
struct mixture_lessons {
  static constexpr double stride = 1;  // positions of an example
  mixture const& data;
  std::uint64_t fingerprint() const { return data.fingerprint(); }
  batcher batches(any_tokenizer const& tokenizer, std::uint64_t seed, batch_options const& o, std::uint64_t position,
                  pipeline_options const& p) const {
    return {data, tokenizer, seed, o, position, {}, p};
  }
};

/// The loop: steps, evaluations, checkpoints. `write_more(folder, masters)` adds to a checkpoint what makes it a
/// model's folder.
template <class Trainer, class Lessons, class WriteMore>
finetune_result finetune_loop(Trainer& t, any_tokenizer const& tokenizer, Lessons const& lessons,
                              finetune_options const& o, WriteMore&& write_more) {
  auto const& c = t.model().config();
  batch_options const batching = batching_of(o, static_cast<token>(c.start_id));
  using P = typename Trainer::P;
  finetune_result result;
  run_position at;
  std::optional<checkpoints> saved;
  run_facts facts;
  if (!o.output.empty()) {
    saved.emplace(o.output);
    facts = facts_of<P>(lessons.fingerprint(), tokenizer, c, o, t.rule());
    auto const latest = saved->latest();
    if (latest && !o.resume)
      fail("there are checkpoints of an earlier run in ", o.output.string(),
           ": resume it, choose another folder, or remove them");
    saved->remove_leftovers();
    if (latest) at = read_state(*latest, t, facts, o.batch_tokens, Lessons::stride);
    result.resumed_from = result.step = at.step;
  }
  auto const save = [&] {
    saved->save(at.step, o.keep, [&](std::filesystem::path const& folder) {
      write_state(folder, t, at, facts);
      write_more(folder, t.masters());
    });
  };
  batch_options alone = batching;  // evaluation needs no gradients: its batches are a micro-batch's size
  alone.batch_tokens /= std::max<extent>(alone.accumulate, 1);
  auto const held_out = make_batches(std::span<example const>(o.held_out), tokenizer, alone);
  batcher batches = lessons.batches(tokenizer, o.seed, batching, at.sample, {.threads = o.feed_threads});
  auto const asked_to_stop = [&] { return o.stop && o.stop->load(std::memory_order_relaxed); };

  pace speed;
  while (at.step < o.steps && !result.stopped) {
    pace::timer const timer;
    auto const step = batches.next();
    auto const r = t.step(step.batches);
    at = {r.step, step.position};
    result.step = r.step, result.loss = r.loss;
    result.truncated += step.truncated, result.skipped += step.skipped;
    speed.count(timer, r.real_tokens);
    if (o.on_step)
      o.on_step({r.step, o.steps, r.loss, r.gradient_norm, r.rate, r.real_tokens, speed.tokens_per_second(),
                 speed.seconds(), speed.seconds_for(o.steps - r.step), result.truncated, result.skipped,
                 &batches.statistics()});
    bool const last = at.step == o.steps;
    result.stopped = !last && asked_to_stop();
    bool const due = o.evaluate_every > 0 && at.step % o.evaluate_every == 0;
    if (!held_out.empty() && (due || last) && !result.stopped) {
      result.held_out_loss = t.evaluate(held_out);
      if (o.on_evaluation) o.on_evaluation({at.step, o.steps, *result.held_out_loss});
    }
    if (saved && (result.stopped || (o.save_every > 0 && (last || at.step % o.save_every == 0)))) save();
  }
  result.fed = batches.statistics();
  return result;
}

template <auto const& C, class P, class B, optimizer O, class Lessons>
finetune_result finetune_on(text_model<C, P, B>& model, Lessons const& lessons, finetune_options const& options,
                            O rule) {
  check(options);
  check_rule(rule);
  any_tokenizer const& tokenizer = model.tokenizer();
  auto& network = model.network();
  bool packed = false;
  for_each_parameter([&](std::string const&, auto const& w) { packed = packed || w.format == layout::packed; },
                     std::as_const(network));
  auto const go = [&] {
    trainer<t5<C, P>, B, O> t(network, model.backend(), std::move(rule), settings_of(options, model.config()));
    return finetune_loop(t, tokenizer, lessons, options, [&](std::filesystem::path const& folder, auto const& masters) {
      number_format const format = format_of<typename P::master>;
      write_file(folder / "config.json", config_text(masters.config(), format, model.originals().config));
      write_file(folder / "generation_config.json",
                 generation_config_text(model.defaults(), model.originals().generation));
      tokenizer.save(folder);
    });
  };
  finetune_result result;
  try {
    result = go();
  } catch (...) {
    if (packed) model.pack();
    throw;
  }
  if (packed) model.pack();
  return result;
}

}  // namespace detail

/// Trains the model in place. Borrowed and packed weights become owned ones first; a packed model is packed again when
/// this returns or throws. Nothing else may use the model meanwhile, but for the options' functions, which run between
/// steps. With options.output, checkpoints are saved there (folders that `load` and transformers open), and a run
/// resumes from the latest bit for bit: on the same instruction set it ends with the weights that an uninterrupted run
/// ends with. Sources and templates are read by options.feed_threads of the run's own, or between steps where there are
/// none. Throws flan::error for options that make no sense, a resumption whose data, templates or options differ,
/// a loss that is not finite, and what reading and saving throw.
template <auto const& C, class P, class B, optimizer O>
finetune_result finetune(text_model<C, P, B>& model, mixture const& train, finetune_options const& options, O rule) {
  return detail::finetune_on(model, detail::mixture_lessons{train}, options, std::move(rule));
}

/// The same with the optimizer that the options name.
template <auto const& C, class P, class B>
finetune_result finetune(text_model<C, P, B>& model, mixture const& train, finetune_options const& options = {}) {
  return std::visit([&](auto const& rule) { return finetune(model, train, options, rule); }, options.optimizer);
}

}  // namespace flan
