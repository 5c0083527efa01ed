/// Presets over folders of made-up data: what is found, opened, left out, and why.

#include "flan/data/preset_binding.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {

using flan::testing::put_file;

struct data_folder : flan::testing::temporary_folder {
  void put(std::string const& name, std::string const& bytes) const {
    std::filesystem::create_directories((path / name).parent_path());
    put_file(path / name, bytes);
  }
  void put_cot(std::string const& name, int rows) const {
    std::string text;
    for (int i = 0; i < rows; ++i)
      text += flan::sentence("What is ", i, " plus ", i, "?\t", 2 * i, "\tTwice ", i, " is ", 2 * i, ".\n");
    put("cot/" + name + "_train.tsv", text);
  }
  void put_niv2(std::string const& name) const {
    put("niv2/tasks/" + name + ".json",
        R"({"Definition": ["Copy."], "Instances": [{"id": "1", "input": "a", "output": ["a", "A"]}]})");
  }
};

flan::mixture_file_options lenient() {
  flan::mixture_file_options o;
  o.read.cache = false;
  o.absent_is_error = false;
  o.tokens = [](std::string const& text) { return text.size(); };
  return o;
}
flan::mixture_file_options strict() {
  auto o = lenient();
  o.absent_is_error = true;
  return o;
}

flan::mixture_entry const& entry(flan::mixture_description const& d, std::string_view name) {
  auto const at = std::find_if(d.entries.begin(), d.entries.end(), [&](auto const& e) { return e.name == name; });
  if (at == d.entries.end()) flan::fail("no entry ", name);
  return *at;
}

bool has(std::string const& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a preset takes what a folder has, in the proportions that its parts leave each other") {
  data_folder const data;
  data.put_cot("gsm8k", 30);
  data.put_cot("qasc", 10);
  data.put_niv2("task001_copy");
  auto const bound = flan::bind_preset(flan::flan2022_a, data.path, strict());
  REQUIRE(bound.mixture);
  CHECK(bound.name == "flan2022_a");
  // Set A: 3 % chain of thought beside 30 % Natural Instructions; the other two parts have nothing here.
  CHECK(entry(bound, "cot/gsm8k").rate == Approx(0.03 / 0.33 * 0.75).epsilon(1e-12));
  CHECK(entry(bound, "cot/qasc").rate == Approx(0.03 / 0.33 * 0.25).epsilon(1e-12));
  CHECK(entry(bound, "niv2/task001_copy").rate == Approx(0.30 / 0.33).epsilon(1e-12));
  CHECK(entry(bound, "cot/gsm8k").records == 30);
  CHECK(entry(bound, "cot/gsm8k").files == std::vector{data / "cot/gsm8k_train.tsv"});
  CHECK(entry(bound, "cot/gsm8k").forms.size() == 1);
  CHECK_FALSE(entry(bound, "cot/esnli").present);
  CHECK(entry(bound, "cot/esnli").absent_because == "no file is called NAME_train.tsv");
  CHECK(entry(bound, "t0_sf/dream_baseline").absent_because ==
        "no file is called NAME.jsonl or NAME/train.* or NAME_train.*");
  CHECK(bound.mixture->absent().size() + 3 == bound.entries.size());
  // Two right answers: either may be drawn.
  std::string targets;
  for (std::uint64_t i = 0; i < 60; ++i)
    if (auto const e = bound.mixture->at(1, i); e.task == "task001_copy") targets += e.target;
  CHECK((has(targets, "a") && has(targets, "A")));
}

TEST_CASE("tasks that MMLU is made of are listed and never opened") {
  data_folder const data;
  data.put_niv2("task663_before");
  data.put("niv2/tasks/task664_mmmlu_x.json", "this is no JSON");
  data.put("niv2/tasks/task737_mmmlu_y.json", "neither is this");
  auto const bound = flan::bind_preset(flan::flan2022_b, data.path, strict());
  CHECK(bound.mixture->tasks().size() == 1);
  CHECK(has(entry(bound, "niv2/task664_mmmlu_x").absent_because, "MMLU"));
  CHECK(has(entry(bound, "niv2/task737_mmmlu_y").absent_because, "MMLU"));
}

