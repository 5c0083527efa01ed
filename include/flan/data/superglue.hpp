#pragma once
/// The tasks of SuperGLUE (Wang et al. 2019) in their published JSON lines.
///
/// A label is a choice whose positions are the numbers that Hugging Face's copies use, whatever the file has: true and
/// false (BoolQ, WiC, WSC), a number (COPA, MultiRC), a text (CB, RTE).

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/members.hpp"
#include "flan/data/json_field.hpp"
#include "flan/data/jsonl.hpp"
#include "flan/data/squad.hpp"
#include "flan/prompt/choice.hpp"

namespace flan::superglue {

using no_or_yes = choice<"no", "yes">;

// Flat records: flan::jsonl<flan::superglue::boolq>("BoolQ/val.jsonl").
struct boolq {
  std::string passage, question;
  no_or_yes label;
  static constexpr auto members =
      flan::members("passage", &boolq::passage, "question", &boolq::question, "label", &boolq::label);
};
struct cb {
  std::string premise, hypothesis;
  choice<"entailment", "contradiction", "neutral"> label;
  static constexpr auto members =
      flan::members("premise", &cb::premise, "hypothesis", &cb::hypothesis, "label", &cb::label);
};
struct copa {
  std::string premise, choice1, choice2;
  choice<"cause", "effect"> question;
  choice<"choice1", "choice2"> label;
  static constexpr auto members = flan::members("premise", &copa::premise, "choice1", &copa::choice1, "choice2",
                                                &copa::choice2, "question", &copa::question, "label", &copa::label);
};
struct rte {
  std::string premise, hypothesis;
  choice<"entailment", "not_entailment"> label;
  static constexpr auto members =
      flan::members("premise", &rte::premise, "hypothesis", &rte::hypothesis, "label", &rte::label);
};
struct wic {
  std::string sentence1, sentence2, word;
  no_or_yes label;
  static constexpr auto members = flan::members("sentence1", &wic::sentence1, "sentence2", &wic::sentence2, "word",
                                                &wic::word, "label", &wic::label);
};
struct wsc {
  std::string text, span1, span2;
  std::uint32_t index1 = 0, index2 = 0;  // of the spans' first words
  no_or_yes label;
  static constexpr auto members =
      flan::members("text", &wsc::text, "target.span1_text", &wsc::span1, "target.span2_text", &wsc::span2,
                    "target.span1_index", &wsc::index1, "target.span2_index", &wsc::index2, "label", &wsc::label);
};

/// A candidate answer to a question on a paragraph.
struct multirc {
  std::string paragraph, question, answer;
  no_or_yes label;
  std::int64_t paragraph_number = 0, question_number = 0, answer_number = 0;  ///< the file's idx, for scoring
  static constexpr auto members = flan::members("paragraph", &multirc::paragraph, "question", &multirc::question,
                                                "answer", &multirc::answer, "label", &multirc::label);
};

/// A sentence with a gap, @placeholder, for one of the names that a passage mentions.
struct record {
  std::string passage, query, answer;  ///< answer is the first one; empty without any
  std::vector<std::string> entities;   ///< in the passage's order, each once
  std::vector<std::string> answers;    ///< each once
  std::int64_t number = 0;             ///< the file's idx
  static constexpr auto members =
      flan::members("passage", &record::passage, "query", &record::query, "answer", &record::answer);
};

namespace detail {
using flan::detail::excerpt;
using flan::detail::json;

inline json const& list_at(json const& object, std::string_view path) {
  auto const* const found = flan::detail::find_value(object, path);
  if (!found || !found->is_array()) fail("the field \"", path, "\" should be a list");
  return *found;
}
inline void add_once(std::vector<std::string>& all, std::string text) {
  if (std::find(all.begin(), all.end(), text) == all.end()) all.push_back(std::move(text));
}

/// f(question, answer) for each answer in an object of MultiRC's, until it returns true.
template <class F>
void each_answer(json const& object, F&& f) {
  for (auto const& question : list_at(object, "passage.questions"))
    for (auto const& answer : list_at(question, "answers"))
      if (f(question, answer)) return;
}

/// One of them, but for its label, which test sets lack.
[[gnu::cold]] inline multirc unlabelled(json const& object, json const& question, json const& answer) {
  multirc r;
  flan::detail::read_field(r.paragraph, object, "passage.text");
  flan::detail::read_field(r.paragraph_number, object, "idx");
  flan::detail::read_field(r.question, question, "question");
  flan::detail::read_field(r.question_number, question, "idx");
  flan::detail::read_field(r.answer, answer, "text");
  flan::detail::read_field(r.answer_number, answer, "idx");
  return r;
}

/// One query of an object of ReCoRD's.
[[gnu::cold]] inline record query_of(json const& object, json const& query) {
  record r;
  flan::detail::read_field(r.passage, object, "passage.text");
  flan::detail::read_field(r.query, query, "query");
  flan::detail::read_field(r.number, query, "idx");
  for (auto const& entity : list_at(object, "passage.entities")) {
    std::uint64_t start = 0, last = 0;  // code points, the last one included
    flan::detail::read_field(start, entity, "start");
    flan::detail::read_field(last, entity, "end");
    auto const begin = byte_of_code_point(r.passage, start), end = byte_of_code_point(r.passage, last + 1);
    if (begin == std::string::npos || end == std::string::npos || end <= begin)
      fail("an entity from code point ", start, " to ", last, " is not in the passage");
    add_once(r.entities, r.passage.substr(begin, end - begin));
  }
  if (query.contains("answers"))
    for (auto const& answer : list_at(query, "answers")) {
      std::string text;
      flan::detail::read_field(text, answer, "text");
      add_once(r.answers, std::move(text));
    }
  if (!r.answers.empty()) r.answer = r.answers.front();
  return r;
}

class multirc_reader : public flan::detail::record_reader<multirc> {
  static multirc take(json const& object, json const& question, json const& answer) {
    auto r = unlabelled(object, question, answer);
    flan::detail::read_field(r.label, answer, "label");
    return r;
  }

