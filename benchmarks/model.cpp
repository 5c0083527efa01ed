// Times whole-model work, and sets it beside what the machine can do, measured in turns with it.
//
// benchmark_model [--filter TEXT]: all works of each preset with random weights; a line each: the limit, the work's
// rate and its share of the limit (medians of the turns' own shares). model_counts.hpp says how operations and bytes
// are counted.
//
// benchmark_model --model DIR --work NAME: one work on a folder; peers.py sets it beside other libraries.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "benchmarks/measured_work.hpp"
#include "benchmarks/model_counts.hpp"
#include "benchmarks/model_works.hpp"
#include "benchmarks/process_facts.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using json = nlohmann::ordered_json;
using measured::limit;
using measured::measured_work;
using measured::median;
using measured::seconds;
using measured::suite;
using works::shape;

struct settings {
  std::string model, work, json;
  std::vector<std::string> presets{"flan_t5_small", "flan_t5_base"}, precisions{"f32"};
  std::string filter;
  int threads = 0, repeat = 5;
  shape one;
  bool on_demand = false, smoke = false;
};

/// f(precision) for the name of one. Another storage of weights is another line here.
template <class F>
void with_precision(std::string const& name, F&& f) {
  if (name == "f32") return f(flan::fp32{});
  if (name == "bf16") return f(flan::bf16_mixed{});
  if (name == "q8") return f(flan::q8_weights{});
  flan::fail("there is no precision ", name, " here");
}
std::vector<std::string> const known_precisions{"f32", "bf16", "q8"};

template <class P>
inline constexpr bool trains = flan::training_backend<flan::cpu_backend, P>;

// --- One work on a folder -------------------------------------------------------------------------------------------

/// Runs `work` once to warm up, then as often as asked, or once for each line of standard input; seconds go to standard
/// output as they are known. The line "memory" is answered by the most bytes that the process has held, "scores" by the
/// log-probabilities of the last run's tokens.
void run_one(settings const& s, std::function<void()> const& work, std::vector<double> const& scores) {
  work();
  if (s.on_demand) {
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
      if (line == "memory") {
        std::printf("%.0f\n", process_facts::peak_memory());
        std::fflush(stdout);
      } else if (line == "scores") {
        std::cout << json(scores).dump() << std::endl;
      } else {
        std::cout << seconds(work) << std::endl;
      }
    }
    return;
  }
  std::vector<double> times;
  for (int i = 0; i < s.repeat; ++i) times.push_back(seconds(work));
  json const report = {{"work", s.work},
                       {"model", s.model},
                       {"precision", s.precisions.front()},
                       {"threads", flan::threads()},
                       {"rows", s.one.rows},
                       {"input", s.one.input},
                       {"output", s.one.output},
                       {"beams", s.one.beams},
                       {"targets", s.one.targets},
                       {"seconds", times}};
  std::cout << report.dump() << '\n';
}

template <class P>
void one_work(settings const& s) {
  auto model = flan::load<flan::any_t5, P>(s.model);
  std::vector<double> scores;
  if (s.work == "encode") return run_one(s, works::encode(model, s.one), scores);
  if (s.work == "generate") return run_one(s, works::generate(model, s.one), scores);
  if (s.work == "score") return run_one(s, works::score(model, s.one, &scores), scores);
  if constexpr (trains<P>) {
    works::training<P> t(model, s.one);
    if (s.work == "update") {
      t.gradient();
      return run_one(
          s, [&] { t.update(); }, scores);
    }
    run_one(
        s, [&] { t.step(); }, scores);
  } else {
    flan::fail("a model in this precision cannot be trained");
  }
}

// --- All works ------------------------------------------------------------------------------------------------------

/// "4 x (512 + 128)"
std::string text(shape const& s, bool targets) {
  std::string const given = std::to_string(s.input);
  return std::to_string(s.rows) + " x " + (targets ? "(" + given + " + " + std::to_string(s.output) + ")" : given);
}

/// The shapes of the works; next to nothing for a smoke test.
struct shapes {
  shape encode{1, 512}, encode_many{8, 512}, greedy{1, 64, 64}, greedy_many{8, 64, 64}, score{8, 512, 16, 4},
      train{4, 512, 128};

  explicit shapes(bool smoke) {
    if (!smoke) return;
    for (shape* s : {&encode, &encode_many, &greedy, &greedy_many, &score, &train})
      s->input = 12, s->output = 4, s->rows = std::min<std::size_t>(s->rows, 2);
  }
};

