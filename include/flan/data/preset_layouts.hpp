#pragma once
/// What the fields of published data sets are called, as Hugging Face's copies have them, where that is not what the
/// catalog calls them. Facts, as in preset_tasks.hpp.

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/data/field_spec.hpp"

namespace flan {

/// A field of a family in terms of a file. Lists are divided by `|`.
struct preset_field {
  std::string_view field = {};    ///< the catalog's name
  std::string_view from = {};     ///< the file's, a path; with options or choices, what says which one is right
  std::string_view options = {};  ///< paths of the options, or of one list of them
  std::string_view first = "0";   ///< how `from` calls the first of the options
  std::string_view choices = {};  ///< the options themselves, the same in all records
  std::string_view values = {};   ///< "0=no|1=yes": what `from` means
  std::string_view text = {};     ///< in all records, in place of `from`
  std::string_view join = {};     ///< between the texts of a list
};

/// How a task's published files are laid out.
struct preset_layout {
  std::string_view task;
  std::string_view family;  ///< that its fields fit; empty: the one that preset_tasks names
  std::array<preset_field, 4> fields;
};

namespace detail {
constexpr preset_layout translation_layout(std::string_view task, std::string_view from_language, std::string_view from,
                                           std::string_view into_language, std::string_view into) {
  return {task,
          {},
          {{{.field = "source_language", .text = from_language},
            {.field = "target_language", .text = into_language},
            {"source", from},
            {"target", into}}}};
}
}  // namespace detail

inline constexpr preset_layout preset_layouts[] = {
    {"aeslc", {}, {{{"document", "email_body"}, {"summary", "subject_line"}}}},
    {"ag_news_subset",
     {},
     {{{.field = "topic", .from = "label", .choices = "World|Sports|Business|Science and technology"}}}},
    {"arc_challenge", {}, {{{"answer", "answerKey", "choices.text", "A"}}}},
    {"arc_easy", {}, {{{"answer", "answerKey", "choices.text", "A"}}}},
    {"cb", {}, {{{.field = "label", .from = "label", .values = "0=yes|1=no|2=it is not possible to tell"}}}},
    {"cnn_dailymail", {}, {{{"document", "article"}, {"summary", "highlights"}}}},
    {"common_gen", {}, {{{.field = "facts", .from = "concepts", .join = ", "}, {"text", "target"}}}},
    {"cosmos_qa",
     "reading_comprehension",
     {{{"passage", "context"}, {"answer", "label", "answer0|answer1|answer2|answer3"}}}},
    {"definite_pronoun_resolution", {}, {{{"text", "sentence"}, {"antecedent", "label", "candidates"}}}},
    {"e2e_nlg", {}, {{{"facts", "meaning_representation"}, {"text", "human_reference"}}}},
    {"glue_mrpc", {}, {{{"first", "sentence1"}, {"second", "sentence2"}, {"same", "label"}}}},
    {"glue_qqp", {}, {{{"first", "question1"}, {"second", "question2"}, {"same", "label"}}}},
    {"hellaswag", {}, {{{"beginning", "ctx"}, {"ending", "label", "endings"}}}},
    {"imdb_reviews", {}, {{{"feeling", "label"}}}},
    {"math_dataset", {}, {{{"problem", "question"}, {"result", "answer"}}}},
    {"newsroom", {}, {{{"document", "text"}}}},
    {"openbookqa", {}, {{{"question", "question_stem"}, {"answer", "answerKey", "choices.text", "A"}}}},
    {"paws_wiki", {}, {{{"first", "sentence1"}, {"second", "sentence2"}, {"same", "label"}}}},
    {"piqa", {}, {{{"beginning", "goal"}, {"ending", "label", "sol1|sol2"}}}},
    {"samsum", {}, {{{"document", "dialogue"}}}},
    {"sentiment140", {}, {{{.field = "feeling", .from = "sentiment", .values = "0=negative|4=positive"}}}},
    {"squad_v1", {}, {{{"passage", "context"}, {"answer", "answers.text.0"}}}},
    {"sst2", {}, {{{"text", "sentence"}, {"feeling", "label"}}}},
    {"trec",
     {},
     {{{.field = "topic",
        .from = "coarse_label",
        .choices = "abbreviation|entity|description|human being|location|number"}}}},
    {"trivia_qa", {}, {{{"answer", "answer.value"}}}},
    {"winogrande",
     {},
     {{{"text", "sentence"}, {.field = "pronoun", .text = "_"}, {"antecedent", "answer", "option1|option2", "1"}}}},
    {"wnli",
     {},
     {{{"premise", "sentence1"},
       {"hypothesis", "sentence2"},
       {.field = "label", .from = "label", .values = "0=no|1=yes"}}}},
    detail::translation_layout("wmt14_enfr", "English", "translation.en", "French", "translation.fr"),
    detail::translation_layout("wmt16_translate_csen", "Czech", "translation.cs", "English", "translation.en"),
    detail::translation_layout("wmt16_translate_deen", "German", "translation.de", "English", "translation.en"),
    detail::translation_layout("wmt16_translate_fien", "Finnish", "translation.fi", "English", "translation.en"),
    detail::translation_layout("wmt16_translate_roen", "Romanian", "translation.ro", "English", "translation.en"),
    detail::translation_layout("wmt16_translate_ruen", "Russian", "translation.ru", "English", "translation.en"),
    detail::translation_layout("wmt16_translate_tren", "Turkish", "translation.tr", "English", "translation.en"),
    detail::translation_layout("para_crawl_enes", "English", "translation.en", "Spanish", "translation.es"),
    {"yelp_polarity_reviews", {}, {{{"feeling", "label"}}}},
};

/// The row of a task; nothing where its fields are called as the catalog calls them, or no row says.
constexpr std::optional<preset_layout> find_preset_layout(std::string_view task) {
  for (auto const& layout : preset_layouts)
    if (layout.task == task) return layout;
  return {};
}

namespace detail {

[[gnu::cold]] inline std::vector<std::string> parts_between_bars(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    auto const bar = list.find('|');
    parts.emplace_back(list.substr(0, bar));
    list = bar == list.npos ? std::string_view() : list.substr(bar + 1);
  }
  return parts;
}

/// The row's fields as opening a task takes them.
[[gnu::cold]] inline std::vector<std::pair<std::string, field_spec>> layout_fields(preset_layout const& layout) {
  std::vector<std::pair<std::string, field_spec>> fields;
  for (auto const& f : layout.fields) {
    if (f.field.empty()) continue;
    field_spec s;
    if (!f.text.empty()) s.text = f.text;
    s.options = parts_between_bars(f.options);
    s.choices = parts_between_bars(f.choices);
    (s.options.empty() && s.choices.empty() ? s.from : s.right) = f.from;
    s.first = f.first;
    for (auto const& pair : parts_between_bars(f.values)) {
      auto const equals = pair.find('=');
      s.values.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    }
    if (!f.join.empty()) s.join = f.join;
    fields.emplace_back(f.field, std::move(s));
  }
  return fields;
}

}  // namespace detail
}  // namespace flan
