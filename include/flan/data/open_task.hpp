#pragma once
/// Opens tasks by names of the run time: what a task_spec says. Opt-in: include it by name.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/field_mapping.hpp"
#include "flan/data/joined.hpp"
#include "flan/data/natural_instructions.hpp"
#include "flan/data/natural_wordings.hpp"
#include "flan/data/raw_format.hpp"
#include "flan/data/split.hpp"
#include "flan/data/task.hpp"
#include "flan/data/task_family.hpp"
#include "flan/data/task_format.hpp"
#include "flan/data/task_spec.hpp"

namespace flan {

namespace detail {

/// The files as they can be read: packed ones unpacked.
[[gnu::cold]] inline std::vector<std::filesystem::path> readable_files(task_spec const& s, load_task_options const& o) {
  std::vector<std::filesystem::path> all;
  for (auto const& file : s.files) {
    bool const packed = file.extension() == ".gz" || file.extension() == ".zst";
    if (packed && !o.unpack)
      fail("files: ", file.string(), " is packed, and this program was built without what unpacks it (",
           file.extension() == ".gz" ? "flan/data/gzip.hpp and zlib" : "libzstd", ")");
    all.push_back(packed ? o.unpack(file) : file);
  }
  return all;
}

template <class R>
[[gnu::cold]] source<R> part_of(source<R> all, std::optional<split_spec> const& s) {
  if (!s) return all;
  auto parts = split(all, s->key, s->share);
  return s->which == split_spec::part::held_out ? std::move(parts.held_out) : std::move(parts.train);
}

[[gnu::cold]] inline any_task in_forms(any_task t, task_spec const& s, load_task_options const& o) {
  if (s.forms.empty()) return t;
  exemplar_options e;
  e.limits = o.limits;
  e.tokens = o.tokens;
  return t.with_forms(s.forms, e);
}

[[gnu::cold]] inline void check_wordings(std::vector<std::uint32_t> const& chosen, std::size_t count,
                                         std::string_view family) {
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i] >= count)
      fail("wordings: ", family, " has ", count, " wordings, numbered from 0; there is no number ", chosen[i]);
    if (std::find(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(i), chosen[i]) !=
        chosen.begin() + static_cast<std::ptrdiff_t>(i))
      fail("wordings: number ", chosen[i], " stands twice");
  }
}

/// Natural Instructions keep their type: a record has several references.
[[gnu::cold]] inline task_report open_natural_task(task_spec const& s, std::vector<std::filesystem::path> const& files,
                                                   load_task_options const& o) {
  if (!s.fields.empty()) fail("fields: the format niv2 has fields of its own: definition, input, output, id");
  if (!s.family.empty() && s.family != "natural_instructions")
    fail("family: the format niv2 is of the family natural_instructions, not \"", s.family, '"');
  std::vector<source<natural_instruction>> parts;
  task_languages languages;
  for (auto const& file : files) {
    auto part = natural_instructions(file, o.read);
    auto const add = [](std::vector<std::string>& all, std::vector<std::string> const& more) {
      for (auto const& one : more)
        if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
    };
    add(languages.inputs, part.task->input_languages);
    add(languages.targets, part.task->output_languages);
    parts.push_back(std::move(part));
  }
  if (!s.language.empty()) languages = {{s.language}, {s.language}};
  auto records = part_of(joined(std::move(parts)), s.split);
  auto const skipped = records.skipped();
  if (!s.templates.empty()) {
    std::vector<text_instruction> wordings;
    for (auto const& t : s.templates)
      wordings.push_back(
          {text_prompt::over<natural_instruction>(t.input), text_prompt::over<natural_instruction>(t.target)});
    return {task<natural_instruction>(s.name, std::move(records), std::move(wordings)),
            {},
            "niv2",
            {},
            skipped,
            std::move(languages)};
  }
  check_wordings(s.wordings, std::size(natural_instruction_wordings), "natural_instructions");
  std::vector<instruction<natural_instruction>> wordings;
  for (auto const i : s.wordings) wordings.push_back(natural_instruction_wordings[i]);
  if (s.wordings.empty())
    wordings.assign(std::begin(natural_instruction_wordings), std::end(natural_instruction_wordings));
  return {task<natural_instruction>(s.name, std::move(records), std::move(wordings)),
          {},
          "niv2",
          "natural_instructions",
          skipped,
          std::move(languages)};
}

