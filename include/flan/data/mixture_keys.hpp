#pragma once
/// The keys of a mixture's file, and what is below them as a task_spec. docs/mixture.schema.json lists the same keys;
/// a test compares.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "flan/data/field_spec.hpp"
#include "flan/data/json_place.hpp"
#include "flan/data/proportional.hpp"
#include "flan/data/task_form.hpp"
#include "flan/data/task_spec.hpp"

namespace flan::detail {

inline constexpr std::string_view mixture_keys[] = {"$schema",     "name",     "about", "data",      "cap",
                                                    "temperature", "optional", "forms", "inversion", "parts"};
inline constexpr std::string_view group_keys[] = {"name",     "about", "weight",    "cap",  "temperature",
                                                  "optional", "forms", "inversion", "parts"};
inline constexpr std::string_view include_keys[] = {"name", "about", "weight", "optional", "forms", "include"};
inline constexpr std::string_view task_keys[] = {
    "name",      "about",   "weight", "optional", "forms",    "inversion", "files",    "records", "format", "family",
    "templates", "prompts", "fields", "columns",  "unescape", "where",     "wordings", "split",   "bad",    "language"};
/// Of a collection, whose files are a task each: those of a task and these.
inline constexpr std::string_view collection_keys[] = {"each", "cap", "temperature", "without_mmlu"};
inline constexpr std::string_view form_keys[] = {"exemplars", "shots", "options", "rate"};
inline constexpr std::string_view template_keys[] = {"input", "target"};
inline constexpr std::string_view split_keys[] = {"part", "share", "key"};
inline constexpr std::string_view field_keys[] = {"field",   "text",    "template", "values", "join",
                                                  "choices", "options", "right",    "first"};

inline constexpr std::string_view exemplar_words[] = {"none", "fixed", "mixed", "pruned"};
inline constexpr std::string_view option_words[] = {"listed", "varied", "left out"};
inline constexpr std::string_view split_words[] = {"train", "held out"};
inline constexpr std::string_view bad_words[] = {"stop", "skip"};

[[gnu::cold]] inline std::vector<task_form> forms_at(json_place const& p) {
  std::vector<task_form> all;
  for (auto const& one : p.list()) {
    one.expect_keys(form_keys);
    task_form form;
    if (auto const x = one.find("exemplars")) form.exemplars = static_cast<exemplars>(x->one_of(exemplar_words));
    if (auto const x = one.find("shots")) {
      if (form.exemplars != exemplars::fixed && form.exemplars != exemplars::mixed)
        x->refuse("only fixed and mixed exemplars have a number of shots");
      form.shots = static_cast<std::size_t>(x->natural(1));
    }
    if (auto const x = one.find("options")) form.options = static_cast<option_form>(x->one_of(option_words));
    if (auto const x = one.find("rate")) form.rate = x->positive();
    all.push_back(form);
  }
  if (all.empty()) p.refuse("expected a form, found an empty list");
  return all;
}

[[gnu::cold]] inline proportional rule_at(json_place const& p) {
  proportional rule;
  if (auto const x = p.find("cap")) rule.cap = x->natural(1);
  if (auto const x = p.find("temperature")) {
    rule.temperature = x->positive();
    // From here on the power of any size is a number.
    if (rule.temperature < 0.1 || rule.temperature > 1e6)
      x->refuse("expected a temperature from 0.1 to a million, found ", shown(x->value()));
  }
  return rule;
}

/// A value as labels and constants are written: a text, a number, true or false.
[[gnu::cold]] inline std::string written_at(json_place const& p) {
  auto const& v = p.value();
  if (v.is_structured() || v.is_null()) p.refuse("expected a text, found ", shown(v));
  return v.is_string() ? p.text() : v.dump();
}

[[gnu::cold]] inline field_spec field_at(json_place const& p) {
  field_spec spec;
  if (p.value().is_string()) {
    spec.from = p.name();
    return spec;
  }
  p.expect_keys(field_keys);
  if (auto const x = p.find("field")) spec.from = x->name();
  if (auto const x = p.find("text")) spec.text = written_at(*x);
  if (auto const x = p.find("template")) spec.pattern = x->name();
  if (auto const x = p.find("values"))
    for (auto const& [written, meant] : x->members()) spec.values.emplace_back(written, written_at(meant));
  if (auto const x = p.find("join")) spec.join = x->text();
  if (auto const x = p.find("choices")) spec.choices = x->texts();
  if (auto const x = p.find("options")) spec.options = x->texts();
  if (auto const x = p.find("right")) spec.right = x->name();
  if (auto const x = p.find("first")) {
    spec.first = written_at(*x);
    if (spec.right.empty()) x->refuse("\"first\" says how \"right\" counts, which is missing");
  }
  return spec;
}

/// Everything of a task but its files' names, which stay as they are written.
[[gnu::cold]] inline task_spec task_at(json_place const& p) {
  task_spec s;
  s.name = p.at("name").name();
  if (auto const x = p.find("format")) s.format = x->name();
  if (auto const x = p.find("family")) s.family = x->name();
  if (auto const x = p.find("where")) s.where = x->name();
  if (auto const x = p.find("language")) s.language = x->name();
  if (auto const x = p.find("columns")) s.columns = x->texts();
  if (auto const x = p.find("unescape")) s.unescape = x->texts();
  if (auto const x = p.find("records")) {
    for (auto const& one : x->list()) {
      if (!one.value().is_object()) one.refuse("expected a record as an object, found ", shown(one.value()));
      s.records.push_back(one.value().dump());
    }
    if (s.records.empty()) x->refuse("expected a record, found an empty list");
  }
  if (auto const x = p.find("templates")) {
    for (auto const& one : x->list()) {
      one.expect_keys(template_keys);
      s.templates.push_back({one.at("input").text(), one.at("target").text()});
    }
    if (s.templates.empty()) x->refuse("expected a template, found an empty list");
  }
  if (auto const x = p.find("prompts")) s.prompts = x->name();
  if (auto const x = p.find("fields"))
    for (auto const& [name, spec] : x->members()) s.fields.emplace_back(name, field_at(spec));
  if (auto const x = p.find("wordings")) {
    for (auto const& one : x->list()) {
      auto const n = one.natural();
      if (n > std::numeric_limits<std::uint32_t>::max()) one.refuse("there is no wording ", n);
      s.wordings.push_back(static_cast<std::uint32_t>(n));
    }
    if (s.wordings.empty()) x->refuse("expected the number of a wording, found an empty list");
  }
  if (auto const x = p.find("split")) {
    x->expect_keys(split_keys);
    split_spec split;
    split.which = static_cast<split_spec::part>(x->at("part").one_of(split_words));
    if (auto const y = x->find("share")) split.share = y->positive();
    if (auto const y = x->find("key")) split.key = y->natural();
    s.split = split;
  }
  return s;
}

}  // namespace flan::detail
