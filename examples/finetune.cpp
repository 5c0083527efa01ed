// Finetunes a T5-family model on records from files:
//
//   finetune --model models/flan-t5-small --data train.tsv --steps 1000 --output models/mine
//            --input "Is this spam? {text}" --target "{label}"
//   finetune --model models/flan-t5-small --mixture tasks.json --steps 1000 --output models/mine

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "flan/core/parallel.hpp"
#include "flan/data/delimited.hpp"
#include "flan/data/jsonl.hpp"
#include "flan/data/mixture_file.hpp"
#include "flan/data/unpacked.hpp"
#include "flan/generate/fresh_model.hpp"
#include "flan/generate/load.hpp"
#include "flan/model/presets.hpp"
#include "flan/train/finetune.hpp"
#include "support/numbers.hpp"
#include "support/readers.hpp"

namespace {

namespace fs = std::filesystem;

// Ctrl-C asks the run to stop; asked twice, the process ends at once.
std::atomic<bool> stop{false};
volatile std::sig_atomic_t stopping_signal = 0;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may not wait");

extern "C" void on_signal(int number) {
  stop.store(true, std::memory_order_relaxed);
  stopping_signal = number;
  std::signal(number, SIG_DFL);
}

struct settings {
  std::string model, init, vocabulary, mixture, mixture_data, evaluation_file, output;
  std::uint64_t evaluation_examples = 500;
  std::vector<std::string> data, columns, unescape;
  std::string input, target;
  std::string optimizer = "adafactor", schedule = "constant", precision = "f32", packing = "off";
  std::optional<double> rate, weight_decay;
  std::optional<double> temperature;
  flan::extent warmup = 0;
  std::optional<std::uint64_t> cap;
  int threads = 0;
  flan::finetune_options options;

  bool evaluates_mixture() const { return fs::path(evaluation_file).extension() == ".json"; }
};

flan::text_source read_records(std::string const& file, settings const& s) {
  fs::path const path = flan::unpacked(file);  // itself where it is not packed
  auto const kind = path.extension();
  flan::table_options const table{s.columns, s.unescape};
  if (kind == ".tsv") return flan::tsv(path, table);
  if (kind == ".csv") return flan::csv(path, table);
  if (kind != ".jsonl")
    flan::fail(file, ": expected a name that ends with .jsonl, .tsv or .csv, and then perhaps .gz or .zst");
  if (!s.columns.empty() || !s.unescape.empty())
    flan::fail(file, ": --columns and --unescape are for tables; the keys of JSON lines are their names");
  return flan::jsonl(path);
}

/// The mixture that a file describes; says what of it is not there.
flan::mixture described_mixture(settings const& s, std::string const& file) {
  auto const tokenizer = s.init.empty() || !s.vocabulary.empty()
                             ? flan::load_tokenizer(s.init.empty() ? s.model : s.vocabulary)
                             : flan::any_tokenizer(flan::byte_tokenizer());
  if (!tokenizer) flan::fail("the folder ", s.model, " has no vocabulary (no spiece.model, and it is no ByT5)");
  flan::mixture_file_options o;
  support::add_readers(o);
  o.data = s.mixture_data;
  o.tokens = [tokenizer](std::string const& text) { return tokenizer->encode(text).size(); };
  auto const described = flan::read_mixture_file(file, o);
  if (!described.mixture) flan::fail(file, ": none of its ", described.entries.size(), " tasks is there");
  std::size_t absent = 0;
  for (auto const& e : described.entries) {
    absent += !e.present;
    if (e.skipped > 0)
      std::fprintf(stderr, "%s: %llu records of %s could not be read and are left out\n", file.c_str(),
                   static_cast<unsigned long long>(e.skipped), e.name.c_str());
  }
  if (absent > 0)
    std::fprintf(stderr, "%s: %zu of %zu tasks are left out or not there; `mixture show` says why\n", file.c_str(),
                 absent, described.entries.size());
  return *described.mixture;
}

/// What is evaluated: every record of a file, or the beginning of a mixture's stream.
std::vector<flan::example> held_out_examples(settings const& s) {
  if (s.evaluation_file.empty()) return {};
  if (!s.evaluates_mixture())
    return flan::every_record(flan::text_task("held out", read_records(s.evaluation_file, s), s.input, s.target));
  std::vector<flan::example> all;
  auto stream = described_mixture(s, s.evaluation_file).sample(0);
  for (std::uint64_t i = 0; i < s.evaluation_examples; ++i) all.push_back(stream.next());
  return all;
}

/// Each file is a task, called as the file is: without its folder, unless two are called alike.
flan::mixture read_mixture(settings const& s) {
  if (!s.mixture.empty()) return described_mixture(s, s.mixture);
  std::vector<flan::weighted_task> tasks;
  std::set<std::string> names;
  for (auto const& file : s.data) {
    auto name = fs::path(file).filename().string();
    if (!names.insert(name).second) name = file;
    tasks.push_back(flan::text_task(name, read_records(file, s), s.input, s.target));
  }
  flan::proportional share;
  if (s.cap) share.cap = *s.cap;
  if (s.temperature) share.temperature = *s.temperature;
  return {share, tasks};
}

template <class P>
using model_of = flan::text_model<flan::any_t5, P, flan::cpu_backend>;

/// A model that has learnt nothing yet.
template <class P>
model_of<P> initial_model(settings const& s) {
  flan::t5_config const shape = flan::t5_preset(s.init);
  std::fprintf(stderr, "initializing %s: %lld parameters\n", s.init.c_str(),
               static_cast<long long>(flan::parameter_count(shape)));
  return flan::fresh_model<flan::any_t5, P>(
      shape,
      s.vocabulary.empty() ? flan::any_tokenizer(flan::byte_tokenizer()) : flan::load_tokenizer(s.vocabulary).value(),
      s.options.seed);
}

/// What would only show after hours of training must show now.
void check_output(fs::path const& output, fs::path const& checkpoints) {
  if (fs::exists(output) && !fs::is_directory(output)) flan::fail("--output ", output.string(), " is a file");
  if (fs::exists(output) && !fs::is_empty(output) && !fs::exists(output / "config.json"))
    flan::fail("--output ", output.string(), " holds files but no model, so nothing is saved over it: name another");
  fs::create_directories(checkpoints);  // throws where nothing can be written
  std::error_code not_empty;
  fs::remove(checkpoints, not_empty);
}

/// How much of the records is not learnt from; empty where it is all of them.
std::string left_out(flan::extent truncated, flan::extent skipped) {
  std::string text;
  if (truncated > 0) text += flan::sentence(truncated, " inputs or targets cut to --max-input or --max-target");
  if (skipped > 0)
    text += flan::sentence(text.empty() ? "" : "; ", skipped,
                           " examples left out: their target is empty, or their question over the limit of pruned");
  return text;
}

/// Says, when it first happens, that records are cut or left out: hours before the end.
class left_out_note {
  bool truncated_ = false, skipped_ = false;