/// The fields that templates name, with the kinds that the specification gives them.
[[gnu::cold]] inline std::vector<task_field> fields_of_templates(task_spec const& s) {
  std::vector<task_field> fields;
  auto const add = [&](std::string_view name) {
    for (auto const& f : fields)
      if (f.name == name) return;
    fields.push_back({std::string(name)});
    for (auto const& [key, spec] : s.fields)
      if (key == name && !(spec.values.empty() && spec.choices.empty() && spec.options.empty()))
        fields.back().is = task_field::kind::own;
  };
  for (auto const& t : s.templates)
    for (auto const* const text : {&t.input, &t.target})
      walk_template(
          *text, [](std::string_view) {}, [&](std::string_view name, bool) { add(name); },
          [](template_mistake, std::string_view) {});  // told when it is made
  return fields;
}

[[gnu::cold]] inline source<option_record> open_mapped(task_spec const& s, task_format const& format,
                                                       std::vector<std::filesystem::path> const& files,
                                                       std::shared_ptr<field_mapping const> const& mapping,
                                                       load_task_options const& o) {
  if (!files.empty()) {
    std::vector<source<option_record>> parts;
    for (auto const& file : files)
      parts.push_back(
          open_records<option_record>(file, std::make_shared<mapped_reader>(format.make(s), mapping), o.read));
    return joined(std::move(parts));
  }
  std::vector<option_record> records;
  std::uint64_t number = 0, skipped = 0;
  for (auto const& text : s.records) {
    try {
      records.push_back((*mapping)({parse_object(text)}));
    } catch (error const& e) {
      auto const problem = sentence("records[", number, "]: ", e.what());
      if (o.read.bad == on_bad_record::stop) throw error(problem);
      if (o.read.report) o.read.report({std::filesystem::path(), number, problem});
      ++skipped;
    }
    ++number;
  }
  auto const shared = std::make_shared<source<option_record> const>(std::move(records));
  if (skipped == 0) return *shared;
  source_facts facts;
  facts.skipped = skipped;
  facts.add_to = [shared](fingerprinter& f) { shared->add_to(f); };
  return {shared->size(), [shared](std::uint64_t i) { return (*shared)[i]; }, std::move(facts)};
}

[[gnu::cold]] inline void check_spec(task_spec const& s) {
  if (s.name.empty()) fail("name: a task needs a name");
  if (s.files.empty() == s.records.empty())
    fail(s.files.empty() ? "files: the task " : "records: the task ", s.name,
         s.files.empty() ? " needs files, or records of its own"
                         : " has files and records of its own; expected one of them");
  if (!s.family.empty() + !s.templates.empty() + !s.prompts.empty() > 1)
    fail(s.family.empty() ? "templates" : "family", ": the task ", s.name,
         " has more than one of family, templates and prompts; expected one of them");
  if (!s.prompts.empty() && (!s.fields.empty() || s.inverted))
    fail(s.inverted ? "inversion" : "fields", ": the task ", s.name,
         " has prompts, which read the records as they are");
  if (!s.templates.empty() && !s.wordings.empty())
    fail("wordings: these choose among a family's wordings, but the task ", s.name, " has templates");
  if (s.split && !(s.split->share > 0 && s.split->share < 1))
    fail("split.share: the share to hold out should lie between 0 and 1, but is ", s.split->share);
}

}  // namespace detail

/// A name that task_spec::format takes, and what it is, for messages and help.
struct format_name {
  std::string_view name, about;
};
[[gnu::cold]] inline std::vector<format_name> const& task_formats() {
  static std::vector<format_name> const all = [] {
    std::vector<format_name> names;
    for (auto const& f : detail::all_formats()) names.push_back({f.name, f.about});
    return names;
  }();
  return all;
}