template <class P>
void measure_inference(suite& all, works::model<P> const& model, std::string const& name, shapes const& of) {
  flan::t5_config const& c = model.config();
  auto const d = [](std::size_t n) { return static_cast<double>(n); };
  auto const timed = [](std::function<void()> work) { return [work] { return seconds(work); }; };
  for (shape const& s : {of.encode, of.encode_many}) {
    measured_work w{name + " encode " + text(s, false), limit::multiply_adds,
                    counts::encoder_flops(c, d(s.rows), d(s.input)), timed(works::encode(model, s))};
    if (all.wants(w.name)) all.measure(w);
  }
  // A token's time: what more tokens take longer, divided by their number; so without the encoder.
  auto const token_time = [&](shape s) {
    auto const many = works::generate(model, s);
    double const more = d(s.output - 1);
    s.output = 1;
    return [many, one = works::generate(model, s), more] { return (seconds(many) - seconds(one)) / more; };
  };
  for (shape const& s : {of.greedy, of.greedy_many}) {
    measured_work w{name + " greedy, a token, " + text(s, true), limit::reading,
                    counts::bytes_of_a_step(model.network()), token_time(s)};
    if (all.wants(w.name)) all.measure(w);
  }
  shape beams = of.greedy;
  beams.beams = 4;
  measured_work beam{name + " beam 4, " + text(beams, true),   limit::none, 0, timed(works::generate(model, beams)),
                     timed(works::generate(model, of.greedy)), "greedy"};
  if (all.wants(beam.name)) all.measure(beam);
  measured_work score{name + " score 4 targets of each, " + text(of.score, true), limit::multiply_adds,
                      counts::encoder_flops(c, d(of.score.rows), d(of.score.input)) +
                          counts::decoder_flops(c, d(of.score.rows * of.score.targets), d(of.score.output),
                                                d(of.score.rows), d(of.score.input)),
                      timed(works::score(model, of.score))};
  if (all.wants(score.name)) all.measure(score);
}

template <class P>
void measure_training(suite& all, flan::t5_config const& c, std::string const& name, shape const& s) {
  auto const d = [](std::size_t n) { return static_cast<double>(n); };
  std::string const what = ", " + text(s, true);
  measured_work gradient{name + " forward + backward" + what, limit::multiply_adds,
                         counts::gradient_flops(c, d(s.rows), d(s.input), d(s.output))};
  measured_work update{name + " adafactor, its least traffic", limit::updating,
                       counts::update_bytes(static_cast<double>(flan::parameter_count(c)))};
  measured_work passes{name + " adafactor, all that it passes over", limit::updating,
                       counts::update_bytes_passed_over(static_cast<double>(flan::parameter_count(c)))};
  measured_work step{name + " training step" + what};
  bool any = false;
  for (auto const* w : {&gradient, &update, &passes, &step}) any = any || all.wants(w->name);
  if (!any) return;
  auto model = works::random_model<P>(c);
  works::training<P> t(model, s);
  t.gradient();
  gradient.run = [&] { return seconds([&] { t.gradient(); }); };
  update.run = passes.run = [&] { return seconds([&] { t.update(); }); };
  step.run = [&] { return seconds([&] { t.step(); }); };
  for (auto const* w : {&gradient, &update, &passes, &step})
    if (all.wants(w->name)) all.measure(*w);
}

/// Memory and cold starts are those of processes of their own, on a folder that was just written: the page cache is
/// warm. Without a vocabulary, as peers.py has it.
template <class P>
void measure_processes(suite& all, works::model<P> const& model, std::string const& name, std::string const& precision,
                       shapes const& of, settings const& s) {
  std::string const cold = name + " cold start, first token", memory = name + " memory of generate",
                    training = name + " memory of a training step, " + text(of.train, true);
  if (!all.wants(cold) && !all.wants(memory) && !(trains<P> && all.wants(training))) return;
  flan::testing::temporary_folder const scratch;
  auto const folder = scratch.path / "model";
  works::save(model, folder);
  auto const run = [&](std::string const& work, shape const& shape) {
    return process_facts::run_self("--model '" + folder.string() + "' --precision " + precision + " --work " + work +
                                   " --rows " + std::to_string(shape.rows) + " --input " + std::to_string(shape.input) +
                                   " --output " + std::to_string(shape.output));
  };
  double const weights = counts::bytes_of_weights(model.network());
  if (all.wants(cold)) {
    shape first = of.greedy;
    first.output = 1;
    std::vector<double> times;
    run("generate", first);
    for (int i = 0; i < s.repeat; ++i) times.push_back(run("generate", first).seconds * 1e3);
    all.note(cold, median(times), "ms", "from the start of the process");
  }
  auto const against_weights = [&](double bytes) {
    return flan::sentence("weights have ", static_cast<long>(weights / 1048576),
                          " MiB: ", static_cast<long>(100 * bytes / weights), " % of them");
  };
  if (all.wants(memory)) {
    double const bytes = run("generate", of.greedy).memory;
    all.note(memory, bytes / 1048576, "MiB", against_weights(bytes));
  }
  if (trains<P> && all.wants(training)) {
    double const bytes = run("train", of.train).memory;
    all.note(training, bytes / 1048576, "MiB", against_weights(bytes));
  }
}

