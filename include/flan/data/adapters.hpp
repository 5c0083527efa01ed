#pragma once
/// Data sets as published into the fields and labels that Hugging Face's `datasets` gives them, which promptsource's
/// templates are written for. Opt-in: include it by name.

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/delimited.hpp"
#include "flan/data/field.hpp"
#include "flan/data/json_field.hpp"
#include "flan/data/superglue.hpp"
#include "flan/data/text_file.hpp"
#include "flan/prompt/jinja_text.hpp"
#include "flan/prompt/jinja_value.hpp"
#include "flan/text/json.hpp"

namespace flan {

namespace detail {

/// A JSON value as templates see it.
[[gnu::cold]] inline jinja_value to_jinja(json const& value) {
  switch (value.type()) {
    case json::value_t::boolean:
      return value.get<bool>();
    case json::value_t::number_integer:
      return value.get<std::int64_t>();
    case json::value_t::number_unsigned:
      return value.get<std::uint64_t>();
    case json::value_t::number_float:
      return value.get<double>();
    case json::value_t::string:
      return value.get_ref<std::string const&>();
    case json::value_t::array: {
      jinja_value::list items;
      for (auto const& item : value) items.push_back(to_jinja(item));
      return items;
    }
    case json::value_t::object: {
      jinja_value::dict fields;
      for (auto const& [key, field] : value.items()) fields.emplace_back(key, to_jinja(field));
      return fields;
    }
    default:
      return jinja_value::none();
  }
}

/// The label as Hugging Face numbers it; -1 when it is absent, as in test sets.
template <class Choice>
[[gnu::cold]] std::int64_t label_of(json const& object) {
  if (!object.contains("label")) return -1;
  Choice label;
  read_field(label, object, "label");
  return static_cast<std::int64_t>(label.index());
}

[[gnu::cold]] inline std::int64_t number_of(json const& object, char const* name) {
  std::int64_t n = 0;
  read_field(n, object, name);
  return n;
}

/// Each text once, in the order of code points.
[[gnu::cold]] inline jinja_value sorted_texts(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  return jinja_value::list(texts.begin(), texts.end());
}

/// WSC's spans are words of the text in principle. Where one is not, its first letter takes the case of the word at its
/// position, a point at its end goes and a line break becomes a space, as Hugging Face's `wsc.fixed` has it.
[[gnu::cold]] inline std::string mended_span(std::string_view text, std::string span, std::size_t position) {
  if (span.empty() || text.find(span) != text.npos) return span;
  auto const words = jinja::split(text, nullptr);
  if (position < words.size()) {
    std::string_view const word = words[position];
    auto const first = word.substr(0, jinja::after_character(word, 0));
    bool const lower = jinja::in_case(first, jinja::letter_case::upper) != first;
    std::size_t const end = jinja::after_character(span, 0);
    auto const wanted = lower ? jinja::letter_case::lower : jinja::letter_case::upper;
    span = jinja::in_case(std::string_view(span).substr(0, end), wanted) + span.substr(end);
  }
  while (span.ends_with('.')) span.pop_back();
  return jinja::replace(span, "\n", " ");
}

/// A flat record R of superglue.hpp: its members, called as they are behind their last dot, `numbers` and the label.
template <class R>
[[gnu::cold]] jinja_value super_glue_row(json const& object, std::initializer_list<char const*> numbers = {},
                                         bool mend = false) {
  R r;
  for_each_member(r, [&](std::string_view name, auto& field) {
    if (name != "label") read_field(field, object, name);
  });
  if constexpr (std::same_as<R, superglue::wsc>)
    if (mend) {
      r.span1 = mended_span(r.text, std::move(r.span1), r.index1);
      r.span2 = mended_span(r.text, std::move(r.span2), r.index2);
    }
  jinja_value::dict row;
  for_each_member(r, [&](std::string_view name, auto const& field) {
    std::string key(name.substr(name.rfind('.') + 1));
    if constexpr (std::same_as<std::remove_cvref_t<decltype(field)>, std::string>) {
      row.emplace_back(std::move(key), field);
    } else if constexpr (std::integral<std::remove_cvref_t<decltype(field)>>) {
      row.emplace_back(std::move(key), std::int64_t{field});
    } else if (name != "label") {
      row.emplace_back(std::move(key), std::string(field.text()));
    }
  });
  for (auto const* name : numbers) row.emplace_back(name, number_of(object, name));
  row.emplace_back("idx", number_of(object, "idx"));
  row.emplace_back("label", label_of<decltype(r.label)>(object));
  return row;
}

[[gnu::cold]] inline void adapt_multirc(json const& object, std::vector<jinja_value>& out) {
  superglue::detail::each_answer(object, [&](json const& question, json const& answer) {
    auto const r = superglue::detail::unlabelled(object, question, answer);
    out.emplace_back(jinja_value::dict{{"paragraph", r.paragraph},
                                       {"question", r.question},
                                       {"answer", r.answer},
                                       {"idx", jinja_value::dict{{"paragraph", r.paragraph_number},
                                                                 {"question", r.question_number},
                                                                 {"answer", r.answer_number}}},
                                       {"label", label_of<decltype(r.label)>(answer)}});
    return false;
  });
}

[[gnu::cold]] inline void adapt_record(json const& object, std::vector<jinja_value>& out) {
  for (auto const& query : superglue::detail::list_at(object, "qas")) {
    auto r = superglue::detail::query_of(object, query);
    out.emplace_back(
        jinja_value::dict{{"passage", r.passage},
                          {"query", r.query},
                          {"entities", sorted_texts(std::move(r.entities))},
                          {"answers", sorted_texts(std::move(r.answers))},
                          {"idx", jinja_value::dict{{"passage", number_of(object, "idx")}, {"query", r.number}}}});
  }
}

}  // namespace detail

/// The records that one object of a SuperGLUE file yields, appended to `out`, read as superglue.hpp reads them.
/// `subset` is Hugging Face's name: boolq, cb, copa, multirc (one record per answer), record (one per query), rte, wic,
/// wsc, wsc.fixed. `where` begins every message. Throws when a field is missing or of another type, and for an unknown
/// subset.
[[gnu::cold]] inline void adapt_super_glue(std::string_view subset, detail::json const& object,
                                           std::string const& where, std::vector<jinja_value>& out) try {
  if (subset == "boolq") {
    out.push_back(detail::super_glue_row<superglue::boolq>(object));
  } else if (subset == "cb") {
    out.push_back(detail::super_glue_row<superglue::cb>(object));
  } else if (subset == "rte") {
    out.push_back(detail::super_glue_row<superglue::rte>(object));
  } else if (subset == "copa") {
    out.push_back(detail::super_glue_row<superglue::copa>(object));
  } else if (subset == "wic") {
    out.push_back(detail::super_glue_row<superglue::wic>(object, {"start1", "start2", "end1", "end2"}));
  } else if (subset == "wsc" || subset == "wsc.fixed") {
    out.push_back(detail::super_glue_row<superglue::wsc>(object, {}, subset == "wsc.fixed"));
  } else if (subset == "multirc") {
    detail::adapt_multirc(object, out);
  } else if (subset == "record") {
    detail::adapt_record(object, out);
  } else {
    fail("there is no subset \"", subset,
         "\" of SuperGLUE here; there are boolq, cb, copa, multirc, record, rte, wic, wsc and wsc.fixed");
  }
} catch (error const& e) {
  fail(where, ": ", e.what());
}

/// The records of a SuperGLUE file (JSON lines).
[[gnu::cold]] inline std::vector<jinja_value> super_glue_records(std::string_view subset,
                                                                 std::filesystem::path const& path) {
  std::vector<jinja_value> records;
  auto const lines = text_lines(path);
  for (std::uint64_t i = 0; i < lines.size(); ++i) {
    auto const where = sentence(path.string(), ": record ", i);
    adapt_super_glue(subset, detail::parse_json_object(lines[i].values[0], where), where, records);
  }
  return records;
}

/// OpenBookQA's row: id, question_stem, choices {text, label}, answerKey, from its table's "(A) … (B) … (C) … (D) …".
/// Throws when the choices are not lettered from A in order.
[[gnu::cold]] inline jinja_value open_book_qa_record(std::string_view id, std::string_view stem,
                                                     std::string_view choices, std::string_view answer,
                                                     std::string const& where) {
  jinja_value::list texts, labels;
  std::string_view rest = choices;
  if (!rest.starts_with("(A) "))
    fail(where, ": expected choices that begin with \"(A) \", found ", detail::excerpt(choices));
  rest.remove_prefix(4);
  for (char letter = 'A';; ++letter) {
    std::string const next = sentence(" (", static_cast<char>(letter + 1), ") ");
    std::size_t const end = letter < 'Z' ? rest.find(next) : rest.npos;
    texts.emplace_back(rest.substr(0, end));
    labels.emplace_back(std::string(1, letter));
    if (end == rest.npos) break;
    rest.remove_prefix(end + next.size());
  }
  return jinja_value::dict{{"id", id},
                           {"question_stem", stem},
                           {"choices", jinja_value::dict{{"text", std::move(texts)}, {"label", std::move(labels)}}},
                           {"answerKey", answer}};
}

/// The records of an OpenBookQA table (tab-separated, with a header).
[[gnu::cold]] inline std::vector<jinja_value> open_book_qa_records(std::filesystem::path const& path) {
  std::vector<jinja_value> records;
  std::vector<std::string> const header{"ID", "Question Stem", "Choices", "Complete Question", "Answer Key"};
  auto const rows = tsv(path);
  if (*rows.names != header)
    fail(path.string(), ": expected the header of OpenBookQA's table (ID, Question Stem, Choices, …)");
  for (std::uint64_t i = 0; i < rows.size(); ++i) {
    auto const cells = rows[i].values;
    records.push_back(
        open_book_qa_record(cells[0], cells[1], cells[2], cells[4], sentence(path.string(), ": record ", i)));
  }
  return records;
}

}  // namespace flan
