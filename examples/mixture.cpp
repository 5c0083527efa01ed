// Looks at mixtures of tasks: what is in one, what its examples read like, how long they are; writes them to a file.
//
//   mixture show tasks.json
//   mixture sample tasks.json --count 3
//   mixture show --preset flan2022_b --data DIR

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

#include "mixture/open.hpp"
#include "mixture/sample.hpp"
#include "mixture/show.hpp"
#include "mixture/stats.hpp"
#include "support/numbers.hpp"

namespace {

using namespace mixture_program;

char const* const footer = "Exit status: 0 success, 1 failure, 2 wrong usage.";

CLI::Option* add_vocabulary(CLI::App& app, which_mixture& m, std::string const& what) {
  return app.add_option("--vocab", m.vocabulary, what)->type_name("FILE")->check(CLI::ExistingPath);
}

void add_partial(CLI::App& app, which_mixture& m) {
  app.add_flag("--partial", m.partial, "go on although tasks are absent that FILE.json does not call optional");
}

/// Throws CLI::ParseError when a stream would go on beyond its last index.
void require_indices(std::uint64_t from, std::uint64_t count) {
  if (count > 0 && from > ~std::uint64_t{0} - (count - 1))
    throw CLI::ValidationError(
        flan::sentence("a stream has the indices below 2^64, and has no ", count, " from ", from, " on"));
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Mixtures of tasks: what is in them, and what comes out."};
  app.require_subcommand(1);
  app.footer(footer);

  which_mixture which;
  bool json = false;
  sample_settings samples;
  export_settings exported;
  stats_settings statistics;

  auto* const show_it = app.add_subcommand("show", "tasks, sizes, caps and rates; what is absent, and why");
  add_options(*show_it, which);
  show_it->add_flag("--json", json, "one object: tasks, absent, parts");

  auto* const sample_it = app.add_subcommand("sample", "examples as a model gets them");
  add_options(*sample_it, which);
  add_vocabulary(*sample_it, which, "counts tokens, where the mixture takes as many exemplars as fit");
  sample_it->add_option("--count", samples.count, "examples")->check(support::not_negative())->capture_default_str();
  sample_it->add_option("--seed", samples.seed, "of the stream")->check(support::not_negative())->capture_default_str();
  sample_it->add_option("--from", samples.from, "index of the stream to begin at, however far")
      ->check(support::not_negative())
      ->capture_default_str();
  sample_it->add_option("--task", samples.task, "those of this task alone")->type_name("NAME");
  sample_it->add_flag("--json", samples.json, "an object a line");

  auto* const stats_it = app.add_subcommand("stats", "lengths in tokens, rates, what is unknown, how it packs");
  add_options(*stats_it, which);
  add_vocabulary(*stats_it, which, "spiece.model, another sentencepiece file, or the folder of a model")->required();
  stats_it->add_option("--examples", statistics.examples, "of the stream, to measure")
      ->check(support::not_negative())
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  stats_it->add_option("--seed", statistics.seed, "of the stream")
      ->check(support::not_negative())
      ->capture_default_str();
  stats_it->add_option("--max-input", statistics.max_input, "tokens of an input, the end token included")
      ->check(CLI::Range(1, 1 << 30))
      ->capture_default_str();
  stats_it->add_option("--max-target", statistics.max_target, "tokens of a target")
      ->check(CLI::Range(1, 1 << 30))
      ->capture_default_str();
  stats_it->add_flag("--json", statistics.json, "one object: tasks, languages, packing");

  auto* const export_it = app.add_subcommand("export", "the stream as a JSON object a line, to train elsewhere");
  add_options(*export_it, which);
  add_vocabulary(*export_it, which, "counts tokens, where the mixture takes as many exemplars as fit");
  export_it->add_option("--examples", exported.examples, "indices of the stream")
      ->check(support::not_negative())
      ->required();
  export_it->add_option("--seed", exported.seed, "of the stream")
      ->check(support::not_negative())
      ->capture_default_str();
  export_it->add_option("--from", exported.from, "index to begin at")
      ->check(support::not_negative())
      ->capture_default_str();
  export_it->add_option("--output", exported.output, "(default: standard output)")->type_name("FILE.jsonl");

  for (auto* command : {sample_it, stats_it, export_it}) add_partial(*command, which);
  for (auto* command : {show_it, sample_it, stats_it, export_it}) command->footer(footer);
  try {
    app.parse(argc, argv);
    require_mixture(which);
    if (*sample_it) require_indices(samples.from, samples.count);
    if (*export_it) require_indices(exported.from, exported.examples);
  } catch (CLI::ParseError const& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }

  auto const tokenizer = vocabulary_of(which);
  bool const strict = !*show_it && !which.partial && which.preset.empty();  // a preset's tasks are all optional
  auto const described = open_mixture(which, tokenizer, strict);
  if (*show_it) {
    auto const* preset = which.preset.empty() ? nullptr : &flan::find_mixture_preset(which.preset);
    auto const refusal = preset ? std::string() : refusal_of(which, tokenizer, described);
    json ? show_json(described, preset != nullptr, refusal) : show(described, preset, refusal);
  } else {
    auto const mixture = require_tasks(described, tokenizer.has_value());
    if (*sample_it) sample(mixture, samples);
    if (*export_it) export_lines(mixture, exported);
    if (*stats_it) {
      auto const measured = measure(mixture, described, *tokenizer, statistics);
      statistics.json ? print_json(measured) : print(measured);
    }
  }
  if (std::fflush(stdout) != 0) flan::fail("the output cannot be written");
  return 0;
} catch (std::exception const& e) {
  std::fprintf(stderr, "mixture: %s\n", e.what());
  return 1;
}
