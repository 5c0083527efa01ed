#pragma once
/// Tasks worded by promptsource's templates. Opt-in, since it needs yaml-cpp: include it by name, link yaml-cpp, and
/// give open_promptsource_task to load_task_options or mixture_file_options.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/adapters.hpp"
#include "flan/data/joined.hpp"
#include "flan/data/json_field.hpp"
#include "flan/data/open_task.hpp"
#include "flan/data/promptsource.hpp"
#include "flan/data/raw_format.hpp"
#include "flan/data/record_file.hpp"
#include "flan/data/task.hpp"
#include "flan/data/task_format.hpp"
#include "flan/data/task_spec.hpp"

namespace flan {

namespace detail {

[[gnu::cold]] inline jinja_value to_jinja(raw_record const& r) {
  if (r.columns == nullptr) return to_jinja(r.object);
  jinja_value::dict fields;
  for (std::size_t i = 0; i < r.cells.size(); ++i) fields.emplace_back((*r.columns)[i], r.cells[i]);
  return fields;
}

/// Records as Jinja templates see them: those of SuperGLUE and OpenBookQA as Hugging Face has them, others as they are.
class jinja_reader final : public record_reader<jinja_value> {
  raw_format_pointer format_;
  std::string adapter_;  // a subset of SuperGLUE, "openbookqa", or nothing

  std::vector<jinja_value> adapted(std::string_view text) const {
    std::vector<jinja_value> all;
    adapt_super_glue(adapter_, parse_object(text), "the record", all);
    return all;
  }
  bool is_super_glue() const { return !adapter_.empty() && adapter_ != "openbookqa"; }

 public:
  jinja_reader(raw_format_pointer format, std::string adapter)
      : format_(std::move(format)), adapter_(std::move(adapter)) {}
  std::string key() const override { return "jinja " + adapter_ + '\n' + format_->key(); }
  std::unique_ptr<record_scanner> scanner() const override { return format_->scanner(); }
  bool has_head() const override { return format_->has_head(); }
  void begin(std::string_view head) override { format_->begin(head); }
  bool numbered() const override { return format_->numbered(); }
  bool has_items() const override { return is_super_glue() || format_->has_items(); }
  std::uint32_t check(std::string_view text) override {
    if (is_super_glue()) return static_cast<std::uint32_t>(adapted(text).size());
    auto const n = format_->items(text);
    for (std::uint32_t i = 0; i < n; ++i) static_cast<void>(read(text, i));
    return n;
  }
  jinja_value read(std::string_view text, std::uint32_t item) const override {
    if (is_super_glue()) return adapted(text).at(item);
    auto const raw = format_->parse(text, item);
    if (adapter_.empty()) return to_jinja(raw);
    auto const cell = [&](char const* column) -> std::string const& {
      auto const found = raw.at(column);
      if (found.cell == nullptr) fail("expected the table of OpenBookQA");
      return *found.cell;
    };
    return open_book_qa_record(cell("ID"), cell("Question Stem"), cell("Choices"), cell("Answer Key"), "the record");
  }
};

}  // namespace detail

/// Opens a task whose `prompts` is a templates.yaml. Its records come from the formats that open_task knows; with
/// "superglue/…" (the subset is the templates' own, for WSC has two) and for the data set openbookqa in Hugging Face's
/// fields and labels. A template that does not fit a record gives an empty target. Throws as open_task does.
[[gnu::cold]] inline task_report open_promptsource_task(task_spec const& s, load_task_options const& o = {}) {
  using namespace detail;
  auto const prompts = read_promptsource(s.prompts);
  auto const files = readable_files(s, o);
  auto const& format = format_for(s, files.empty() ? std::filesystem::path() : files.front());
  std::string adapter;
  if (format.name.starts_with("superglue/")) adapter = prompts.subset.value_or(std::string(format.name.substr(10)));
  if (prompts.dataset == "openbookqa" && format.name == "tsv") adapter = "openbookqa";
  raw_format_pointer (*const make)(task_spec const&) =
      format.name.starts_with("superglue/") ? &make_json_lines : format.make;
  if (make == nullptr) fail("prompts: the format ", format.name, " has wordings of its own");

  check_wordings(s.wordings, prompts.templates.size(), s.prompts.string());
  std::vector<jinja_instruction> wordings;
  for (auto const i : s.wordings) wordings.push_back(prompts.templates[i].compile());
  if (s.wordings.empty())
    for (auto const& t : prompts.templates) wordings.push_back(t.compile());

  std::vector<source<jinja_value>> parts;
  for (auto const& file : files)
    parts.push_back(open_records<jinja_value>(file, std::make_shared<jinja_reader>(make(s), adapter), o.read));
  if (files.empty()) {
    std::vector<jinja_value> records;
    for (auto const& text : s.records) records.push_back(to_jinja(parse_object(text)));
    parts.emplace_back(std::move(records));
  }
  auto records = part_of(joined(std::move(parts)), s.split);
  auto const skipped = records.skipped();
  return {in_forms(task<jinja_value>(s.name, std::move(records), std::move(wordings)), s, o),
          {},
          std::string(format.name),
          {},
          skipped};
}

}  // namespace flan
