/// Every published file at hand is opened and read record by record, and their known oddities are looked for. What is
/// at hand is found by looking: none of the files has to be there.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "flan/data/alpaca.hpp"
#include "flan/data/delimited.hpp"
#include "flan/data/json_records.hpp"
#include "flan/data/jsonl.hpp"
#include "flan/data/natural_instructions.hpp"
#include "flan/data/squad.hpp"
#include "flan/data/superglue.hpp"
#include "flan/data/text_file.hpp"
#include "flan/prompt/chain_of_thought.hpp"
#include "flan/text/utf8.hpp"
#include "support/catch.hpp"
#include "support/published.hpp"

namespace {
namespace fs = std::filesystem;

using flan::testing::flan_columns;
using flan::testing::published;
using flan::testing::uncached;

/// The files below a folder that end so, in order.
std::vector<fs::path> files_in(fs::path const& folder, std::string_view ending) {
  std::vector<fs::path> all;
  if (fs::is_directory(folder))
    for (auto const& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file() && entry.path().filename().string().ends_with(ending)) all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

/// The rows that the list of the data gives for a file; nothing for files that are not in it.
std::map<std::string, std::uint64_t> listed_rows() {
  std::map<std::string, std::uint64_t> rows;
  auto const list = flan::tsv(published() / "MANIFEST.tsv", {}, uncached);
  for (std::uint64_t i = 0; i < list.size(); ++i) {
    auto const r = list[i];
    if (r.values[2] != "-") rows[r.values[0]] = std::stoull(r.values[2]);
  }
  return rows;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// How often f(record) is true.
template <class R, class F>
std::uint64_t count(flan::source<R> const& s, F&& f) {
  std::uint64_t n = 0;
  for (std::uint64_t i = 0; i < s.size(); ++i) n += static_cast<bool>(f(s[i]));
  return n;
}
std::uint64_t count_cells(flan::source<flan::text_record> const& s, std::string_view part) {
  return count(s, [&](flan::text_record const& r) {
    return std::any_of(r.values.begin(), r.values.end(), [&](auto const& cell) { return contains(cell, part); });
  });
}

/// How a file's lines, rows or elements become records, and how many lines name columns.
struct opened {
  flan::text_source records;
  std::uint64_t head = 0;
};
opened open_any(fs::path const& path) {
  auto const name = path.filename().string(), whole = path.string();
  if (path.extension() == ".tsv") {
    if (contains(whole, "flan_v2")) return {flan::tsv(path, flan_columns, uncached)};
    if (name.starts_with("mgsm_")) return {flan::tsv(path, {.columns = {"question", "answer"}}, uncached)};
    return {flan::tsv(path, {}, uncached), 1};
  }
  if (path.extension() == ".csv") {
    if (contains(whole, "original_layout"))
      return {flan::csv(path, {.columns = {"question", "A", "B", "C", "D", "answer"}}, uncached)};
    if (contains(name, "answers"))
      return {flan::csv(path,
                        {.columns = contains(name, "subtaskC") ? std::vector<std::string>{"id", "a", "b", "c"}
                                                               : std::vector<std::string>{"id", "answer"}},
                        uncached)};
    return {flan::csv(path, {}, uncached), 1};
  }
  if (path.extension() == ".txt") return {flan::text_lines(path, uncached)};
  if (path.extension() != ".json") return {flan::jsonl(path, uncached)};
  if (contains(whole, "/creak/") || contains(whole, "/aqua/")) return {flan::jsonl(path, uncached)};
  if (contains(whole, "/bbh/bbh/")) return {flan::json_records(path, "examples.*", uncached)};
  if (contains(whole, "/niv2/")) return {flan::json_records(path, "Instances.*", uncached)};
  if (contains(whole, "/tydiqa/")) return {flan::json_records(path, "data.*", uncached)};
  if (name == "dataset_info.json" || name == "exemplars.derived.json")
    return {flan::json_records(path, "*", {.cache = false, .fields = {"key"}})};
  return {flan::json_records(path, "*", uncached)};
}

struct qed_row {
  std::int64_t id = 0;
  std::string kind;
  static constexpr auto members =
      flan::members("example_id", &qed_row::id, "annotation.explanation_type", &qed_row::kind);
};
struct claim {
  std::string sentence;
  flan::choice<"false", "true"> label;
  static constexpr auto members = flan::members("sentence", &claim::sentence, "label", &claim::label);
};
struct aqua_problem {
  std::string question, last;
  flan::choice<"A", "B", "C", "D", "E"> correct;
  static constexpr auto members = flan::members("question", &aqua_problem::question, "options.4", &aqua_problem::last,
                                                "correct", &aqua_problem::correct);
};
struct natinst_row {
  std::string task, input;
  std::uint64_t examples = 0;
  static constexpr auto members = flan::members("task", &natinst_row::task, "positive_examples.input",
                                                &natinst_row::input, "number_examples", &natinst_row::examples);
};
struct bbh_example {
  std::string input, target;
  static constexpr auto members = flan::members("input", &bbh_example::input, "target", &bbh_example::target);
};
struct exemplar {
  std::string key, q, a;
  static constexpr auto members = flan::members("key", &exemplar::key, "q", &exemplar::q, "a", &exemplar::a);
};
struct mmlu_question {
  std::string question, a, b, c, d;
  flan::choice<"A", "B", "C", "D"> answer;
  static constexpr auto members =
      flan::members("question", &mmlu_question::question, "A", &mmlu_question::a, "B", &mmlu_question::b, "C",
                    &mmlu_question::c, "D", &mmlu_question::d, "answer", &mmlu_question::answer);
};
struct gsm8k_problem {
  std::string question, answer;
  static constexpr auto members = flan::members("question", &gsm8k_problem::question, "answer", &gsm8k_problem::answer);
};
}  // namespace

TEST_CASE("every file of records that is at hand is read whole, with the rows that it is said to have") {
  auto const listed = listed_rows();
  std::uint64_t files = 0, records = 0;
  for (auto const ending : {".tsv", ".csv", ".json", ".jsonl", ".jsonlines", ".txt"}) {
    for (auto const& path : files_in(published(), ending)) {
      INFO(path.string());
      if (contains(path.string(), "LICENSE")) continue;
      auto const [source, head] = open_any(path);
      ++files;
      bool valid = true;
      for (std::uint64_t i = 0; i < source.size(); ++i) {
        auto const r = source[i];
        valid = valid && r.values.size() == source.names->size();
        for (auto const& value : r.values) valid = valid && flan::is_utf8(value);
      }
      records += source.size();
      CHECK(valid);
      auto const found = listed.find(fs::relative(path, published()).string());
      if (found != listed.end() && path.extension() != ".txt") CHECK(source.size() + head == found->second);
    }
  }
  CHECK(files > 0);
  CHECK(records > files);
}

TEST_CASE("the chain-of-thought tables: nothing is quoted, one escape is decoded, in two columns") {
  std::map<std::string, std::function<void(flan::source<flan::worked_answer> const&)>> const oddities{
      {"aqua_train.tsv",
       [](auto const& s) {
         // A backslash before the escape stays one; TeX is no escape.
         CHECK(count(s, [](auto const& r) { return contains(r.question + '\t' + r.chain_of_thought, "\\\n"); }) == 8);
         CHECK(count(s, [](auto const& r) { return contains(r.chain_of_thought, "\n"); }) == 1668);
         CHECK(count(s, [](auto const& r) { return contains(r.question + r.chain_of_thought, "\\therefore"); }) > 0);
         CHECK(count(s, [](auto const& r) { return contains(r.question, "\nOptions:\n(A) "); }) > 2000);
       }},
      {"creak_train.tsv",
       [](auto const& s) {
         CHECK(count(s, [](auto const& r) {
                 return r.question.starts_with('"') || r.answer.starts_with('"') || r.chain_of_thought.starts_with('"');
               }) == 975);
         CHECK(count(s, [](auto const& r) { return contains(r.question, "Options:\n- yes"); }) == 4931);
         CHECK(count(s, [](auto const& r) { return contains(r.question + r.chain_of_thought, "3\\14"); }) > 0);
         CHECK(count(s, [](auto const& r) { return r.answer == "yes" || r.answer == "no"; }) == s.size());
       }},
      {"gsm8k_train.tsv",
       [](auto const& s) {
         std::uint64_t separators = 0;
         auto const rows = count(s, [&](auto const& r) {
           auto const text = r.question + r.chain_of_thought;
           std::uint64_t here = 0;
           for (auto at = text.find("\xE2\x80\xA8"); at != text.npos; at = text.find("\xE2\x80\xA8", at + 1)) ++here;
           separators += here;
           return here > 0;
         });
         CHECK(rows == 1);  // U+2028 ends no line
         CHECK(separators == 2);
         CHECK(count(s, [](auto const& r) { return contains(r.answer, ","); }) == 0);
       }},
      {"sensemaking_train.tsv",
       [](auto const& s) { CHECK(count(s, [](auto const& r) { return r.question.ends_with('\n'); }) == s.size()); }},
      {"strategyqa_train.tsv", [](auto const& s) {
         auto const edge = [](std::string const& t) { return !t.empty() && (t.front() == ' ' || t.back() == ' '); };
         CHECK(count(s, [](auto const& r) {
                 return r.question.starts_with('"') || r.answer.starts_with('"') || r.chain_of_thought.starts_with('"');
               }) == 8);
         CHECK(count(s, [&](auto const& r) { return edge(r.question) || edge(r.chain_of_thought); }) >= 30);
         std::set<std::string> seen;
         CHECK(count(s, [&](auto const& r) {
                 return !seen.insert(r.question + '\t' + r.answer + '\t' + r.chain_of_thought).second;
               }) == 1);
       }}};
  for (auto const& path : files_in(published() / "cot" / "flan_v2", ".tsv")) {
    INFO(path.string());
    auto const s = flan::tsv<flan::worked_answer>(path, flan_columns, uncached);
    CHECK(count(s, [](auto const& r) {
            return r.question.empty() || r.answer.empty() || r.chain_of_thought.empty();
          }) == 0);
    auto const odd = oddities.find(path.filename().string());
    if (odd != oddities.end()) odd->second(s);
  }
}

TEST_CASE("JSON lines behind .json, labels that are texts, whole numbers beyond 2^53") {
  for (auto const& path : files_in(published() / "cot" / "originals" / "qed", ".jsonlines")) {
    auto const s = flan::jsonl<qed_row>(path, uncached);
    auto const as_text = flan::jsonl(path, {.cache = false, .fields = {"example_id"}});
    std::map<std::string, int> kinds;
    int beyond = 0, same = 0;
    for (std::uint64_t i = 0; i < s.size(); ++i) {
      auto const r = s[i];
      ++kinds[r.kind];
      beyond += std::max(r.id, -r.id) > (std::int64_t{1} << 53);
      same += std::to_string(r.id) == as_text[i].values[0];
    }
    CHECK(beyond == 1354);
    CHECK(same == 1355);
    CHECK(kinds == std::map<std::string, int>{{"single_sentence", 1021}, {"multi_sentence", 183}, {"none", 151}});
    CHECK(count_cells(flan::jsonl(path, uncached), "\xEF\xBB\xBF") > 0);
  }
  for (auto const& path : files_in(published() / "cot" / "originals" / "creak", ".json")) {
    INFO(path.string());
    if (contains(path.string(), "without_labels"))
      CHECK_THROWS_WITH(flan::jsonl<claim>(path, uncached), ContainsSubstring(":1: the field \"label\" is missing"));
    else
      CHECK(flan::jsonl<claim>(path, uncached).size() > 0);
  }
  for (auto const& path : files_in(published() / "cot" / "originals" / "aqua", ".json")) {
    auto const s = flan::jsonl<aqua_problem>(path, uncached);
    CHECK(count(s, [](auto const& r) { return r.last.starts_with("E"); }) == s.size());
  }
  for (auto const& path : files_in(published() / "tydiqa" / "primary_sample", "annotation.jsonl")) {
    auto const s = flan::jsonl(
        path,
        {.cache = false, .fields = {"annotations.0.annotation_id", "annotations.0.passage_answer.candidate_index"}});
    CHECK(s[0].values == std::vector<std::string>{"4631925399868346660", "-1"});
  }
}

TEST_CASE("Natural Instructions: all layouts, with the counts of their table") {
  auto const root = published() / "niv2";
  auto const table = flan::tsv(root / "INDEX.tsv", {}, uncached);
  auto const column = [&](char const* name) { return flan::detail::field_position(*table.names, name); };
  std::map<std::string, std::vector<std::string>> rows;
  for (std::uint64_t i = 0; i < table.size(); ++i) {
    auto const r = table[i].values;
    rows[r[column("folder")] + '/' + r[column("task")]] = r;
  }
  std::uint64_t files = 0, of_mmlu = 0, empty_outputs = 0, explained = 0, examples = 0;
  for (auto const* const folder : {"tasks", "tasks_cut", "variants"}) {
    for (auto const& path : files_in(root / folder, ".json")) {
      INFO(path.string());
      auto const s = flan::natural_instructions(path, uncached);
      ++files;
      std::size_t most = 0;
      bool carriage_return = false, mark = false;
      for (std::uint64_t i = 0; i < s.size(); ++i) {
        auto const r = s[i];
        most = std::max(most, r.references.size());
        empty_outputs += r.output.empty();
        carriage_return = carriage_return || contains(r.input + r.output, "\r");
        mark = mark || contains(r.input + r.output, "\xEF\xBB\xBF");
        REQUIRE(!r.references.empty());
      }
      CHECK(!s.task->definition.empty());
      auto const name = path.stem().string();
      if (auto const found = rows.find(std::string(folder) + '/' + name); found != rows.end()) {
        auto const number = [&](char const* c) { return std::stoull(found->second[column(c)]); };
        CHECK(s.size() == number("n_inst"));
        CHECK(s.task->positive_examples.size() == number("n_pos"));
        CHECK(s.task->negative_examples.size() == number("n_neg"));
        if (std::string_view(folder) != "variants") CHECK(most == number("max_outputs"));
      }
      if (std::string_view(folder) == "tasks") {
        of_mmlu += flan::natural_task_is_of_mmlu(name);
        for (auto const* const list : {&s.task->positive_examples, &s.task->negative_examples}) {
          examples += list->size();
          explained += static_cast<std::uint64_t>(
              std::count_if(list->begin(), list->end(), [](auto const& e) { return !e.explanation.empty(); }));
        }
      }
      if (name.starts_with("task689_") || name.starts_with("task691_")) CHECK(carriage_return);
      if (name.starts_with("task690_")) CHECK(mark);
    }
  }
  CHECK(files > 0);
  CHECK(of_mmlu == files_in(root / "tasks", ".json").size() - 7);
  if (examples == 494) CHECK(explained == 209);
  if (!files_in(root / "tasks_cut", ".json").empty()) CHECK(empty_outputs == 6);
}

TEST_CASE("the derived table of Natural Instructions: nested fields by path") {
  auto const path = published() / "niv2" / "flan_natinst_meta.derived.jsonl";
  if (!fs::exists(path)) return;
  auto const s = flan::jsonl<natinst_row>(path, uncached);
  CHECK(s.size() == 1654);
  CHECK(s[0].task == "task001_quoref_question_generation");
  CHECK(count(s, [](auto const& r) { return flan::natural_task_number(r.task).has_value(); }) == s.size());
}

TEST_CASE("BIG-Bench-Hard: the canary is nobody's text, broken targets are text") {
  for (auto const& path : files_in(published() / "bbh" / "bbh", ".json")) {
    INFO(path.string());
    auto const s = flan::json_records<bbh_example>(path, "examples.*", uncached);
    CHECK(count(s, [](auto const& r) { return contains(r.input + r.target, "canary"); }) == 0);
    auto const letterless = [&] { return count(s, [](auto const& r) { return !r.target.starts_with('('); }); };
    if (path.filename() == "movie_recommendation.json") CHECK(letterless() == 1);
    if (path.filename() == "ruin_names.json") CHECK(letterless() == 2);
  }
  for (auto const& path : files_in(published() / "bbh" / "cot-prompts", ".txt")) {
    INFO(path.string());
    auto const s = flan::text_paragraphs(path, uncached);
    REQUIRE(s.size() >= 4);
    CHECK(count_cells(s, "canary") == 0);
    CHECK(count_cells(s, "-----") == 0);
    CHECK(count(s, [](auto const& r) { return r.values[0].starts_with("Q: "); }) == 3);
    CHECK(contains(s[s.size() - 1].values[0], "o the answer is "));
  }
}

TEST_CASE("MGSM: answers with commas, characters that are seen by no eye, exemplars") {
  for (auto const& path : files_in(published() / "mgsm", ".tsv")) {
    INFO(path.string());
    auto const s = flan::tsv(path, {.columns = {"question", "answer"}}, uncached);
    CHECK(s.size() == 250);
    CHECK(count(s, [](auto const& r) { return contains(r.values[1], ","); }) == 4);
    if (path.filename() == "mgsm_te.tsv") {
      std::uint64_t joiners = 0;
      for (std::uint64_t i = 0; i < s.size(); ++i) {
        std::string const text = s[i].values[0];
        for (auto at = text.find("\xE2\x80\x8C"); at != text.npos; at = text.find("\xE2\x80\x8C", at + 1)) ++joiners;
      }
      CHECK(joiners == 561);
    }
  }
  auto const path = published() / "mgsm" / "exemplars.derived.json";
  if (!fs::exists(path)) return;
  auto const s = flan::json_records<exemplar>(path, "MGSM_EXEMPLARS.*.*", uncached);
  CHECK(s.size() == 88);
  auto const german = flan::json_records<exemplar>(path, "MGSM_EXEMPLARS.de.*", uncached);
  REQUIRE(german.size() == 8);
  CHECK(german[7].key == "8");
  CHECK(german[0].q.starts_with("Frage: "));
  CHECK(flan::json_records(path, "EXEMPLAR_NUMBER_ANSWERS.*", uncached)[3].values[0] == "9");
}

TEST_CASE("MMLU: the export and the original layout say the same") {
  std::uint64_t files = 0, none = 0, broken = 0, dev_broken = 0;
  for (auto const* const part : {"dev", "test"})
    for (auto const& path : files_in(published() / "mmlu" / part, ".csv")) {
      INFO(path.string());
      auto const s = flan::csv(path, {}, uncached);
      CHECK(*s.names == std::vector<std::string>{"question", "choice0", "choice1", "choice2", "choice3", "answer"});
      ++files;
      none += count_cells(s, "None");
      auto const breaks = count_cells(s, "\n");
      (part == std::string_view("dev") ? dev_broken : broken) += breaks;
      CHECK(count(s, [](auto const& r) {
              return std::any_of(r.values.begin(), r.values.end(), [](auto const& cell) { return cell.empty(); });
            }) == 0);
      auto const original = published() / "mmlu" / "derived_original_layout" / part / path.filename();
      if (!fs::exists(original)) continue;
      auto const o =
          flan::csv<mmlu_question>(original, {.columns = {"question", "A", "B", "C", "D", "answer"}}, uncached);
      REQUIRE(o.size() == s.size());
      std::uint64_t same = 0;
      for (std::uint64_t i = 0; i < s.size(); ++i) {
        auto const r = o[i];
        same +=
            s[i].values == std::vector<std::string>{r.question, r.a, r.b, r.c, r.d, std::to_string(r.answer.index())};
      }
      CHECK(same == s.size());
    }
  if (files > 0) CHECK(none > 0);
  if (files_in(published() / "mmlu" / "dev", ".csv").size() == 57) CHECK(dev_broken == 32);
}

TEST_CASE("GSM8K: one answer at the end, of many forms") {
  for (auto const& path : files_in(published() / "gsm8k", ".jsonl")) {
    INFO(path.string());
    auto const s = flan::jsonl<gsm8k_problem>(path, uncached);
    CHECK(count(s, [](auto const& r) {
            auto const at = r.answer.find("\n#### ");
            return at != r.answer.npos && at == r.answer.rfind('\n');
          }) == s.size());
    if (path.filename() != "test.jsonl") continue;
    CHECK(count(s, [](auto const& r) { return !contains(r.answer, "<<"); }) == 18);
    CHECK(count(s, [](auto const& r) { return contains(r.answer, "\n#### -"); }) == 2);
  }
}

TEST_CASE("TyDi QA: every answer stands where its code point says") {
  auto const listed = listed_rows();
  for (auto const& path : files_in(published() / "tydiqa" / "goldp_by_language", ".json")) {
    INFO(path.string());
    auto const s = flan::squad(path, uncached);
    auto const found = listed.find(fs::relative(path, published()).string());
    if (found != listed.end()) CHECK(s.size() == found->second);
    CHECK(count(s, [](auto const& r) { return r.answers.empty() || r.answer.empty(); }) == 0);
    CHECK(count(s, [](auto const& r) { return contains(r.id, "--"); }) > 0);  // negative numbers
    std::uint64_t as_bytes = 0;
    for (std::uint64_t i = 0; i < s.size(); ++i) {
      auto const r = s[i];
      for (auto const& a : r.answers)
        as_bytes += a.start <= r.context.size() && r.context.substr(a.start, a.text.size()) == a.text;
    }
    if (contains(path.string(), "russian") || contains(path.string(), "arabic")) CHECK(as_bytes < s.size() / 2);
    if (contains(path.string(), "train"))
      CHECK(count(s, [](auto const& r) { return r.answers.size() != 1; }) == 0);
    else
      CHECK(count(s, [](auto const& r) { return r.answers.size() > 1; }) > 0);
  }
}

TEST_CASE("SuperGLUE: labels of each task's type, answers and queries of the nested ones") {
  namespace glue = flan::superglue;
  auto const folder = published() / "promptsource" / "data" / "super_glue";
  auto const both = [](auto const& s) {
    auto const first = count(s, [](auto const& r) { return r.label.index() == 0; });
    return first > 0 && first < s.size();
  };
  for (auto const& path : files_in(folder, ".jsonl")) {
    INFO(path.string());
    auto const task = path.parent_path().filename();
    if (task == "BoolQ") CHECK(both(flan::jsonl<glue::boolq>(path, uncached)));
    if (task == "CB") CHECK(both(flan::jsonl<glue::cb>(path, uncached)));
    if (task == "COPA") CHECK(both(flan::jsonl<glue::copa>(path, uncached)));
    if (task == "RTE") CHECK(both(flan::jsonl<glue::rte>(path, uncached)));
    if (task == "WiC") CHECK(both(flan::jsonl<glue::wic>(path, uncached)));
    if (task == "WSC") {
      auto const s = flan::jsonl<glue::wsc>(path, uncached);
      CHECK((both(s) || path.filename() == "train.jsonl"));  // the few of the training part are all true
      CHECK(count(s, [](auto const& r) {
              std::string const words = ' ' + r.text;
              return contains(words, r.span2);
            }) == s.size());
    }
    if (task == "MultiRC") {
      auto const s = glue::multirc_answers(path, uncached);
      CHECK(both(s));
      std::set<std::int64_t> numbers;
      CHECK(count(s, [&](auto const& r) { return numbers.insert(r.answer_number).second; }) == s.size());
      if (path.filename() == "val.jsonl") CHECK(s.size() == 4848);
    }
    if (task == "ReCoRD") {
      auto const s = glue::record_queries(path, uncached);
      CHECK(count(s, [](auto const& r) { return contains(r.query, "@placeholder"); }) == s.size());
      CHECK(count(s, [](auto const& r) {
              return !r.answers.empty() &&
                     std::find(r.entities.begin(), r.entities.end(), r.answer) != r.entities.end();
            }) == s.size());
    }
  }
}

TEST_CASE("Alpaca: an empty input is a request without one") {
  std::map<std::string, std::uint64_t> const empty{{"alpaca_en_demo.json", 587}, {"alpaca_zh_demo.json", 861}};
  for (auto const& [name, n] : empty) {
    auto const path = published() / "alpaca" / "llama_factory" / name;
    if (!fs::exists(path)) continue;
    INFO(name);
    auto const s = flan::alpaca(path, uncached);
    CHECK(count(s, [](auto const& r) { return r.input.empty(); }) == n);
    CHECK(count(s, [](auto const& r) { return r.input.empty() == (r.request == r.instruction); }) == s.size());
  }
}
