#pragma once
/// Which data sets the paper's mixtures are made of. Facts, not files: names, families, where published files usually
/// lie, and sizes where the papers or their code give one.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "flan/data/preset_tasks_t0.hpp"

namespace flan {

/// What tasks come from. A mixture's part is one or several of these.
enum class task_group : unsigned char { flan2021, dialogue, programs, t0, cot, niv2 };

/// A row of the table of tasks.
struct preset_task {
  std::string_view name;
  task_group group;
  std::string_view family;
  /// Patterns of paths, divided by `|`; see is_file_of.
  std::string_view files = "@/train.*|@_train.*|@.jsonl";
  std::uint64_t published = 0;  ///< examples that were trained on; 0 where no source says
  std::uint64_t released = 0;   ///< rows of the released file, where they differ from those
  bool file_each = false;       ///< a collection: each file that matches is a task of its own
};

/// The families that `preset_tasks` names. Those up to chain_of_thought have wordings in the catalog under this
/// name; the files of a collection, and records with prompts, bring their own.
inline constexpr std::string_view preset_families[] = {
    "nli",
    "entailment",
    "boolean_qa",
    "extractive_qa",
    "multiple_choice",
    "closed_book_qa",
    "commonsense",
    "reading_comprehension",
    "sentiment",
    "paraphrase",
    "topic",
    "coreference",
    "word_sense",
    "summarisation",
    "translation",
    "structure_to_text",
    "arithmetic",
    "chain_of_thought",
    "acceptability",
    "completion",
    "text_repair",
    "dialogue",
    "program_repair",
    "program_synthesis",
    "collection",
    "prompted",
};

namespace detail {

constexpr auto make_preset_tasks() {
  using enum task_group;
  return std::to_array<preset_task>({
      // FLAN 2021 as the second version of its code lists it, the two additions of the paper's Muffin (lambada and
      // unified_qa_science_inst) among them.
      {"aeslc", flan2021, "summarisation"},
      {"ag_news_subset", flan2021, "topic"},
      {"anli_r1", flan2021, "nli"},
      {"anli_r2", flan2021, "nli"},
      {"anli_r3", flan2021, "nli"},
      {"arc_challenge", flan2021, "multiple_choice"},
      {"arc_easy", flan2021, "multiple_choice"},
      {"bool_q", flan2021, "boolean_qa", "@/train.*|@_train.*|@.jsonl|BoolQ/train.*", 9'220},
      {"cb", flan2021, "nli", "@/train.*|@_train.*|@.jsonl|CB/train.*"},
      {"cnn_dailymail", flan2021, "summarisation"},
      {"cola", flan2021, "acceptability"},
      {"common_gen", flan2021, "structure_to_text"},
      {"copa", flan2021, "commonsense", "@/train.*|@_train.*|@.jsonl|COPA/train.*"},
      {"coqa", flan2021, "reading_comprehension"},
      {"cosmos_qa", flan2021, "commonsense"},
      {"dart", flan2021, "structure_to_text"},
      {"definite_pronoun_resolution", flan2021, "coreference"},
      {"drop", flan2021, "reading_comprehension"},
      {"e2e_nlg", flan2021, "structure_to_text"},
      {"fix_punct", flan2021, "text_repair"},
      {"wiki_lingua_english_en", flan2021, "summarisation"},
      {"gigaword", flan2021, "summarisation"},
      {"glue_mrpc", flan2021, "paraphrase"},
      {"glue_qqp", flan2021, "paraphrase"},
      {"hellaswag", flan2021, "commonsense"},
      {"imdb_reviews", flan2021, "sentiment"},
      {"lambada", flan2021, "completion"},
      {"math_dataset", flan2021, "arithmetic"},
      {"mnli_matched", flan2021, "nli"},
      {"mnli_mismatched", flan2021, "nli"},
      {"multi_news", flan2021, "summarisation"},
      {"multirc", flan2021, "reading_comprehension", "@/train.*|@_train.*|@.jsonl|MultiRC/train.*"},
      {"natural_questions", flan2021, "closed_book_qa"},
      {"newsroom", flan2021, "summarisation"},
      {"openbookqa", flan2021, "multiple_choice"},
      {"opinion_abstracts_idebate", flan2021, "summarisation"},
      {"opinion_abstracts_rotten_tomatoes", flan2021, "summarisation"},
      {"para_crawl_enes", flan2021, "translation"},
      {"paws_wiki", flan2021, "paraphrase"},
      {"piqa", flan2021, "commonsense"},
      {"qnli", flan2021, "entailment"},
      {"quac", flan2021, "reading_comprehension"},
      {"record", flan2021, "reading_comprehension", "@/train.*|@_train.*|@.jsonl|ReCoRD/train.*"},
      {"rte", flan2021, "entailment", "@/train.*|@_train.*|@.jsonl|RTE/train.*", 2'290},
      {"samsum", flan2021, "summarisation"},
      {"sentiment140", flan2021, "sentiment"},
      {"snli", flan2021, "nli"},
      {"squad_v1", flan2021, "extractive_qa"},
      {"squad_v2", flan2021, "extractive_qa"},
      {"sst2", flan2021, "sentiment"},
      {"story_cloze", flan2021, "commonsense"},
      {"stsb", flan2021, "paraphrase"},
      {"trec", flan2021, "topic"},
      {"trivia_qa", flan2021, "closed_book_qa"},
      {"true_case", flan2021, "text_repair"},
      {"unified_qa_science_inst", flan2021, "multiple_choice"},
      {"web_nlg_en", flan2021, "structure_to_text"},
      {"wic", flan2021, "word_sense", "@/train.*|@_train.*|@.jsonl|WiC/train.*"},
      {"winogrande", flan2021, "coreference"},
      {"wmt14_enfr", flan2021, "translation"},
      {"wmt16_translate_csen", flan2021, "translation"},
      {"wmt16_translate_deen", flan2021, "translation"},
      {"wmt16_translate_fien", flan2021, "translation"},
      {"wmt16_translate_roen", flan2021, "translation"},
      {"wmt16_translate_ruen", flan2021, "translation"},
      {"wmt16_translate_tren", flan2021, "translation"},
      {"wnli", flan2021, "entailment"},
      {"word_segment", flan2021, "text_repair"},
      {"wsc", flan2021, "coreference", "@/train.*|@_train.*|@.jsonl|WSC/train.*", 500},
      {"xsum", flan2021, "summarisation"},
      {"yelp_polarity_reviews", flan2021, "sentiment"},
      // New in Muffin. DrRepair, CodeContests and TaskMaster were never released in the mixture's form.
      {"qrecc", dialogue, "dialogue"},
      {"task_master", dialogue, "dialogue"},
      {"wiki_dialog", dialogue, "dialogue"},
      {"dr_repair", programs, "program_repair"},
      {"dr_repair_comments", programs, "program_repair"},
      {"dr_repair_line_numbers", programs, "program_repair"},
      {"dr_repair_no_errors", programs, "program_repair"},
      {"code_contests", programs, "program_synthesis"},
      // The nine chain-of-thought sets, in FLAN's form: question, answer, rationale.
      {"aqua", cot, "chain_of_thought", "@_train.tsv", 2'715, 2'728},
      {"creak", cot, "chain_of_thought", "@_train.tsv", 6'910, 6'915},
      {"ecqa", cot, "chain_of_thought", "@_train.tsv", 7'110, 7'112},
      {"esnli", cot, "chain_of_thought", "@_train.tsv", 36'170, 36'174},
      {"gsm8k", cot, "chain_of_thought", "@_train.tsv", 7'470, 7'473},
      {"qasc", cot, "chain_of_thought", "@_train.tsv", 1'080, 1'084},
      {"qed", cot, "chain_of_thought", "@_train.tsv", 5'145, 5'154},
      {"sensemaking", cot, "chain_of_thought", "@_train.tsv", 6'070, 6'070},
      {"strategyqa", cot, "chain_of_thought", "@_train.tsv", 2'060, 2'061},
      // 1,554 tasks of Natural Instructions v2.
      {"niv2", niv2, "collection", "tasks/task*.json", 0, 0, true},
  });
}

/// With the 193 tasks of T0-SF behind them. Their records come with their prompts, as inputs and targets.
constexpr auto with_t0_sf() {
  constexpr auto others = make_preset_tasks();
  std::array<preset_task, others.size() + std::size(t0_sf_tasks)> all{};
  std::copy(others.begin(), others.end(), all.begin());
  for (std::size_t i = 0; i < std::size(t0_sf_tasks); ++i)
    all[others.size() + i] = {t0_sf_tasks[i].name, task_group::t0, "prompted", "@.jsonl|@/train.*|@_train.*",
                              t0_sf_tasks[i].records};
  return all;
}

// `*` is any part of a name, `@` the task's name.
constexpr bool matches(std::string_view pattern, std::string_view name, std::string_view text) {
  if (pattern.empty()) return text.empty();
  auto const rest = pattern.substr(1);
  if (pattern[0] == '@') return text.starts_with(name) && matches(rest, name, text.substr(name.size()));
  if (pattern[0] == '*') {
    for (std::size_t i = 0;; ++i) {
      if (matches(rest, name, text.substr(i))) return true;
      if (i == text.size() || text[i] == '/') return false;
    }
  }
  return !text.empty() && text[0] == pattern[0] && matches(rest, name, text.substr(1));
}

}  // namespace detail

/// Every task, or collection of tasks, of the paper's four mixtures and the Flan Collection.
inline constexpr auto preset_tasks = detail::with_t0_sf();

/// The row of a name; nothing where the table has none.
constexpr std::optional<preset_task> find_preset_task(std::string_view name) {
  for (auto const& t : preset_tasks)
    if (t.name == name) return t;
  return {};
}

/// Whether a path (with `/`) is one that a task's training data usually has. One of the task's patterns must match the
/// end of the path, whole names of folders and files: `*` is any part of a name, `@` the task's name. So "@/train.*"
/// of rte takes data/rte/train.jsonl, and not data/glue_rte/train.jsonl.
constexpr bool is_file_of(preset_task const& t, std::string_view path) {
  for (std::string_view left = t.files; !left.empty();) {
    auto const bar = left.find('|');
    auto const pattern = left.substr(0, bar);
    left = bar == left.npos ? std::string_view() : left.substr(bar + 1);
    std::size_t folders = 0, begin = path.size();
    for (char const c : pattern) folders += c == '/';
    for (; begin > 0; --begin)
      if (path[begin - 1] == '/' && folders-- == 0) break;
    if (detail::matches(pattern, t.name, path.substr(begin))) return true;
  }
  return false;
}

}  // namespace flan