 public:
  std::string key() const override { return "superglue multirc"; }
  std::unique_ptr<flan::detail::record_scanner> scanner() const override {
    return std::make_unique<flan::detail::line_scanner>();
  }
  bool has_items() const override { return true; }
  std::uint32_t check(std::string_view text) override {
    auto const object = flan::detail::parse_object(text);
    std::uint32_t n = 0;
    each_answer(object, [&](json const& q, json const& a) { return take(object, q, a), ++n, false; });
    return n;
  }
  multirc read(std::string_view text, std::uint32_t item) const override {
    auto const object = flan::detail::parse_object(text);
    multirc r;
    each_answer(object,
                [&](json const& q, json const& a) { return item-- == 0 ? (r = take(object, q, a), true) : false; });
    return r;
  }
};

class record_reader : public flan::detail::record_reader<record> {
 public:
  std::string key() const override { return "superglue record"; }
  std::unique_ptr<flan::detail::record_scanner> scanner() const override {
    return std::make_unique<flan::detail::line_scanner>();
  }
  bool has_items() const override { return true; }
  std::uint32_t check(std::string_view text) override {
    auto const object = flan::detail::parse_object(text);
    auto const& questions = list_at(object, "qas");
    for (auto const& question : questions) static_cast<void>(query_of(object, question));
    return static_cast<std::uint32_t>(questions.size());
  }
  record read(std::string_view text, std::uint32_t item) const override {
    auto const object = flan::detail::parse_object(text);
    return query_of(object, list_at(object, "qas").at(item));
  }
};
}  // namespace detail

/// MultiRC: a record an answer. A passage's answers have one content_hash, so that `split` keeps them together.
[[gnu::cold]] inline source<multirc> multirc_answers(std::filesystem::path const& path, read_options const& o = {}) {
  return flan::detail::open_records<multirc>(path, std::make_shared<detail::multirc_reader>(), o);
}

/// ReCoRD: a record a query.
[[gnu::cold]] inline source<record> record_queries(std::filesystem::path const& path, read_options const& o = {}) {
  return flan::detail::open_records<record>(path, std::make_shared<detail::record_reader>(), o);
}

}  // namespace flan::superglue
