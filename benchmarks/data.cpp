// How fast examples are made, beside what they cannot do without: sentencepiece encoding the very same texts. And how
// long 1,836 tasks take to open, and a place far down their stream to reach. Needs FLAN_SHARED (data/cot, tokenizers);
// prints a table of results beside their aims. Times of one thread are its processor time, so that other programs
// disturb them little; those of threads and files are by the clock.

#include <sentencepiece_processor.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flan/data/batching.hpp"
#include "flan/data/delimited.hpp"
#include "flan/data/jsonl.hpp"
#include "flan/data/mixture.hpp"
#include "flan/data/task.hpp"
#include "flan/prompt/chain_of_thought.hpp"
#include "flan/text/sentencepiece.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using tokenizer = flan::sentencepiece_tokenizer;

double by_clock() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
double by_processor() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
template <class Clock, class F>
double seconds(Clock const& now, F&& work) {
  double const begin = now();
  work();
  return now() - begin;
}

void report(char const* what, double result, char const* unit, bool good, char const* aim) {
  std::printf("%-62s %9.3f %-3s %-10s %s\n", what, result, unit, aim, good ? "reached" : "MISSED");
  std::fflush(stdout);
}

flan::batch_options rows_of_2048() {
  flan::batch_options o;
  o.batch_tokens = 4 * (2'048 + 512), o.max_input = 2'048, o.max_target = 512;
  o.packing = flan::packing::greedy;
  return o;
}

// The chain-of-thought files of Flan 2022, each record in twelve wordings.
std::vector<flan::any_task> chain_of_thought_tasks(fs::path const& shared) {
  std::vector<flan::any_task> all;
  for (std::string const name : {"aqua", "creak", "ecqa", "gsm8k", "qasc", "sensemaking", "strategyqa"})
    all.push_back(flan::task<flan::worked_answer>(
        name,
        flan::tsv<flan::worked_answer>(
            shared / "data" / "cot" / "flan_v2" / (name + "_train.tsv"),
            {.columns = {"question", "answer", "chain_of_thought"}, .unescape = {"question", "chain_of_thought"}}),
        flan::reason_then_answer));
  return all;
}
flan::mixture mixture_of(std::vector<flan::any_task> const& tasks) {
  return {flan::proportional{}, std::vector<flan::mixture_part>(tasks.begin(), tasks.end())};
}

// Steps of the mixture on one thread, beside bare sentencepiece on the texts of the same indices, in short turns: the
// median of their ratios.
double beside_sentencepiece(flan::mixture const& m, tokenizer const& tokens, fs::path const& model, int rounds) {
  sentencepiece::SentencePieceProcessor bare;
  if (auto const status = bare.Load(model.string()); !status.ok()) flan::fail(status.ToString());
  flan::batcher steps(m, tokens, 1, rows_of_2048());
  auto texts_of = m.sample(1);
  double ours = 0, theirs = 0;
  std::vector<double> ratios;
  std::size_t found = 0, made = 0;
  for (int round = -1; round < rounds; ++round) {  // the first warms up
    auto const before = steps.statistics().total().tokens();
    double const a = seconds(by_processor, [&] {
      for (int s = 0; s < 10; ++s) steps.next();
    });
    auto const stayed = steps.statistics().total().tokens() - before;
    std::vector<std::string> texts;
    while (texts_of.position() < steps.position()) {
      auto e = texts_of.next();
      if (e.target.empty()) continue;
      texts.push_back(std::move(e.input)), texts.push_back(std::move(e.target));
    }
    std::size_t encoded = 0;
    double const b = seconds(by_processor, [&] {
      std::vector<int> ids;
      for (auto const& text : texts) {
        if (!bare.Encode(text, &ids).ok()) flan::fail("sentencepiece failed");
        encoded += ids.size();
      }
    });
    if (round < 0) continue;
    ours += a, theirs += b;
    ratios.push_back(b / a);
    made += static_cast<std::size_t>(stayed) - texts.size();  // without the end tokens
    found += encoded;
  }
  if (made > found)
    flan::fail("the batches have ", made, " tokens, but sentencepiece finds ", found, " in their texts");
  auto const n = static_cast<double>(steps.statistics().total().examples) * rounds / (rounds + 1);
  std::printf("  %.0f examples/s made, %.0f examples/s of bare sentencepiece; %.0f tokens an example, %.2f %% cut\n",
              n / ours, n / theirs, static_cast<double>(made) / n,
              100 * (1 - static_cast<double>(made) / static_cast<double>(found)));
  std::sort(ratios.begin(), ratios.end());
  return ratios[ratios.size() / 2];
}

// Examples per second by the clock, of so many threads beside the consumer's.
double pace_of(flan::mixture const& m, tokenizer const& tokens, int threads) {
  flan::batcher steps(m, tokens, 1, rows_of_2048(), 0, {}, {.threads = threads});
  steps.next();
  auto const before = steps.statistics().total().examples;
  double const t = seconds(by_clock, [&] {
    for (int s = 0; s < 120; ++s) steps.next();
  });
  return static_cast<double>(steps.statistics().total().examples - before) / t;
}

struct item {
  std::string question, answer;
  static constexpr auto members = flan::members("question", &item::question, "answer", &item::answer);
};
constexpr flan::instruction<item> ask[] = {{"{question}", "{answer}"}, {"Q: {question}\nA:", "{answer}"}};
constexpr int many = 1'836;

void write_tasks(fs::path const& folder) {
  for (int t = 0; t < many; ++t) {
    if (t % 50 == 7) continue;  // not published
    std::string lines;
    for (int r = 0; r < 150; ++r)
      lines += R"({"question": "What is the sum of )" + std::to_string(t) + " and " + std::to_string(r) +
               R"(, in words or digits?", "answer": ")" + std::to_string(t + r) + "\"}\n";
    flan::testing::put_file(folder / (std::to_string(t) + ".jsonl"), lines);
  }
}
flan::mixture open_tasks(fs::path const& folder) {
  std::vector<flan::mixture_part> parts;
  for (int t = 0; t < many; ++t) {
    auto const file = folder / (std::to_string(t) + ".jsonl");
    auto const name = "task-" + std::to_string(t);
    if (fs::exists(file))
      parts.push_back(flan::task<item>(name, flan::jsonl<item>(file), ask));
    else
      parts.push_back(flan::mixture_part::absent(name));
  }
  return {flan::proportional{}, parts};
}