template <class P>
void measure_all(suite& all, flan::t5_config const& c, std::string const& preset, std::string const& precision,
                 settings const& s) {
  std::string const name = preset + ' ' + precision;
  shapes const of(s.smoke);
  {
    auto const model = works::random_model<P>(c);
    measure_inference(all, model, name, of);
    measure_processes(all, model, name, precision, of, s);
  }
  if constexpr (trains<P>) measure_training<P>(all, c, name, of.train);
}

void run_suite(settings s) {
  flan::t5_config small = flan::flan_t5_small;
  if (s.smoke) {
    small.vocabulary = 512, small.d_model = 64, small.d_kv = 16, small.d_ff = 128, small.heads = 4;
    small.layers = small.decoder_layers = 2;
    s.presets = {"smoke"}, s.repeat = 1;
  }
  suite all(s.filter, s.threads, s.repeat, s.smoke);
  for (auto const& preset : s.presets)
    for (auto const& precision : s.precisions)
      with_precision(precision, [&]<class P>(P) {
        measure_all<P>(all, s.smoke ? small : flan::t5_preset(preset), preset, precision, s);
      });
  if (all.rows().empty()) flan::fail("no work's name contains \"", s.filter, "\"");
  if (s.json.empty()) return;
  std::ofstream file(s.json);
  file << all.rows().dump(1) << '\n';
  if (!file.flush()) flan::fail("cannot write ", s.json);
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Times the encoder, generation, scoring and training of models, beside the machine's limits."};
  settings s;
  app.add_option("--preset", s.presets, "models with random weights")->delimiter(',')->capture_default_str();
  app.add_option("--precision", s.precisions, "of weights and activations")
      ->delimiter(',')
      ->check(CLI::IsMember(known_precisions))
      ->capture_default_str();
  app.add_option("--filter", s.filter, "works whose name contains this");
  app.add_option("--threads", s.threads, "default: one and all; with --work, what the system grants")
      ->check(CLI::PositiveNumber);
  auto* const repeat = app.add_option("--repeat", s.repeat, "timed turns")->check(CLI::PositiveNumber);
  app.add_option("--json", s.json, "write the results there as well")->type_name("FILE");
  app.add_flag("--smoke", s.smoke, "next to nothing of everything, to see that it works");
  auto* const model = app.add_option("--model", s.model, "one work on this folder")->type_name("DIR");
  auto* const work = app.add_option("--work", s.work, "which")
                         ->check(CLI::IsMember({"encode", "generate", "score", "train", "update"}))
                         ->needs(model);
  model->needs(work);
  app.add_option("--rows", s.one.rows, "of its batch")->check(CLI::PositiveNumber)->needs(work);
  app.add_option("--input", s.one.input, "tokens of each input")->check(CLI::PositiveNumber)->needs(work);
  app.add_option("--output", s.one.output, "tokens of each answer or target")->check(CLI::PositiveNumber)->needs(work);
  app.add_option("--beams", s.one.beams, "of a search")->check(CLI::PositiveNumber)->needs(work);
  app.add_option("--targets", s.one.targets, "to score of each input")->check(CLI::PositiveNumber)->needs(work);
  app.add_flag("--on-demand", s.on_demand, "a run for each line of standard input, for interleaving")
      ->needs(work)
      ->excludes(repeat);
  CLI11_PARSE(app, argc, argv);
  if (s.work.empty()) {
    run_suite(s);
    return 0;
  }
  if (s.threads > 0) flan::set_threads(s.threads);
  with_precision(s.precisions.front(), [&]<class P>(P) { one_work<P>(s); });
  return 0;
} catch (std::exception const& e) {
  std::cerr << "benchmark_model: " << e.what() << '\n';
  return 1;
}