TEST_CASE("a file that cannot be read is listed with its reason, or is an error") {
  data_folder const data;
  data.put_cot("gsm8k", 3);
  data.put("cot/aqua_train.tsv", "a question and nothing else\n");
  data.put("cot/qasc_train.tsv", "");
  data.put("niv2/tasks/task002_bad.json", "{\"Instances\": [");
  auto const bound = flan::bind_preset(flan::flan2022_b, data.path, lenient());
  CHECK(bound.mixture->tasks().size() == 1);
  CHECK(entry(bound, "cot/gsm8k").rate == 1);
  CHECK(has(entry(bound, "cot/aqua").absent_because, "aqua_train.tsv"));
  CHECK(entry(bound, "cot/aqua").files.size() == 1);
  CHECK(has(entry(bound, "cot/qasc").absent_because, "records"));
  CHECK(has(entry(bound, "niv2/task002_bad").absent_because, "task002_bad.json"));
  CHECK_THROWS_WITH(flan::bind_preset(flan::flan2022_b, data.path, strict()), Catch::Contains("aqua_train.tsv"));
}

TEST_CASE("two files for one task are parts of it side by side, and a question elsewhere") {
  data_folder const data;
  data.put_cot("gsm8k", 3);
  data.put_cot("qasc", 3);
  data.put("more/gsm8k_train.tsv", "q\ta\tc\n");
  auto const bound = flan::bind_preset(flan::flan2022_b, data.path, lenient());
  CHECK_FALSE(entry(bound, "cot/gsm8k").present);
  CHECK(has(entry(bound, "cot/gsm8k").absent_because, "more/gsm8k_train.tsv may be its file"));
  CHECK_THROWS_WITH(flan::bind_preset(flan::flan2022_b, data.path, strict()), Catch::Contains("gsm8k"));
  // Shards: train.0 and train.1 of one folder.
  data_folder const shards;
  shards.put("rte/train.0.jsonl", R"({"premise": "p", "hypothesis": "h", "label": "entailment", "idx": 0})"
                                  "\n");
  shards.put("rte/train.1.jsonl", R"({"premise": "p", "hypothesis": "h", "label": "not_entailment", "idx": 1})"
                                  "\n");
  auto const whole = flan::bind_preset(flan::flan2022_b, shards.path, strict());
  CHECK(entry(whole, "muffin/rte").records == 2);
}

TEST_CASE("packed files are read through what unpacks them") {
  data_folder const data;
  data.put("p3/dream_baseline.jsonl", R"({"inputs": "In", "targets": "Out"})"
                                      "\n");
  data.put("snli/train.jsonl.gz", "packed");
  data.put("unpacked", R"({"premise": "p", "hypothesis": "h", "label": 2})"
                       "\n");
  auto o = lenient();
  auto const without = flan::bind_preset(flan::flan2022_b, data.path, o);
  CHECK(has(entry(without, "muffin/snli").absent_because, "packed"));
  o.unpack = [&](std::filesystem::path const&) { return data / "unpacked"; };
  CHECK(entry(flan::bind_preset(flan::flan2022_b, data.path, o), "muffin/snli").records == 1);
}

TEST_CASE("hidden files are not data, and a folder without data gives no mixture") {
  data_folder const data;
  data.put("cot/.gsm8k_train.tsv", "not for us");
  data.put(".niv2/readme", "x");
  auto const bound = flan::bind_preset(flan::flan_collection, data.path, strict());
  CHECK_FALSE(bound.mixture);
  CHECK(std::none_of(bound.entries.begin(), bound.entries.end(), [](auto const& e) { return e.present; }));
  CHECK(bound.entries.size() > 80);
  CHECK_THROWS_WITH(flan::bind_preset(flan::flan_collection, data / "nowhere"), Catch::Contains("nowhere"));
  CHECK_THROWS_AS(flan::bind_preset(flan::flan_collection, data / "cot/.gsm8k_train.tsv"), flan::error);
}

TEST_CASE("the collection's forms and inversions") {
  data_folder const data;
  data.put_cot("gsm8k", 30);
  data.put_cot("qasc", 10);
  auto const bound = flan::bind_preset(flan::flan_collection, data.path, strict());
  CHECK(entry(bound, "cot/gsm8k").rate == Approx(0.75 / 1.3).epsilon(1e-12));
  CHECK(entry(bound, "cot/gsm8k/inverted").rate == Approx(0.75 * 0.3 / 1.3).epsilon(1e-12));
  CHECK(entry(bound, "cot/gsm8k/inverted").family == "input_inversion");
  CHECK(entry(bound, "cot/gsm8k").family == "chain_of_thought");
  CHECK(entry(bound, "cot/gsm8k").forms.size() == 3);
  CHECK_THROWS_AS(flan::bind_preset(flan::flan_collection, data.path, {.absent_is_error = true}), flan::error);

  auto const four = flan::forms_of(flan::flan_collection.parts[0].styles);
  REQUIRE(four.size() == 6);
  double sum = 0, few = 0;
  for (auto const& f : four) {
    sum += f.rate;
    if (f.exemplars != flan::exemplars::none) {
      few += f.rate;
      CHECK(f.options != flan::option_form::varied);
      CHECK(f.rate == 0.125);
    }
  }
  CHECK((sum == 1 && few == 0.5));
  CHECK(flan::forms_of({}).size() == 1);
}