void time_files() {
  flan::testing::temporary_folder const folder;
  write_tasks(folder.path);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // what was written just now is not indexed for later
  double const cold = seconds(by_clock, [&] { open_tasks(folder.path); });
  std::vector<double> warm;
  for (int i = 0; i < 5; ++i) warm.push_back(seconds(by_clock, [&] { open_tasks(folder.path); }));
  std::sort(warm.begin(), warm.end());
  auto const m = open_tasks(folder.path);
  std::printf("  %zu tasks found, %zu absent; %.3f s where no index is kept yet\n", m.tasks().size(), m.absent().size(),
              cold);
  report("start-up with 1,836 tasks, indices kept (median of 5)", warm[2], "s", warm[2] < 1, "< 1 s");

  double worst = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    auto const t = seconds(by_clock, [&] { m.sample(i, 1'000'000'000'000 + i * 12'345).next(); });
    worst = std::max(worst, t);
  }
  report("the example at index 10^12 of a new stream (slowest of 20)", 1e3 * worst, "ms", worst < 10e-3, "< 10 ms");
}

}  // namespace

int main() try {
  char const* const folder = std::getenv("FLAN_SHARED");
  if (folder == nullptr)
    flan::fail("the environment variable FLAN_SHARED should name a folder with data/cot and tokenizers/t5");
  fs::path const shared = folder, model = shared / "tokenizers" / "t5" / "spiece.model";
  tokenizer const tokens(model.parent_path());
  auto const tasks = chain_of_thought_tasks(shared);
  auto const m = mixture_of(tasks);

  double const zero_shot = beside_sentencepiece(m, tokens, model, 41);
  report("zero-shot: rendered, tokenized and packed / bare sentencepiece", zero_shot, "x", zero_shot >= 0.85,
         ">= 0.85");

  std::vector<flan::any_task> pruned;
  for (auto const& t : tasks)
    pruned.push_back(t.with_forms({{.exemplars = flan::exemplars::pruned}},
                                  {.tokens = [&](std::string const& text) { return tokens.encode(text).size(); }}));
  double const few_shot = beside_sentencepiece(mixture_of(pruned), tokens, model, 41);
  report("few-shot, pruned: the same", few_shot, "x", few_shot >= 0.45, ">= 0.45");

  time_files();

  double one = 0, two = 0;
  for (int round = 0; round < 5; ++round) {  // in turns, the best of each: what others do disturbs all of them
    one = std::max(one, pace_of(m, tokens, 1));
    two = std::max(two, pace_of(m, tokens, 2));
  }
  std::printf("  %.0f and %.0f examples/s\n", one, two);
  report("two threads ahead / one (best of 5 each)", two / one, "x", two / one >= 1.8, ">= 1.8");
  return 0;
} catch (std::exception const& e) {
  std::fprintf(stderr, "benchmark_data: %s\n", e.what());
  return 1;
}
