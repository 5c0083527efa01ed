#include "flan/data/mixture_preset.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "flan/data/natural_names.hpp"
#include "support/catch.hpp"

namespace {

using flan::task_group;

// What compiles is what the papers print.
constexpr std::uint64_t sum_of(task_group g, std::uint64_t flan::preset_task::*count) {
  std::uint64_t sum = 0;
  for (auto const& t : flan::preset_tasks)
    if (t.group == g) sum += t.*count;
  return sum;
}
static_assert(sum_of(task_group::cot, &flan::preset_task::published) == 74'730);
static_assert(sum_of(task_group::cot, &flan::preset_task::released) == 74'771);
static_assert(std::count_if(flan::preset_tasks.begin(), flan::preset_tasks.end(),
                            [](auto const& t) { return t.group == task_group::t0; }) == 193);

constexpr bool in_families(std::string_view family) {
  return std::find(std::begin(flan::preset_families), std::end(flan::preset_families), family) !=
         std::end(flan::preset_families);
}
constexpr bool every_family_is_known() {
  for (auto const& t : flan::preset_tasks)
    if (!in_families(t.family)) return false;
  return true;
}
static_assert(every_family_is_known());

static_assert(part_of(flan::flan2022_b, task_group::dialogue)->cap == 30'000);
static_assert(part_of(flan::flan_collection, task_group::dialogue)->cap == 200'000);
static_assert(!part_of(flan::flan_collection, task_group::programs));

constexpr bool every_task_has_one_part(flan::mixture_preset const& p) {
  for (auto const& t : flan::preset_tasks) {
    int parts = 0;
    for (auto const& part : p.parts) parts += part.has(t.group);
    bool const left_out = p.name == "flan_collection" && t.group == task_group::programs;
    if (parts != (left_out ? 0 : 1)) return false;
  }
  return true;
}
static_assert(every_task_has_one_part(flan::flan2022_a) && every_task_has_one_part(flan::flan2022_b) &&
              every_task_has_one_part(flan::flan_collection));

double rate_sum(flan::mixture_preset const& p) {
  double sum = 0;
  for (auto const& part : p.parts) sum += part.rate;
  return sum;
}

flan::preset_part const& part_called(flan::mixture_preset const& p, std::string_view name) {
  return *std::find_if(p.parts.begin(), p.parts.end(), [&](auto const& part) { return part.name == name; });
}

}  // namespace

TEST_CASE("the presets are the published ones") {
  CHECK(rate_sum(flan::flan2022_a) == Approx(1));
  CHECK(rate_sum(flan::flan2022_b) == Approx(0.999));  // as printed
  CHECK(rate_sum(flan::flan_collection) == Approx(1));
  CHECK(part_called(flan::flan2022_b, "muffin").rate == 0.46);
  CHECK(part_called(flan::flan2022_b, "muffin").cap == 30'000);
  CHECK(part_called(flan::flan2022_b, "t0_sf").cap == 20'000);
  CHECK(part_called(flan::flan2022_b, "cot").cap == 100'000);
  CHECK(part_called(flan::flan2022_b, "niv2").cap == 5'000);
  CHECK(part_called(flan::flan_collection, "dialogue").cap == 200'000);
  for (auto const& p : flan::mixture_presets) {
    CHECK(flan::find_mixture_preset(p.name).source == p.source);
    for (auto const& part : p.parts) {
      double styles = 0;
      for (auto const& s : part.styles) styles += s.rate;
      CHECK((part.styles.empty() || styles == 1));
      bool const four = part.name == "flan2021" || part.name == "t0";
      if (p.name == "flan_collection") CHECK(part.styles.size() == (four ? 4 : 2));
    }
  }
  CHECK_THROWS_WITH(flan::find_mixture_preset("flan2022"),
                    ContainsSubstring("the presets are flan2022_a, flan2022_b, flan_collection"));

  std::uint32_t tasks = 0;
  for (auto const& stage : flan::task_count_study) {
    tasks += part_called(flan::flan2022_a, stage.added).published_tasks;
    CHECK(stage.tasks == tasks);
  }
  CHECK(tasks == 1'836);
}

TEST_CASE("the table of tasks") {
  std::set<std::string_view> names;
  for (auto const& t : flan::preset_tasks) CHECK(names.insert(t.name).second);
  CHECK(flan::find_preset_task("rte")->published == 2'290);
  CHECK(flan::find_preset_task("rte")->family == "entailment");
  CHECK(flan::find_preset_task("strategyqa")->group == task_group::cot);
  CHECK_FALSE(flan::find_preset_task("mmlu"));
}

TEST_CASE("a file belongs to a task by its name, and by its folder's") {
  auto const is = [](char const* task, char const* path) {
    return flan::is_file_of(flan::find_preset_task(task).value(), path);
  };
  CHECK(is("rte", "rte/train.jsonl"));
  CHECK(is("rte", "data/super_glue/RTE/train.jsonl"));
  CHECK(is("rte", "data/rte_train.tsv"));
  CHECK(is("rte", "rte.jsonl"));
  CHECK_FALSE(is("rte", "data/glue_rte/train.jsonl"));
  CHECK_FALSE(is("rte", "data/rte/val.jsonl"));
  CHECK_FALSE(is("rte", "rte/more/train.jsonl"));
  CHECK_FALSE(is("rte", "train.jsonl"));
  CHECK_FALSE(is("rte", ""));
  CHECK(is("gsm8k", "cot/flan_v2/gsm8k_train.tsv"));
  CHECK_FALSE(is("creak", "cot/originals/creak/train.json"));  // has no rationales in FLAN's form
  CHECK(is("niv2", "niv2/tasks/task1344_glue_entailment_classification.json"));
  CHECK_FALSE(is("niv2", "niv2/variants/task363_sst2_polarity_classification.json"));
}

TEST_CASE("Natural Instructions leaves out what MMLU is made of") {
  CHECK(flan::natural_task_number("task664_mmmlu_answer_generation_abstract_algebra") == 664);
  CHECK(flan::natural_task_number("task002_quoref_answer_generation") == 2);
  CHECK_FALSE(flan::natural_task_number("task_x"));
  CHECK_FALSE(flan::natural_task_number("mytask664"));
  CHECK_FALSE(flan::natural_task_number("task99999999999999999999"));
  int dropped = 0;
  for (int n = 1; n <= 1'800; ++n) {
    bool const drop = flan::natural_task_is_of_mmlu("task" + std::to_string(n) + "_x");
    CHECK(drop == ((n >= 664 && n <= 667) || (n >= 685 && n <= 737)));
    dropped += drop;
  }
  CHECK(dropped == 57);
  CHECK_FALSE(flan::natural_task_is_of_mmlu("gsm8k"));
}

TEST_CASE("seqio's rate rule: min(n, cap)^(1 / T)") {
  CHECK(flan::seqio_rate(2'290, {30'000}) == 2'290);
  CHECK(flan::seqio_rate(550'152, {30'000}) == 30'000);
  CHECK(flan::seqio_rate(10'000, {100'000, 2}) == Approx(100));
  CHECK(flan::seqio_rate(1'000'000, {4'096, 3}) == Approx(16));
  CHECK(flan::seqio_rate(0, {10}) == 0);
  CHECK_THROWS_WITH(flan::seqio_rate(5, {0}), ContainsSubstring("cap of 0"));
  CHECK_THROWS_WITH(flan::seqio_rate(5, {5, 0}), ContainsSubstring("temperature"));
}

TEST_CASE("rates in mixtures of mixtures, and of what is there") {
  // 0.4 of the whole; inside, 300 beside 100 and 200.
  CHECK(flan::nested_rate(0.4, 300, 600) == Approx(0.2));
  CHECK(flan::renormalised(std::vector<double>{0.46, 0, 0.018, 0.242}) ==
        std::vector<double>{0.46 / (0.46 + 0.018 + 0.242), 0, 0.018 / (0.46 + 0.018 + 0.242),
                            0.242 / (0.46 + 0.018 + 0.242)});
  CHECK_THROWS_WITH(flan::renormalised(std::vector<double>{0, 0}), ContainsSubstring("all 2 rates"));
  CHECK_THROWS_WITH(flan::renormalised(std::vector<double>{-1, 2}), ContainsSubstring("-1"));

  // Set B with muffin, cot and niv2 there: 0.46, 0.018 and 0.242 of 0.72. Two tasks of muffin count 30,000 (capped)
  // and 10,000; two of niv2 5,000 each.
  std::vector<flan::present_task> const tasks{{task_group::flan2021, 550'152}, {task_group::cot, 7'473},
                                              {task_group::niv2, 6'500},       {task_group::dialogue, 10'000},
                                              {task_group::niv2, 5'000},       {task_group::flan2021, 0}};
  auto const rates = flan::preset_rates(flan::flan2022_b, tasks);
  CHECK(rates[0] == Approx(0.46 / 0.72 * 30 / 40));
  CHECK(rates[1] == Approx(0.018 / 0.72));
  CHECK(rates[2] == Approx(0.242 / 0.72 / 2));
  CHECK(rates[3] == Approx(0.46 / 0.72 * 10 / 40));
  CHECK(rates[4] == Approx(0.242 / 0.72 / 2));
  CHECK(rates[5] == 0);

  // The release caps dialogue apart, and has no programs.
  auto const released =
      flan::preset_rates(flan::flan_collection,
                         std::vector<flan::present_task>{
                             {task_group::flan2021, 100}, {task_group::dialogue, 300'000}, {task_group::programs, 9}});
  CHECK(released[0] == Approx(0.40 / 0.43));
  CHECK(released[1] == Approx(0.03 / 0.43));
  CHECK(released[2] == 0);
  CHECK_THROWS_WITH(
      flan::preset_rates(flan::flan_collection, std::vector<flan::present_task>{{task_group::programs, 9}}),
      ContainsSubstring("none of 1 tasks"));
}

TEST_CASE("inverted tasks have 0.3 beside 1 together: 23 percent") {
  std::vector<flan::present_task> const tasks{{task_group::cot, 7'000},
                                              {task_group::cot, 3'000},
                                              {task_group::cot, 5'000, true},
                                              {task_group::cot, 5'000, true},
                                              {task_group::t0, 10}};
  auto const rates = flan::preset_rates(flan::flan_collection, tasks);
  double const cot = 0.05 / 0.37;
  CHECK(rates[0] == Approx(cot / 1.3 * 0.7));
  CHECK(rates[1] == Approx(cot / 1.3 * 0.3));
  CHECK(rates[2] == Approx(cot * 0.3 / 1.3 / 2));
  CHECK(rates[3] == rates[2]);
  CHECK((rates[2] + rates[3]) / cot == Approx(0.2308).epsilon(0.001));
  CHECK(rates[4] == Approx(0.32 / 0.37));
  // The paper's own mixtures invert nothing.
  CHECK(flan::preset_rates(flan::flan2022_b, tasks)[2] == 0);
}
