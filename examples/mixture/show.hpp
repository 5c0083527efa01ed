#pragma once
/// A mixture as tables: its tasks with sizes and rates, its parts, and what is not there.

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "flan/data/mixture_file.hpp"
#include "flan/data/mixture_preset.hpp"
#include "flan/data/task_form.hpp"
#include "flan/text/utf8.hpp"
#include "mixture/sample.hpp"
#include "support/table.hpp"

namespace mixture_program {

/// The groups that a task is in: "cot" of "cot/gsm8k".
inline std::string part_of(flan::mixture_entry const& e) {
  return e.name.size() > e.task.size() ? e.name.substr(0, e.name.size() - e.task.size() - 1) : std::string();
}

/// Whether it is another task's records turned round.
inline bool is_inverted(flan::mixture_entry const& e) { return e.task.ends_with("/inverted"); }

/// The number of examples that a paper says; empty where none does.
inline std::string published_size(flan::mixture_entry const& e) {
  auto const row = flan::find_preset_task(e.task);
  return row && row->published > 0 ? support::grouped(row->published) : std::string();
}

/// What the tasks of one part add up to.
struct part_sums {
  std::string name;
  std::size_t present = 0, inverted = 0, absent = 0;  // the inverted ones are not among the others
  std::uint64_t records = 0;                          // nor are their records, which are the others'
  double rate = 0;
};

/// In the order in which the parts come.
inline std::vector<part_sums> parts_of(flan::mixture_description const& d) {
  std::vector<part_sums> parts;
  std::map<std::string, std::size_t> position;
  for (auto const& e : d.entries) {
    auto const part = part_of(e);
    auto const [at, fresh] = position.try_emplace(part, parts.size());
    if (fresh) parts.emplace_back().name = part;
    auto& p = parts[at->second];
    ++(!e.present ? p.absent : is_inverted(e) ? p.inverted : p.present);
    p.rate += e.rate;
    if (!is_inverted(e)) p.records += e.records;
  }
  return parts;
}

/// "zero-shot, options listed 50 %; …"; one form alone has no share.
inline std::string forms_text(std::vector<flan::task_form> const& forms) {
  std::string text;
  double sum = 0;
  for (auto const& f : forms) sum += f.rate;
  for (auto const& f : forms) {
    text += (text.empty() ? "" : "; ") + flan::form_text(f);
    if (forms.size() > 1) text += ' ' + support::percent(f.rate / sum) + " %";
  }
  return text;
}

/// Whether a form asks for more exemplars than a task has records beside the question's own.
inline bool falls_short(flan::mixture_entry const& e, flan::task_form const& f) {
  return (f.exemplars == flan::exemplars::fixed || f.exemplars == flan::exemplars::mixed) && f.shots >= e.records;
}

/// Names by what they have in common, in the order in which that comes first.
class groups_of_names {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups_;