 public:
  void operator()(flan::progress const& p) {
    if ((p.truncated == 0 || truncated_) && (p.skipped == 0 || skipped_)) return;
    truncated_ = p.truncated > 0;
    skipped_ = p.skipped > 0;
    std::fprintf(stderr, "\nby step %td: %s\n", p.step, left_out(p.truncated, p.skipped).c_str());
  }
};

/// What the batches were made of: the tasks that lost most, then how they were filled and kept to their rates.
void print_fed(flan::feed_statistics const& fed) {
  constexpr std::size_t most = 20;
  std::vector<flan::task_statistics const*> lost;
  for (auto const& t : fed.tasks())
    if (t.truncated() + t.skipped > 0) lost.push_back(&t);
  std::sort(lost.begin(), lost.end(),
            [](auto* a, auto* b) { return a->truncated() + a->skipped > b->truncated() + b->skipped; });
  for (std::size_t i = 0; i < std::min(lost.size(), most); ++i) {
    auto const& t = *lost[i];
    std::printf("  %s: of %lld records %lld inputs and %lld targets cut, %lld left out\n", t.name.c_str(),
                static_cast<long long>(t.drawn()), static_cast<long long>(t.inputs_truncated),
                static_cast<long long>(t.targets_truncated), static_cast<long long>(t.skipped));
  }
  if (lost.size() > most) std::printf("  and less of %zu other tasks\n", lost.size() - most);
  if (fed.total().examples == 0) return;
  std::printf("%lld examples, %lld tokens; padding %.1f %% of the batches",
              static_cast<long long>(fed.total().examples), static_cast<long long>(fed.total().tokens()),
              100 * fed.padding_share());
  if (fed.tasks().size() > 1) {
    auto const furthest = fed.furthest_task();
    std::printf("; largest drift %+.1f records of %s", fed.drift(furthest), fed.tasks()[furthest].name.c_str());
  }
  std::printf("\n");
}

void fill_options(settings& s, fs::path const& checkpoints) {
  auto& o = s.options;
  if (s.optimizer == "adafactor") {
    flan::adafactor a;
    if (s.rate) a.rate = *s.rate;
    if (s.weight_decay) a.weight_decay = *s.weight_decay;
    o.optimizer = a;
  } else {
    flan::adamw a;
    if (s.rate) a.rate = *s.rate;
    if (s.weight_decay) a.weight_decay = *s.weight_decay;
    o.optimizer = a;
  }
  if (s.packing == "greedy") o.packing = flan::packing::greedy;
  if (s.packing == "best-fit") o.packing = flan::packing::best_fit;
  if (s.schedule == "constant") o.schedule = flan::constant_rate{s.warmup};
  if (s.schedule == "linear") o.schedule = flan::linear_decay{s.warmup};
  if (s.schedule == "cosine") o.schedule = flan::cosine_decay{s.warmup};
  if (s.schedule == "inverse_square_root")
    o.schedule = flan::inverse_square_root{s.warmup > 0 ? s.warmup : flan::inverse_square_root{}.flat, s.warmup};
  o.held_out = held_out_examples(s);
  o.output = checkpoints;
  o.stop = &stop;
  o.on_step = [line = flan::progress_line{}, note = left_out_note{}](flan::progress const& p) mutable {
    line(p);
    note(p);
  };
  o.on_evaluation = flan::progress_line{};
}

/// Accepts numbers from `least` on, or above it; CLI11's own checks let NaN pass, and it is in no range of ours.
CLI::Validator number(double least, bool least_too, double below = 1e30) {
  return {[=](std::string& text) {
            double x = 0;
            if (CLI::detail::lexical_cast(text, x) && (least_too ? x >= least : x > least) && x < below)
              return std::string();
            return flan::sentence("expected a number ", least_too ? "from " : "above ", least,
                                  below < 1e30 ? flan::sentence(" to below ", below) : "", ", but found ", text);
          },
          ""};
}

/// Throws CLI::ParseError where options lack what they need, or make no sense together.
void check_options(settings const& s) {
  auto const wrong = [](char const* text) { throw CLI::ValidationError(text); };
  if (s.model.empty() == s.init.empty()) wrong("give --model DIR, or --init PRESET");
  if (s.mixture.empty() == s.data.empty()) wrong("give --data FILE…, or --mixture FILE.json");
  if (!s.mixture_data.empty() && s.mixture.empty() && !s.evaluates_mixture())
    wrong("--mixture-data is for the files of --mixture and --eval");
  if (!s.mixture.empty() && (s.cap || s.temperature))
    wrong("--cap and --temperature are for --data; a mixture's file says them itself");
  bool const templates = !s.data.empty() || (!s.evaluation_file.empty() && !s.evaluates_mixture());
  if (templates && (s.input.empty() || s.target.empty()))
    wrong("--data and --eval need the templates --input and --target");
  if (!templates && !(s.input.empty() && s.target.empty() && s.columns.empty() && s.unescape.empty()))
    wrong("--input, --target, --columns and --unescape are for --data and --eval; a mixture's file says them itself");
}

/// The process's exit status.
template <class P>
int run(settings& s) {
  fs::path output = fs::path(s.output).lexically_normal();
  if (!output.has_filename()) output = output.parent_path();
  fs::path const checkpoints = output.string() + ".checkpoints";
  check_output(output, checkpoints);
  auto const train = read_mixture(s);
  fill_options(s, checkpoints);
  auto model = s.init.empty() ? flan::load<flan::any_t5, P>(s.model) : initial_model<P>(s);

  if (s.options.resume) {
    if (auto const latest = flan::checkpoints(checkpoints).latest())
      std::fprintf(stderr, "resuming from %s\n", latest->c_str());
    else
      std::fprintf(stderr, "%s holds no checkpoint: starting from the beginning\n", checkpoints.c_str());
  }
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  auto const result = flan::finetune(model, train, s.options);
  if (result.stopped) {
    std::fprintf(stderr, "\nstopped at step %td of %td; --resume goes on from %s\n", result.step, s.options.steps,
                 checkpoints.c_str());
    return 128 + static_cast<int>(stopping_signal);
  }
  model.save(output);
  std::printf("saved %s after %td steps", output.c_str(), result.step);
  if (result.loss > 0) std::printf("; loss %.4f", result.loss);
  if (result.held_out_loss) std::printf("; held-out loss %.4f", *result.held_out_loss);
  std::printf("\n");
  if (auto const text = left_out(result.truncated, result.skipped); !text.empty()) std::printf("%s\n", text.c_str());
  print_fed(result.fed);
  return 0;
}

void add_options(CLI::App& app, settings& s) {
  auto& o = s.options;
  auto* const model = app.add_option("--model", s.model, "folder of the model to start from")->type_name("DIR");
  auto* const init = app.add_option("--init", s.init, "start from nothing, in the shape of this preset")
                         ->type_name("PRESET")
                         ->excludes(model);
  app.add_option("--vocab", s.vocabulary, "spiece.model for --init (without: bytes, as ByT5)")
      ->type_name("FILE")
      ->needs(init)
      ->check(CLI::ExistingFile);
  auto* const data =
      app.add_option(
             "--data", s.data,
             "records: FILE.jsonl, .tsv or .csv, packed by gzip or zstd or not; each file is a task of the mixture")
          ->type_name("FILE...");
  app.add_option("--mixture", s.mixture, "a mixture's description, in place of --data, --input and --target")
      ->type_name("FILE.json")
      ->excludes(data);
  app.add_option("--mixture-data", s.mixture_data, "folder where a mixture's relative paths begin")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
  app.add_option("--columns", s.columns, "names of a table's columns, when it has no header line")
      ->delimiter(',')
      ->type_name("NAME,...");
  app.add_option("--unescape", s.unescape, "columns where \\n stands for a line break")
      ->delimiter(',')
      ->type_name("NAME,...");
  app.add_option("--input", s.input, "template of inputs, with {field} for a record's field (of --data and --eval)");
  app.add_option("--target", s.target, "template of targets");
  app.add_option("--output", s.output, "folder for the model; checkpoints go to DIR.checkpoints")
      ->type_name("DIR")
      ->required();
  app.add_option("--steps", o.steps, "optimizer steps")->capture_default_str();
  app.add_option("--batch-tokens", o.batch_tokens, "encoder and decoder positions of a step")->capture_default_str();
  app.add_option("--accumulate", o.accumulate, "micro-batches of a step")->capture_default_str();
  app.add_option("--max-input", o.max_input, "tokens of an input, the end token included")->capture_default_str();
  app.add_option("--max-target", o.max_target, "tokens of a target")->capture_default_str();
  app.add_option("--packing", s.packing, "several examples to a row of --max-input and --max-target tokens")
      ->check(CLI::IsMember({"off", "greedy", "best-fit"}))
      ->capture_default_str();
  app.add_option("--optimizer", s.optimizer)->check(CLI::IsMember({"adafactor", "adamw"}))->capture_default_str();
  app.add_option("--rate", s.rate, "learning rate (default: 1e-3 for adafactor, 1e-4 for adamw)")
      ->check(number(0, false));
  app.add_option("--schedule", s.schedule, "of the rate")
      ->check(CLI::IsMember({"constant", "linear", "cosine", "inverse_square_root"}))
      ->capture_default_str();
  app.add_option("--warmup", s.warmup, "steps until the rate is reached")->check(CLI::NonNegativeNumber);
  app.add_option("--clip", o.clip, "largest norm of a step's gradient (0: any)")->check(number(0, true));
  app.add_option("--weight-decay", s.weight_decay, "default: 0 for adafactor, 0.01 for adamw")->check(number(0, true));
  app.add_option("--z-loss", o.z_loss, "weight of (log Z)^2")->check(number(0, true));
  app.add_option("--label-smoothing", o.label_smoothing)->check(number(0, true, 1));
  app.add_option("--dropout", o.dropout, "default: the model's")->check(number(0, true, 1));
  app.add_option("--precision", s.precision, "bf16: with masters in f32")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->capture_default_str();
  app.add_flag("--recompute", o.recompute, "less memory, a third more time");
  app.add_option("--threads", s.threads, "default: what the system grants")->check(CLI::PositiveNumber);
  app.add_option("--feed-threads", o.feed_threads,
                 "that make examples ahead of training; what is learnt stays the same")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--cap", s.cap, "records of a file that count for its share of the mixture, at most")
      ->check(CLI::PositiveNumber);
  app.add_option("--temperature", s.temperature, "above 1: shares become more equal")->check(number(0, false));
  app.add_option("--seed", o.seed, "of order, dropout and --init")
      ->check(support::not_negative())
      ->capture_default_str();
  auto* const evaluation =
      app.add_option("--eval", s.evaluation_file, "held-out records; FILE.json: a mixture of them")->type_name("FILE");
  app.add_option("--eval-examples", s.evaluation_examples, "that are taken of a held-out mixture")
      ->needs(evaluation)
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--eval-every", o.evaluate_every, "steps between evaluations (0: only at the end)")->needs(evaluation);
  app.add_option("--save-every", o.save_every, "steps between checkpoints (0: only when stopped)");
  app.add_option("--keep", o.keep, "checkpoints that stay (0: all)")->capture_default_str();
  app.add_flag("--resume", o.resume, "go on from the latest checkpoint, bit for bit, if there is one");
  app.footer(
      "Ctrl-C saves a checkpoint and exits with 130.\n"
      "Exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted, 143 terminated.");
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Finetunes a T5-family model on records from files."};
  settings s;
  add_options(app, s);
  try {
    app.parse(argc, argv);
    check_options(s);
  } catch (CLI::ParseError const& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (s.threads > 0) flan::set_threads(s.threads);
  return s.precision == "bf16" ? run<flan::bf16_mixed>(s) : run<flan::fp32>(s);
} catch (std::exception const& e) {
  std::fprintf(stderr, "finetune: %s\n", e.what());
  return 1;
}