TEST_CASE("published copies open by their own field names, and by the catalog's") {
  data_folder const data;
  data.put("snli/train.jsonl", R"({"premise": "p", "hypothesis": "h", "label": 2})"
                               "\n");
  data.put("cb/train.jsonl", R"({"premise": "p", "hypothesis": "h", "label": 1, "idx": 0})"
                             "\n");
  data.put("sst2/train.jsonl", R"({"idx": 0, "sentence": "fine", "label": 1})"
                               "\n");
  data.put("imdb_reviews/train.jsonl", R"({"text": "dull", "feeling": "negative"})"
                                       "\n");
  data.put("wnli/train.csv", "sentence1,sentence2,label\nIt rains.,It is wet.,1\n");
  data.put("ag_news_subset/train.jsonl", R"({"text": "Goal!", "label": 1})"
                                         "\n");
  data.put(
      "winogrande/train.jsonl",
      R"({"sentence": "The cup broke the plate since _ fell.", "option1": "cup", "option2": "plate", "answer": "2"})"
      "\n");
  data.put("arc_easy/train.jsonl",
           R"({"question": "Hot?", "choices": {"text": ["ice", "fire"], "label": ["A", "B"]}, "answerKey": "B"})"
           "\n");
  data.put("wmt16_translate_deen/train.jsonl", R"({"translation": {"de": "Hund", "en": "dog"}})"
                                               "\n");
  data.put("common_gen/train.jsonl", R"({"concepts": ["dog", "run"], "target": "A dog runs."})"
                                     "\n");
  data.put("cola/train.jsonl", R"({"sentence": "x", "label": 1})"
                               "\n");
  data.put("p3/dream_baseline.jsonl", R"({"inputs": "In", "targets": "Out"})"
                                      "\n");
  data.put("p3/app_reviews_generate_review/train.jsonl",
           R"({"inputs_pretokenized": "In", "targets_pretokenized": "Out"})"
           "\n");
  auto const bound = flan::bind_preset(flan::flan2022_b, data.path, lenient());
  REQUIRE(bound.mixture);
  auto const shots = [&](std::string_view name) {
    std::string all;
    for (auto const& t : bound.mixture->tasks())
      if (t.name() == name)
        for (std::uint32_t w = 0; w < t.wordings(); ++w) {
          auto const s = t(0, w);
          all += s.input + " -> " + s.target + '\n';
        }
    return all;
  };
  CHECK(has(shots("snli"), "-> no\n"));
  CHECK(has(shots("cb"), "-> no\n"));
  CHECK(has(shots("sst2"), "-> positive\n"));
  CHECK(has(shots("imdb_reviews"), "-> negative\n"));
  CHECK(has(shots("wnli"), "-> yes\n"));
  CHECK(has(shots("ag_news_subset"), "-> Sports\n"));
  CHECK(has(shots("winogrande"), "-> plate\n"));
  CHECK(has(shots("arc_easy"), "-> fire\n"));
  CHECK((has(shots("wmt16_translate_deen"), "-> dog\n") && has(shots("wmt16_translate_deen"), "German")));
  CHECK(has(shots("common_gen"), "dog, run"));
  CHECK(shots("dream_baseline") == "In -> Out\n");
  CHECK(shots("app_reviews_generate_review") == "In -> Out\n");
  CHECK(has(entry(bound, "muffin/cola").absent_because, "acceptability"));
}

TEST_CASE("every layout is of a task of the table, and of fields of its family") {
  for (auto const& layout : flan::preset_layouts) {
    INFO(layout.task);
    auto const row = flan::find_preset_task(layout.task);
    REQUIRE(row);
    auto const fields = flan::family_fields(layout.family.empty() ? row->family : layout.family);
    for (auto const& f : layout.fields)
      if (!f.field.empty()) CHECK(std::find(fields.begin(), fields.end(), f.field) != fields.end());
  }
}