 public:
  void add(std::string const& common, std::string const& name) {
    for (auto& [key, names] : groups_)
      if (key == common) return names.push_back(name);
    groups_.push_back({common, {name}});
  }
  auto const& all() const { return groups_; }
};

inline std::string tasks_table(flan::mixture_description const& d, bool published) {
  using support::grouped;
  bool parts = false, capped = false;
  for (auto const& e : d.entries) parts = parts || !part_of(e).empty(), capped = capped || e.cap;
  std::vector<std::string> heads{"task", "family", " records", " left out", " rate %"};
  if (parts) heads.insert(heads.begin(), "part");
  if (capped) heads.insert(heads.end() - 1, " cap");
  if (published) heads.insert(heads.end(), " published records");
  support::text_table tasks(heads);
  for (auto const& e : d.entries) {
    if (!e.present) continue;
    std::vector<std::string> row;
    if (parts) row.push_back(part_of(e));
    row.insert(row.end(),
               {e.task, e.family.empty() ? "(templates)" : e.family, grouped(e.records), grouped(e.skipped)});
    if (capped) row.push_back(e.cap ? grouped(*e.cap) : "");
    row.push_back(support::percent(e.rate));
    if (published) row.push_back(published_size(e));
    tasks.add(std::move(row));
  }
  return tasks.empty() ? "" : '\n' + tasks.text();
}

inline std::string parts_table(flan::mixture_description const& d, flan::mixture_preset const* preset) {
  using support::grouped;
  auto const parts = parts_of(d);
  if (parts.size() < 2 && !preset) return {};
  std::vector<std::string> heads{"part", " tasks", " inverted", " absent", " records", " rate %"};
  if (preset) heads.insert(heads.end(), {" published: tasks", " rate %"});
  support::text_table table(heads);
  for (auto const& p : parts) {
    std::vector<std::string> row{p.name,
                                 grouped(p.present),
                                 p.inverted ? grouped(p.inverted) : "",
                                 grouped(p.absent),
                                 grouped(p.records),
                                 support::percent(p.rate)};
    if (preset)
      for (auto const& published : preset->parts)
        if (published.name == p.name) {
          row.push_back(published.published_tasks ? grouped(published.published_tasks) : "");
          row.push_back(support::percent(published.rate));
        }
    table.add(std::move(row));
  }
  return '\n' + table.text();
}

/// A line for each task and form that has too few exemplars.
inline std::string short_forms(flan::mixture_description const& d) {
  std::string text;
  for (auto const& e : d.entries)
    for (auto const& f : e.forms)
      if (e.present && falls_short(e, f))
        text += flan::sentence("Warning: ", e.task, " has ", e.records, e.records == 1 ? " record" : " records",
                               ", so \"", flan::form_text(f), "\" gets ", e.records - 1, " of its exemplars.\n");
  return text.empty() ? text : '\n' + text;
}

/// `refusal`: why the mixture cannot be drawn from; empty when it can.
inline void show(flan::mixture_description const& d, flan::mixture_preset const* preset, std::string const& refusal) {
  using support::grouped;
  groups_of_names absent, forms;
  std::uint64_t records = 0, skipped = 0;
  std::size_t present = 0;
  for (auto const& e : d.entries) {
    auto const part = part_of(e);
    if (e.present)
      forms.add(forms_text(e.forms), e.task);
    else
      absent.add((part.empty() ? "" : part + ": ") + e.absent_because, e.task);
    present += e.present;
    if (!is_inverted(e)) records += e.records, skipped += e.skipped;
  }
  std::string text = d.name;
  if (preset) text += flan::sentence(" (", preset->source, ")");
  text += flan::sentence(text.empty() ? "" : ": ", grouped(present), " of ", grouped(d.entries.size()),
                         " tasks are there, with ", grouped(records), " records",
                         skipped ? flan::sentence("; ", grouped(skipped), " could not be read and are left out") : "",
                         ".\n");
  text += tasks_table(d, preset != nullptr) + short_forms(d) + parts_table(d, preset);
  if (!forms.all().empty()) text += "\nForms:\n";
  for (auto const& [form, names] : forms.all()) {
    text += "  " + form + '\n';
    if (forms.all().size() > 1) text += support::wrapped(names, "      ");
  }
  if (!absent.all().empty()) text += "\nNot there:\n";
  for (auto const& [reason, names] : absent.all())
    text += flan::sentence("  ", reason, names.size() > 1 ? flan::sentence(" (", names.size(), ")") : "", "\n",
                           support::wrapped(names, "      "));
  if (!refusal.empty()) text += flan::sentence("\nRequired, so that drawing needs --partial:\n  ", refusal, "\n");
  write(stdout, text);
}

inline void show_json(flan::mixture_description const& d, bool preset, std::string const& refusal) {
  using json = nlohmann::ordered_json;
  auto const text = [](std::string const& s) { return flan::repair_utf8(s); };
  json tasks = json::array(), absent = json::array(), parts = json::array();
  for (auto const& e : d.entries) {
    json task = {{"part", text(part_of(e))}, {"task", text(e.task)}, {"family", text(e.family)}};
    if (auto const row = flan::find_preset_task(e.task); preset && row && row->published > 0)
      task["published"] = row->published;
    if (e.cap) task["cap"] = *e.cap;
    if (!e.present) {
      task["reason"] = text(e.absent_because);
      absent.push_back(std::move(task));
      continue;
    }
    json files = json::array(), forms = json::array();
    for (auto const& f : e.files) files.push_back(text(f.string()));
    for (auto const& f : e.forms) {
      forms.push_back(json{{"form", flan::form_text(f)}, {"rate", f.rate}});
      if (falls_short(e, f)) forms.back()["exemplars"] = e.records - 1;
    }
    task["format"] = text(e.format);
    task["files"] = std::move(files);
    task["records"] = e.records;
    task["skipped"] = e.skipped;
    task["rate"] = e.rate;
    task["forms"] = std::move(forms);
    tasks.push_back(std::move(task));
  }
  for (auto const& p : parts_of(d))
    parts.push_back(json{{"part", text(p.name)},
                         {"tasks", p.present},
                         {"inverted", p.inverted},
                         {"absent", p.absent},
                         {"records", p.records},
                         {"rate", p.rate}});
  json object = {{"name", text(d.name)}, {"tasks", tasks}, {"absent", absent}, {"parts", parts}};
  if (!refusal.empty()) object["refused"] = text(refusal);
  write(stdout, object.dump() + '\n');
}

}  // namespace mixture_program
