#pragma once
/// The formats of a task's files by name: how each is read, and the family and fields that it stands for.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/data_file.hpp"
#include "flan/data/nearest_name.hpp"
#include "flan/data/raw_format.hpp"
#include "flan/data/squad.hpp"
#include "flan/data/superglue.hpp"
#include "flan/data/task_spec.hpp"

namespace flan::detail {

using raw_format_pointer = std::shared_ptr<raw_format>;
using field_specs = std::vector<std::pair<std::string, field_spec>>;

struct task_format {
  std::string_view name, about;
  raw_format_pointer (*make)(task_spec const&);  // null: opened elsewhere
  std::string_view family = {};                  // that it stands for
  field_specs fields = {};                       // of that family, where they are called otherwise
  bool table = false;                            // takes columns and unescape
  bool document = false;                         // takes where
};

[[gnu::cold]] inline raw_format_pointer make_json_lines(task_spec const&) {
  return std::make_shared<json_lines_format>();
}
[[gnu::cold]] inline raw_format_pointer make_json_document(task_spec const& s) {
  return std::make_shared<json_document_format>(s.where.empty() ? "*" : s.where);
}
template <table_kind K>
[[gnu::cold]] raw_format_pointer make_table(task_spec const& s) {
  return std::make_shared<table_raw_format>(K, table_options{s.columns, s.unescape});
}
template <bool Paragraphs>
[[gnu::cold]] raw_format_pointer make_text(task_spec const&) {
  return std::make_shared<text_raw_format>(Paragraphs);
}
[[gnu::cold]] inline raw_format_pointer make_cot(task_spec const&) {
  return std::make_shared<table_raw_format>(
      table_kind::tsv, table_options{{"question", "answer", "chain_of_thought"}, {"question", "chain_of_thought"}});
}
[[gnu::cold]] inline raw_format_pointer make_alpaca(task_spec const&) { return std::make_shared<alpaca_format>(); }
[[gnu::cold]] inline raw_format_pointer make_open_book_qa(task_spec const&) {
  return std::make_shared<open_book_qa_format>();
}
[[gnu::cold]] inline raw_format_pointer make_copa(task_spec const&) { return std::make_shared<copa_format>(); }
[[gnu::cold]] inline raw_format_pointer make_squad(task_spec const&) {
  return std::make_shared<typed_raw_format<squad_question>>(
      std::make_shared<squad_reader>(), +[](squad_question const& q, json::object_t& out) {
        out.emplace("id", q.id);
        out.emplace("question", q.question);
        out.emplace("context", q.context);
        out.emplace("answer", q.answer);
      });
}
[[gnu::cold]] inline raw_format_pointer make_multirc(task_spec const&) {
  return std::make_shared<typed_raw_format<superglue::multirc>>(
      std::make_shared<superglue::detail::multirc_reader>(), +[](superglue::multirc const& r, json::object_t& out) {
        out.emplace("paragraph", r.paragraph);
        out.emplace("question", r.question);
        out.emplace("answer", r.answer);
        out.emplace("label", r.label.index() == 1);
      });
}
[[gnu::cold]] inline raw_format_pointer make_record(task_spec const&) {
  return std::make_shared<typed_raw_format<superglue::record>>(
      std::make_shared<superglue::detail::record_reader>(), +[](superglue::record const& r, json::object_t& out) {
        out.emplace("passage", r.passage);
        out.emplace("query", r.query);
        out.emplace("answer", r.answer);
        auto& entities = out.emplace("entities", json(json::value_t::array)).first->second;
        for (auto const& entity : r.entities) entities.get_ref<json::array_t&>().emplace_back(entity);
      });
}

[[gnu::cold]] inline field_spec from(char const* path) {
  field_spec s;
  s.from = path;
  return s;
}
[[gnu::cold]] inline field_spec pattern(char const* text) {
  field_spec s;
  s.pattern = text;
  return s;
}
[[gnu::cold]] inline field_spec meaning(char const* path, std::vector<std::pair<std::string, std::string>> values) {
  field_spec s;
  s.from = path;
  s.values = std::move(values);
  return s;
}
[[gnu::cold]] inline field_spec chosen(std::vector<std::string> options, char const* right) {
  field_spec s;
  s.options = std::move(options);
  s.right = right;
  return s;
}

[[gnu::cold]] inline std::vector<task_format> const& all_formats() {
  static std::vector<task_format> const all = [] {
    std::vector<task_format> f;
    auto const add = [&](task_format one) -> task_format& { return f.emplace_back(std::move(one)); };
    add({"jsonl", "an object of JSON a line", make_json_lines});
    add({"json", "objects in one document of JSON, where \"where\" says", make_json_document}).document = true;
    add({"tsv", "a table with tabs and a line of names, nothing quoted", make_table<table_kind::tsv>}).table = true;
    add({"csv", "a table with commas and a line of names (RFC 4180)", make_table<table_kind::csv>}).table = true;
    add({"text", "a record a line, its field \"text\"", make_text<false>});
    add({"paragraphs", "records between empty lines, their field \"text\"", make_text<true>});
    add({"cot", "FLAN's tables of worked answers", make_cot, "chain_of_thought"});
    add({"alpaca", "a list of {instruction, input, output}", make_alpaca, "alpaca"});
    add({"niv2", "a task of Natural Instructions v2", nullptr, "natural_instructions"});
    add({"squad", "questions on paragraphs: SQuAD, TyDi QA GoldP, XQuAD", make_squad, "extractive_qa"}).fields = {
        {"passage", from("context")}};
    add({"superglue/boolq", "BoolQ", make_json_lines, "boolean_qa"}).fields = {{"answer", from("label")}};
    add({"superglue/cb", "CommitmentBank", make_json_lines, "nli"}).fields = {
        {"label",
         meaning("label",
                 {{"entailment", "yes"}, {"neutral", "it is not possible to tell"}, {"contradiction", "no"}})}};
    add({"superglue/copa", "COPA", make_copa, "commonsense"}).fields = {
        {"beginning", pattern("{premise} {connective}")}, {"ending", chosen({"choice1", "choice2"}, "label")}};
    add({"superglue/multirc", "MultiRC, an answer a record", make_multirc, "boolean_qa"}).fields = {
        {"passage", from("paragraph")},
        {"question", pattern("{question} Would \"{answer}\" be a right answer?")},
        {"answer", from("label")}};
    add({"superglue/record", "ReCoRD, a query a record", make_record, "reading_comprehension"}).fields = {
        {"question", pattern("What does @placeholder stand for? {query}")}, {"answer", chosen({"entities"}, "answer")}};
    add({"superglue/rte", "RTE", make_json_lines, "entailment"}).fields = {
        {"label", meaning("label", {{"entailment", "yes"}, {"not_entailment", "no"}})}};
    add({"superglue/wic", "WiC", make_json_lines, "word_sense"}).fields = {
        {"first", from("sentence1")}, {"second", from("sentence2")}, {"same_sense", from("label")}};
    add({"superglue/wsc", "WSC", make_json_lines, "boolean_qa"}).fields = {
        {"passage", from("text")},
        {"question", pattern("Does \"{target.span2_text}\" refer to \"{target.span1_text}\"?")},
        {"answer", from("label")}};
    auto& open_book_qa = add({"openbookqa", "OpenBookQA's table", make_open_book_qa, "multiple_choice"});
    open_book_qa.fields = {{"question", from("question_stem")}, {"answer", chosen({"choices"}, "answerKey")}};
    open_book_qa.fields.back().second.first = "A";
    return f;
  }();
  return all;
}

/// Null when there is none of this name.
[[gnu::cold]] inline task_format const* find_format(std::string_view name) {
  for (auto const& format : all_formats())
    if (format.name == name) return &format;
  return nullptr;
}

/// The format of a `.json` by its beginning: a list, or an object a line. Other objects could be anything.
[[gnu::cold]] inline std::string_view format_of_json(std::filesystem::path const& path) {
  data_file const file(path);
  constexpr std::uint64_t most = 1 << 20;
  auto const begin = file.read(0, static_cast<std::size_t>(std::min(file.size(), most)));
  std::string_view text = begin;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (text.starts_with('[')) return "json";
  // An object that ends with its line, and another below it.
  auto const line = text.substr(0, text.find('\n'));
  auto const next = text.find_first_not_of(" \t\r\n", line.size());
  auto const last = line.find_last_not_of(" \t\r");
  if (text.starts_with('{') && line[last] == '}' && next != text.npos && text[next] == '{') return "jsonl";
  fail("format: ", path.string(),
       " is neither a list nor an object a line: say whether it is \"json\", \"niv2\" or \"squad\"");
}

/// The format of a file by its name (that of a packed one without .gz) and beginning.
[[gnu::cold]] inline std::string_view format_of_file(std::filesystem::path const& path, std::filesystem::path name) {
  if (name.extension() == ".gz" || name.extension() == ".zst") name = name.stem();
  auto const end = name.extension();
  if (end == ".jsonl" || end == ".jsonlines" || end == ".ndjson") return "jsonl";
  if (end == ".json") return format_of_json(path);
  if (end == ".tsv") return "tsv";
  if (end == ".csv") return "csv";
  if (end == ".txt") return "text";
  fail("format: the name of ", path.string(), " does not tell what it is; say its format");
}

/// The format of a specification. Throws `error` for a name that is none, and for settings that the format does not
/// have.
[[gnu::cold]] inline task_format const& format_for(task_spec const& s, std::filesystem::path const& first) {
  std::string_view name = s.format;
  if (name.empty()) name = s.files.empty() ? "jsonl" : format_of_file(first, s.files.front());
  auto const* const found = find_format(name);
  if (found == nullptr) {
    std::vector<std::string_view> known;
    for (auto const& f : all_formats()) known.push_back(f.name);
    fail("format: there is no format \"", name, '"', did_you_mean(name, known));
  }
  if (!found->table && !(s.columns.empty() && s.unescape.empty()))
    fail(s.columns.empty() ? "unescape" : "columns", ": the format ", name, " is no table of any columns");
  if (!found->document && !s.where.empty())
    fail("where: only the format json has records at a path that can be chosen, not ", name);
  return *found;
}

}  // namespace flan::detail