/// The names that task_spec::family takes: those of the catalog, natural_instructions and alpaca.
[[gnu::cold]] inline std::vector<std::string_view> task_families() {
  std::vector<std::string_view> all;
  for (auto const& f : detail::all_families()) all.push_back(f.name);
  return all;
}

/// The fields of a family, in order. Throws `error` for a name that is none.
[[gnu::cold]] inline std::vector<std::string> family_fields(std::string_view family) {
  std::vector<std::string> all;
  for (auto const& f : detail::family_of(family).fields) all.push_back(f.name);
  return all;
}

/// Opens the files and makes the task. Throws `error` for what the specification has wrong, naming its field, and for
/// bad records as read_options says, with file:line.
[[gnu::cold]] inline task_report open_task(task_spec const& s, load_task_options const& o = {}) {
  using namespace detail;
  check_spec(s);
  if (!s.prompts.empty()) {
    if (!o.promptsource)
      fail(
          "prompts: promptsource's templates need yaml-cpp, and this program was built without it "
          "(flan/data/promptsource_task.hpp)");
    return o.promptsource(s, o);
  }
  auto const files = readable_files(s, o);
  auto const& format = format_for(s, files.empty() ? std::filesystem::path() : files.front());
  if (s.inverted && format.name == "niv2")
    fail("inversion: only worked answers (the family chain_of_thought) can be turned round");
  if (format.name == "niv2") {
    if (files.empty()) fail("records: the format niv2 is a file's");
    auto report = open_natural_task(s, files, o);
    report.task = in_forms(std::move(report.task), s, o);
    return report;
  }
  std::string_view const name = !s.templates.empty() ? "" : s.family.empty() ? format.family : s.family;
  if (s.templates.empty() && name.empty())
    fail("family: the format ", format.name, " stands for no family; expected a family, or templates");
  if (s.inverted && !is_of_worked_answers(name))
    fail("inversion: only worked answers (the family chain_of_thought) can be turned round");

  // What the format calls otherwise than its family counts for that family alone.
  field_specs specs = s.fields;
  if (name == format.family)
    for (auto const& one : format.fields)
      if (std::none_of(specs.begin(), specs.end(), [&](auto const& x) { return x.first == one.first; }))
        specs.push_back(one);
  auto const* const family = s.templates.empty() ? &family_of(name) : nullptr;
  auto const mapping = std::make_shared<field_mapping const>(
      family != nullptr ? sentence("the family ", name) : std::string("the templates' text"),
      family != nullptr ? family->fields : fields_of_templates(s), specs);

  std::vector<text_instruction> templates;
  std::vector<family_wording> wordings;
  if (family != nullptr) {
    check_wordings(s.wordings, family->wordings.size(), name);
    wordings = family->make(mapping->names(), s.wordings);
  }
  for (std::size_t i = 0; i < s.templates.size(); ++i) {
    auto const& t = s.templates[i];
    try {
      templates.push_back(
          {text_prompt::over_fields(t.input, mapping->names()), text_prompt::over_fields(t.target, mapping->names())});
    } catch (error const& e) {
      fail("templates[", i, "]: ", e.what());
    }
  }

  auto const records = part_of(open_mapped(s, format, files, mapping, o), s.split);
  auto const make = [&](std::string task_name, auto all) {
    return in_forms(task<option_record>(std::move(task_name), records, std::move(all)), s, o);
  };
  task_report report{family != nullptr ? make(s.name, std::move(wordings)) : make(s.name, std::move(templates)),
                     {},
                     std::string(format.name),
                     std::string(name),
                     records.skipped()};
  if (!s.language.empty()) report.languages = {{s.language}, {s.language}};
  if (s.inverted) report.inverted = make(s.name + "/inverted", family_of("input_inversion").make(mapping->names(), {}));
  return report;
}

/// The same for those who want the task alone.
[[gnu::cold]] inline any_task load_task(task_spec const& s, load_task_options const& o = {}) {
  return open_task(s, o).task;
}

}  // namespace flan
