/// Presets over published files: which tasks are found and opened, in which proportions.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "flan/data/preset_binding.hpp"
#include "support/catch.hpp"
#include "support/published.hpp"

namespace {

// What is shared is not ours to put indexes into; no text is drawn here, so that any count of tokens does.
flan::mixture_file_options options() {
  flan::mixture_file_options o;
  o.read.cache = false;
  o.absent_is_error = false;
  o.tokens = [](std::string const& text) { return text.size(); };
  return o;
}

using flan::testing::published;

std::map<std::string, flan::mixture_entry> by_task(flan::mixture_description const& d) {
  std::map<std::string, flan::mixture_entry> all;
  for (auto const& e : d.entries) {
    INFO(e.name);
    CHECK(all.emplace(e.task, e).second);
    CHECK(e.present == e.absent_because.empty());
    CHECK(e.present == (e.rate > 0));
    CHECK(e.present == (e.records > 0));
  }
  return all;
}

}  // namespace

TEST_CASE("set B over the published files: what is there, what is not, and the rates of what is") {
  auto const bound = flan::bind_preset(flan::flan2022_b, published(), options());
  REQUIRE(bound.mixture);
  auto const tasks = by_task(bound);

  // The files of the chain-of-thought sets that are there, by looking; the others are absent.
  std::map<std::string, std::uint64_t> const lines{{"aqua", 2'728},      {"creak", 6'915}, {"ecqa", 7'112},
                                                   {"gsm8k", 7'473},     {"qasc", 1'084},  {"sensemaking", 6'070},
                                                   {"strategyqa", 2'061}};
  double cot = 0, sum = 0;
  std::uint64_t cot_records = 0;
  for (auto const& [name, records] : lines) {
    auto const& e = tasks.at(name);
    INFO(name << ": " << e.absent_because);
    CHECK(e.present);
    CHECK(e.records == records);
    CHECK(e.skipped == 0);
    CHECK(e.family == "chain_of_thought");
    CHECK(e.cap == 100'000u);
    cot += e.rate, cot_records += e.records;
  }
  for (auto const* name : {"esnli", "qed"}) CHECK_FALSE(tasks.at(name).present);
  for (auto const& [name, records] : lines)
    CHECK(tasks.at(name).rate ==
          Approx(cot * static_cast<double>(records) / static_cast<double>(cot_records)).epsilon(1e-12));

  // All of Natural Instructions but what MMLU is made of; above the cap of 5,000 size makes no difference.
  int niv2 = 0, mmlu = 0;
  for (auto const& [name, e] : tasks) {
    sum += e.rate;
    if (!e.name.starts_with("niv2/")) continue;
    INFO(name << ": " << e.absent_because);
    CHECK(e.present != flan::natural_task_is_of_mmlu(name));
    ++(e.present ? niv2 : mmlu);
  }
  CHECK(niv2 == 7);
  CHECK(mmlu == 57);
  CHECK(tasks.at("task1239_ted_translation_gl_ja").rate ==
        Approx(tasks.at("task1435_ro_sts_parallel_language_translation_ro_to_en").rate).epsilon(1e-12));
  CHECK(sum == Approx(1).epsilon(1e-12));

  // The same as the preset's own arithmetic has it.
  std::vector<flan::present_task> present;
  for (auto const& t : bound.mixture->tasks()) {
    auto const& e = tasks.at(t.name());
    auto const row = flan::find_preset_task(e.task);
    present.push_back({row ? row->group : flan::task_group::niv2, e.records});
  }
  auto const rates = flan::preset_rates(flan::flan2022_b, present);
  for (std::size_t i = 0; i < rates.size(); ++i) CHECK(bound.mixture->rates()[i] == Approx(rates[i]).epsilon(1e-12));

  CHECK_FALSE(tasks.at("dream_baseline").present);
  CHECK(tasks.at("snli").absent_because == "no file is called NAME/train.* or NAME_train.* or NAME.jsonl");
}

TEST_CASE("the tasks of SuperGLUE and OpenBookQA open as the preset's families") {
  auto const tasks = by_task(flan::bind_preset(flan::flan2022_b, published(), options()));
  for (auto const* name : {"bool_q", "cb", "copa", "multirc", "openbookqa", "record", "rte", "wic", "wsc"}) {
    auto const& e = tasks.at(name);
    INFO(name << ": " << e.absent_because);
    CHECK(e.present);
    CHECK(e.name == std::string("muffin/") + name);
  }
}

TEST_CASE("the Flan Collection: inversions beside the tasks, its forms, and words for every task in each form") {
  auto const bound = flan::bind_preset(flan::flan_collection, published(), options());
  REQUIRE(bound.mixture);
  auto const tasks = by_task(bound);
  double straight = 0, inverted = 0;
  for (auto const& [name, e] : tasks)
    if (e.name.starts_with("cot/")) (name.ends_with("/inverted") ? inverted : straight) += e.rate;
  CHECK(inverted / straight == Approx(0.3).epsilon(1e-9));
  CHECK(tasks.at("gsm8k/inverted").records == tasks.at("gsm8k").records);

  auto const& forms = tasks.at("gsm8k").forms;
  REQUIRE(forms.size() == 3);
  CHECK(forms[0] == flan::task_form{flan::exemplars::none, 0, flan::option_form::varied, 0.5});
  CHECK(forms[1] == flan::task_form{flan::exemplars::mixed, 5, flan::option_form::listed, 0.25});
  CHECK(forms[2] == flan::task_form{flan::exemplars::pruned, 0, flan::option_form::listed, 0.25});

  std::map<std::string, std::set<std::uint32_t>> seen;
  auto stream = bound.mixture->sample(1);
  for (int i = 0; i < 3'000; ++i) {
    auto const e = stream.next();
    INFO(e.task << " record " << e.record << " form " << e.form);
    // A question that fills the room of exemplars by itself is left out in that form.
    bool const left_out = tasks.at(e.task).forms[e.form].exemplars == flan::exemplars::pruned && e.target.empty();
    CHECK(e.input.empty() == left_out);
    seen[e.task].insert(e.form);
    if (e.form == 0) CHECK(e.exemplars == 0);
    if (e.form == 1) CHECK(e.exemplars == 5);
  }
  CHECK(seen.size() == bound.mixture->tasks().size());
  CHECK(seen["gsm8k"] == std::set<std::uint32_t>{0, 1, 2});
}

TEST_CASE("a preset over one folder of Natural Instructions finds it by the folder's own name") {
  auto const bound = flan::bind_preset(flan::flan2022_a, published() / "niv2" / "tasks", options());
  REQUIRE(bound.mixture);
  CHECK(bound.mixture->tasks().size() == 7);
}
