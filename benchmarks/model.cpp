// Times whole-model work on a folder, as its user would run it: peers.py sets it beside other libraries.

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "flan/core/parallel.hpp"
#include "flan/generate/load.hpp"
#include "flan/train/adafactor.hpp"
#include "flan/train/step.hpp"

namespace {

struct settings {
  std::string model, work = "encode", precision = "f32";
  int threads = 0, repeat = 5;
  std::size_t rows = 1, input = 512, output = 64;
  flan::extent beams = 1;
  bool on_demand = false;
};

/// Token ids that peers.py makes by the same formula; the last one is the end token.
std::vector<flan::token> ids(std::size_t count, std::size_t row) {
  std::vector<flan::token> v;
  for (std::size_t i = 0; i + 1 < count; ++i)
    v.push_back(static_cast<flan::token>(5 + (7919 * i + 104729 * row) % 300));
  v.push_back(1);
  return v;
}

std::vector<std::vector<flan::token>> rows_of_ids(settings const& s, std::size_t length) {
  std::vector<std::vector<flan::token>> rows;
  for (std::size_t r = 0; r < s.rows; ++r) rows.push_back(ids(length, r));
  return rows;
}

/// Runs `work` once to warm up, then as often as asked, or once for each line of standard input; seconds go to
/// standard output as they are known.
void measure(settings const& s, std::function<void()> const& work) {
  auto const once = [&] {
    auto const start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  once();
  if (s.on_demand) {
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) std::cout << once() << std::endl;
    return;
  }
  std::vector<double> seconds;
  for (int i = 0; i < s.repeat; ++i) seconds.push_back(once());
  nlohmann::ordered_json const report = {
      {"work", s.work},    {"model", s.model}, {"precision", s.precision}, {"threads", flan::threads()},
      {"rows", s.rows},    {"input", s.input}, {"output", s.output},       {"beams", s.beams},
      {"seconds", seconds}};
  std::cout << report.dump() << '\n';
}

template <class P>
void run(settings const& s) {
  auto model = flan::load<flan::any_t5, P>(s.model);
  if (s.work == "encode") {
    auto const inputs = rows_of_ids(s, s.input);
    measure(s, [&] { model.encode_ids(inputs); });
  } else if (s.work == "generate") {
    auto const inputs = rows_of_ids(s, s.input);
    auto const length = static_cast<flan::extent>(s.output);
    flan::generate_options const o{.max_tokens = length, .min_tokens = length, .beams = s.beams};
    measure(s, [&] {
      for (auto const& answers : model.generate_ids(inputs, o))
        if (answers.front().ids.size() != s.output) flan::fail("an answer ended early: this is not the work asked for");
    });
  } else if constexpr (!flan::trained_precision<P>) {
    flan::fail("weights in ", s.precision, " cannot be trained");
  } else {
    auto const inputs = rows_of_ids(s, s.input), targets = rows_of_ids(s, s.output);
    std::vector<flan::tokenized_example> examples;
    for (std::size_t r = 0; r < s.rows; ++r) examples.push_back({inputs[r], targets[r], r});
    flan::batch const b = flan::make_batch(examples, 0, 0);
    flan::step_settings o;
    o.dropout = model.config().dropout;
    flan::trainer<flan::t5<flan::any_t5, P>, flan::cpu_backend, flan::adafactor> t(model.network(), model.backend(), {},
                                                                                   o);
    measure(s, [&] { t.step({&b, 1}); });
  }
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Times the encoder, generation or a training step of a model."};
  settings s;
  app.add_option("--model", s.model, "folder of a T5-family model")->required()->type_name("DIR");
  app.add_option("--work", s.work, "what to time")->check(CLI::IsMember({"encode", "generate", "train"}));
  app.add_option("--precision", s.precision, "of weights and activations")->check(CLI::IsMember({"f32", "bf16", "q8"}));
  app.add_option("--threads", s.threads, "default: what the system grants")->check(CLI::PositiveNumber);
  app.add_option("--rows", s.rows, "of the batch")->check(CLI::PositiveNumber);
  app.add_option("--input", s.input, "tokens of each input")->check(CLI::PositiveNumber);
  app.add_option("--output", s.output, "tokens of each answer or target")->check(CLI::PositiveNumber);
  app.add_option("--beams", s.beams, "of a search")->check(CLI::PositiveNumber);
  auto* const repeat = app.add_option("--repeat", s.repeat, "timed runs")->check(CLI::PositiveNumber);
  app.add_flag("--on-demand", s.on_demand, "a run for each line of standard input, for interleaving")->excludes(repeat);
  CLI11_PARSE(app, argc, argv);
  if (s.threads > 0) flan::set_threads(s.threads);
  if (s.precision == "bf16") {
    run<flan::bf16_mixed>(s);
  } else if (s.precision == "q8") {
    run<flan::q8_weights>(s);
  } else {
    run<flan::fp32>(s);
  }
  return 0;
} catch (std::exception const& e) {
  std::cerr << "benchmark_model: " << e.what() << '\n';
  return 1;
}
