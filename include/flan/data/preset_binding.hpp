#pragma once
/// A published mixture over the data that is at hand: which of its tasks a folder holds, opened and in proportion.

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/data_file.hpp"
#include "flan/data/mixture.hpp"
#include "flan/data/mixture_description.hpp"
#include "flan/data/mixture_part.hpp"
#include "flan/data/mixture_preset.hpp"
#include "flan/data/natural_instructions.hpp"
#include "flan/data/open_task.hpp"
#include "flan/data/preset_files.hpp"
#include "flan/data/preset_layouts.hpp"
#include "flan/data/preset_tasks.hpp"
#include "flan/data/task_form.hpp"
#include "flan/data/task_spec.hpp"

namespace flan {

/// The forms that a part's styles stand for. Without exemplars, options are written in varied ways; with exemplars, as
/// a plain list, half with five in mixed wordings and half with as many as fit. Flan's collection does both so. The
/// question alone for a part whose source says nothing of forms.
[[gnu::cold]] inline std::vector<task_form> forms_of(std::span<template_style const> styles) {
  std::vector<task_form> forms;
  for (auto const& s : styles) {
    if (!s.few_shot) {
      forms.push_back({exemplars::none, 0, s.options ? option_form::varied : option_form::left_out, s.rate});
      continue;
    }
    auto const options = s.options ? option_form::listed : option_form::left_out;
    forms.push_back({exemplars::mixed, 5, options, s.rate / 2});
    forms.push_back({exemplars::pruned, 0, options, s.rate / 2});
  }
  if (forms.empty()) forms.emplace_back();
  return forms;
}

namespace detail {

/// The first line of a file, or the first MiB of it.
[[gnu::cold]] inline std::string table_head(std::filesystem::path const& path) {
  data_file const file(path);
  auto begin = file.read(0, static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), 1 << 20)));
  begin.resize(std::min(begin.find('\n'), begin.size()));
  return begin;
}

/// Whether a file seems to have the fields that a layout reads: their keys, or columns, stand in its first line.
[[gnu::cold]] inline bool fits_layout(std::string_view line, bool table, preset_layout const& layout) {
  for (auto const& f : layout.fields)
    for (auto const& list : {f.from, f.options})
      for (auto const& path : parts_between_bars(list)) {
        auto const key = path.substr(0, path.find('.'));
        if (line.find(table ? key : '"' + key + '"') == line.npos) return false;
      }
  return true;
}

/// The format that a task of SuperGLUE has as published, when the file's first line agrees. Copies with labels as
/// numbers are another layout.
[[gnu::cold]] inline std::string super_glue_format(std::string_view task, std::string_view line) {
  constexpr std::string_view rows[][3] = {
      {"bool_q", "superglue/boolq", "\"label\""}, {"cb", "superglue/cb", "\"hypothesis\""},
      {"copa", "superglue/copa", "\"choice1\""},  {"multirc", "superglue/multirc", "\"questions\""},
      {"record", "superglue/record", "\"qas\""},  {"rte", "superglue/rte", "\"hypothesis\""},
      {"wic", "superglue/wic", "\"sentence1\""},  {"wsc", "superglue/wsc", "\"target\""}};
  bool const numbers = (task == "cb" || task == "rte") && line.find("entailment\"") == line.npos &&
                       line.find("contradiction\"") == line.npos && line.find("neutral\"") == line.npos;
  for (auto const& [name, format, key] : rows)
    if (name == task && !numbers && line.find(key) != line.npos) return std::string(format);
  return {};
}

/// What opens a task: by its group, or by what its first file begins with. Throws `error` for a packed file that the
/// options cannot unpack.
[[gnu::cold]] inline task_spec preset_spec(std::string const& name, found_task const& t, load_task_options const& o) {
  task_spec s;
  s.name = name;
  s.files = t.files;
  if (t.row.group == task_group::niv2) {
    s.format = "niv2";
    return s;
  }
  s.family = t.row.family;
  if (t.row.group == task_group::cot) {
    s.format = "cot";
    return s;
  }
  auto const file = readable_files(s, o).front();  // where that is an unpacked one its name is another
  auto kind = t.files.front().extension();
  if (kind == ".gz" || kind == ".zst") kind = t.files.front().stem().extension();
  if (t.row.name.starts_with("squad") && kind == ".json") {
    s.format = "squad";
    return s;
  }
  if (kind != ".jsonl" && kind != ".tsv" && kind != ".csv") return s;
  auto const line = table_head(file);
  bool const table = kind != ".jsonl";
  if (t.row.group == task_group::t0) {  // P3 words its rows itself
    s.family.clear();
    bool const plain = line.find("\"inputs_pretokenized\"") == line.npos;
    s.templates = {plain ? template_spec{"{inputs}", "{targets}"}
                         : template_spec{"{inputs_pretokenized}", "{targets_pretokenized}"}};
  } else if (t.row.name == "openbookqa" && kind == ".tsv") {
    s.format = "openbookqa";
  } else if (auto format = table ? std::string() : super_glue_format(t.row.name, line); !format.empty()) {
    s.format = std::move(format);
    s.family.clear();  // the format's own
  } else if (auto const layout = find_preset_layout(t.row.name); layout && fits_layout(line, table, *layout)) {
    if (!layout->family.empty()) s.family = layout->family;
    s.fields = layout_fields(*layout);
  }
  return s;
}

