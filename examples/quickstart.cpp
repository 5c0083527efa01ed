// A small T5 learns ten instruction tasks from nothing, in some minutes and without any file: tasks with several
// wordings, some with a chain of thought; a vocabulary made from them; finetuning; tests on unseen inputs and on unseen
// wordings; a folder that is saved, loaded and asked. Everything it does, a program of yours can do with its own
// records.

#include <sentencepiece_trainer.h>

#include <chrono>
#include <cstdlib>
#include <flan/flan.hpp>
#include <iostream>

#include "quickstart/chart.hpp"
#include "quickstart/tasks.hpp"
#include "quickstart/vocabulary.hpp"

namespace {

using namespace quickstart;

/// The shape is known to the compiler, as flan::flan_t5_small's is.
inline constexpr flan::t5_config nano_t5{.vocabulary = 512,
                                         .d_model = 128,
                                         .d_kv = 32,
                                         .d_ff = 256,
                                         .layers = 2,
                                         .decoder_layers = 2,
                                         .heads = 4,
                                         .buckets = 32,
                                         .max_distance = 64,
                                         .epsilon = 1e-6,
                                         .activation = flan::activation::gelu_new,
                                         .gated = flan::flag::yes,
                                         .tied = flan::flag::no,
                                         .scaled = flan::flag::no,
                                         .per_block_bias = flan::flag::no,
                                         .dropout = 0};

struct settings {
  flan::extent steps = 4'000;
  std::uint64_t seed = 1;
  std::string output = "quickstart-model";
};

void print_help() {
  settings const s;
  std::cout
      << "usage: quickstart [--steps N] [--seed N] [--output DIR]\n\n"
         "Finetunes a small T5 from nothing on ten instruction tasks and tests it on inputs and wordings that it\n"
         "has not seen. Writes the model and its loss curve to DIR.\n\n"
         "  --steps N     optimizer steps (default "
      << s.steps << ")\n  --seed N      of the tasks, the weights and the order of examples (default " << s.seed
      << ")\n  --output DIR  where to save (default " << s.output << ")\n";
}

/// Wrong usage: the exit status tells it from a failure.
struct usage_error : flan::error {
  using flan::error::error;
};
template <class... Parts>
[[noreturn]] void misused(Parts const&... parts) {
  throw usage_error(flan::sentence(parts..., "; see --help"));
}

settings parse(int count, char** arguments) {
  settings s;
  for (int i = 1; i < count; ++i) {
    std::string const name = arguments[i];
    if (name == "--help" || name == "-h") {
      print_help();
      std::exit(0);
    }
    if (name != "--steps" && name != "--seed" && name != "--output") misused("unknown argument ", name);
    if (++i == count) misused(name, " needs a value");
    std::string const value = arguments[i];
    if (name == "--output") {
      s.output = value;
      continue;
    }
    char* end = nullptr;
    auto const number = std::strtoll(value.c_str(), &end, 10);
    if (value.empty() || *end != '\0' || number < (name == "--steps" ? 1 : 0))
      misused(name, " needs a number, not \"", value, "\"");
    if (name == "--steps") s.steps = static_cast<flan::extent>(number);
    if (name == "--seed") s.seed = static_cast<std::uint64_t>(number);
  }
  return s;
}

/// The share of questions whose answer is the wanted text, character by character.
template <class Model>
double exact_match(Model const& model, std::vector<flan::shot> const& shots) {
  std::vector<std::string> questions;
  for (auto const& s : shots) questions.push_back(s.input);
  auto const answers = model.generate(questions, {.max_tokens = 64});
  std::size_t right = 0;
  for (std::size_t i = 0; i < shots.size(); ++i) right += answers[i] == shots[i].target;
  return static_cast<double>(right) / static_cast<double>(shots.size());
}

struct scores {
  std::vector<double> seen, unseen;
};
template <class Model>
scores test(Model const& model, suite const& s) {
  scores r;
  for (auto const& t : s.tests) {
    r.seen.push_back(exact_match(model, t.seen));
    r.unseen.push_back(exact_match(model, t.unseen));
  }
  return r;
}

double mean(std::vector<double> const& v) {
  double sum = 0;
  for (double const x : v) sum += x;
  return sum / static_cast<double>(v.size());
}

void print(suite const& s, scores const& before, scores const& after) {
  auto const line = [](std::string const& name, double a, double b, double c, double d) {
    std::printf("  %-24s %5.0f %% %8.0f %% %11.0f %% %8.0f %%\n", name.c_str(), 100 * a, 100 * b, 100 * c, 100 * d);
  };
  std::printf("\nexact match on unseen inputs   known wordings         new wordings\n");
  std::printf("  %-24s  before    after      before    after\n", "");
  for (std::size_t i = 0; i < s.tests.size(); ++i)
    line(s.tests[i].name, before.seen[i], after.seen[i], before.unseen[i], after.unseen[i]);
  line("average", mean(before.seen), mean(after.seen), mean(before.unseen), mean(after.unseen));
}

/// What would only show after minutes of training must show now.
void check_output(std::filesystem::path const& output) {
  namespace fs = std::filesystem;
  if (fs::exists(output) && !fs::is_directory(output)) flan::fail("--output ", output.string(), " is a file");
  if (fs::exists(output) && !fs::is_empty(output) && !fs::exists(output / "config.json"))
    flan::fail("--output ", output.string(), " holds files but no model, so nothing is saved over it: name another");
}

void run(settings const& o) {
  check_output(o.output);
  auto const tasks = make_suite(o.seed);
  auto const vocabulary = train_vocabulary(tasks.texts, nano_t5.vocabulary);
  std::cout << tasks.tasks.size() << " tasks, a vocabulary of " << vocabulary.vocabulary_size() << " pieces, "
            << flan::parameter_count(nano_t5) << " parameters, " << flan::threads() << " threads\n";

  auto model = flan::fresh_model<nano_t5>(vocabulary, o.seed);
  model.pack();
  auto const before = test(model, tasks);

  std::vector<double> losses;
  flan::progress_line line;
  auto const begin = std::chrono::steady_clock::now();
  flan::finetune(model, flan::mixture(flan::proportional{}, tasks.tasks),
                 {.steps = o.steps,
                  .batch_tokens = 2'048,
                  .accumulate = 2,
                  .max_input = 96,
                  .max_target = 64,
                  .optimizer = flan::adafactor{.rate = 2e-2},
                  .schedule = flan::linear_decay{.warmup = 100, .end = 0.02},
                  .dropout = 0,
                  .seed = o.seed,
                  .on_step = [&](flan::progress const& p) {
                    losses.push_back(p.loss);
                    line(p);
                  }});
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::cout << '\n' << terminal_chart(losses, "loss over " + std::to_string(o.steps) + " steps");
  print(tasks, before, test(model, tasks));
  std::cout << "\nfinetuned in " << flan::duration_text(seconds) << '\n';

  model.save(o.output);
  write_svg(std::filesystem::path(o.output) / "loss.svg", losses, "loss over " + std::to_string(o.steps) + " steps");
  std::cout << "saved to " << o.output << " (loss.svg is there too); loaded again, it answers:\n";
  auto const again = flan::load<nano_t5>(o.output);
  for (std::size_t const i : {0u, 2u, 3u, 7u, 9u})
    std::cout << "\n> " << tasks.tests[i].unseen[0].input << "\n"
              << again.generate(tasks.tests[i].unseen[0].input, {.max_tokens = 64}) << '\n';
}

}  // namespace

int main(int count, char** arguments) {
  try {
    run(parse(count, arguments));
  } catch (usage_error const& e) {
    std::cerr << "quickstart: " << e.what() << '\n';
    return 2;
  } catch (std::exception const& e) {
    std::cerr << "quickstart: " << e.what() << '\n';
    return 1;
  }
}