/// Binds part after part; what is not there is listed with its reason.
class preset_binder {
  mixture_preset const& preset_;
  mixture_file_options const& options_;
  found_tasks found_;
  mixture_description result_;

  mixture_entry& entry(preset_part const& part, preset_task const& row, std::string task) {
    mixture_entry e;
    e.name = sentence(part.name, '/', task);
    e.task = std::move(task);
    e.family = row.family;
    e.cap = part.cap;
    return result_.entries.emplace_back(std::move(e));
  }

  /// Why a task that was found is not opened; empty when it is to be.
  std::string left_out(std::string const& name, found_task const& t) const {
    if (t.row.group == task_group::niv2 && natural_task_is_of_mmlu(name))
      return "it is left out, since MMLU is made of its questions";
    auto why = ambiguous_files(t);
    if (!why.empty() && options_.absent_is_error) fail("the task ", name, " of ", preset_.name, ": ", why);
    return why;
  }

  /// Fills the entry of a task that is there. Throws for one without records.
  mixture_part present(mixture_entry& e, any_task t, task_report const& report) const {
    e.format = report.format;
    if (!report.family.empty()) e.family = report.family;
    e.skipped = report.skipped;
    e.records = t.size();
    e.forms = t.forms();
    e.languages = report.languages;
    mixture_part part(std::move(t));
    e.present = true;
    return part;
  }

  /// Opens a found task and, where the part has inversions and the task can be turned round, its inversion.
  void open(preset_part const& part, std::string const& name, found_task const& t, std::vector<mixture_part>& straight,
            std::vector<mixture_part>& inverted) {
    auto const at = result_.entries.size();
    entry(part, t.row, name).files = t.files;
    std::string why = left_out(name, t);
    if (why.empty()) try {
        auto const load = options_.load();
        auto spec = preset_spec(name, t, load);
        spec.forms = forms_of(part.styles);
        spec.inverted = part.inversion > 0 && t.row.family == "chain_of_thought";
        auto const report = open_task(spec, load);
        straight.push_back(present(result_.entries[at], report.task, report));
        if (part.inversion == 0) return;
        auto& e = entry(part, t.row, report.inverted ? report.inverted->name() : name + "/inverted");
        e.files = t.files;
        if (report.inverted) {
          inverted.push_back(present(e, *report.inverted, report));
          e.family = "input_inversion";
        } else {
          e.absent_because = "the library has no inverted wordings for its family";
          inverted.push_back(mixture_part::absent(e.task));
        }
        return;
      } catch (error const& problem) {
        if (options_.absent_is_error) throw;
        why = problem.what();
      }
    result_.entries[at].absent_because = std::move(why);
    straight.push_back(mixture_part::absent(name));
  }

  mixture_part bind(preset_part const& part) {
    std::vector<mixture_part> straight, inverted;
    for (auto const& row : preset_tasks) {
      if (!part.has(row.group)) continue;
      bool any = false;
      for (auto const& [name, t] : found_) {
        if (t.row.name != row.name) continue;
        any = true;
        open(part, name, t, straight, inverted);
      }
      if (any) continue;
      entry(part, row, std::string(row.name)).absent_because = "no file is called " + readable_patterns(row);
      straight.push_back(mixture_part::absent(std::string(row.name)));
    }
    std::string const name(part.name);
    proportional const rule{.cap = part.cap};
    if (inverted.empty()) return mixture_part::group(name, rule, straight, part.rate);
    // Fixed shares beside nothing proportional are relative to each other.
    return mixture_part::group(name, {},
                               {mixture_part::group("straight", rule, straight, 1.0),
                                mixture_part::group("inverted", rule, inverted, part.inversion)},
                               part.rate);
  }

 public:
  preset_binder(mixture_preset const& preset, std::filesystem::path const& data, mixture_file_options const& o)
      : preset_(preset), options_(o), found_(find_preset_files(data)) {}

  mixture_description operator()() {
    result_.name = preset_.name;
    std::vector<mixture_part> parts;
    for (auto const& part : preset_.parts) parts.push_back(bind(part));
    if (std::none_of(parts.begin(), parts.end(), [](mixture_part const& p) { return p.present(); }))
      return std::move(result_);
    result_.mixture.emplace(proportional{}, parts);
    std::map<std::string_view, double> rates;
    for (std::size_t i = 0; i < result_.mixture->tasks().size(); ++i)
      rates[result_.mixture->tasks()[i].name()] = result_.mixture->rates()[i];
    for (auto& e : result_.entries)
      if (e.present) e.rate = rates[e.task];
    return std::move(result_);
  }
};

}  // namespace detail

/// The tasks of a preset whose files the folder holds, found by its table's patterns, in the preset's forms and
/// proportions; all others are listed as absent, with the reason, and leave their share to those that are there. A task
/// whose file cannot be read is one of the absent, unless the options make that an error. MMLU's tasks of Natural
/// Instructions are left out. How many tasks there should be is nowhere assumed: what is there is counted.
[[gnu::cold]] inline mixture_description bind_preset(mixture_preset const& preset, std::filesystem::path const& data,
                                                     mixture_file_options const& o = {}) {
  return detail::preset_binder(preset, data, o)();
}

}  // namespace flan
