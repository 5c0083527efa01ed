#pragma once
/// Puts a mixture together from what its file says.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/data_file.hpp"
#include "flan/data/json_place.hpp"
#include "flan/data/mixture.hpp"
#include "flan/data/mixture_description.hpp"
#include "flan/data/mixture_files.hpp"
#include "flan/data/mixture_keys.hpp"
#include "flan/data/natural_instructions.hpp"
#include "flan/data/open_task.hpp"

namespace flan::detail {

class mixture_builder {
  using path = std::filesystem::path;
  using parts = std::vector<mixture_part>;

  /// What parts take from what they are in.
  struct context {
    path folder, data;   // of the document; where its relative paths start
    std::string prefix;  // of entries' names
    std::vector<task_form> forms = {};
    bool optional = false;
    bool inverting = false;
    bool each = false;  // within a collection
    std::optional<std::uint64_t> cap = {};
  };
  /// A part, and its tasks turned round where it has such that no group around it has taken in yet.
  struct built {
    mixture_part straight;
    std::vector<any_task> inverted = {};
  };

  mixture_file_options const& options_;
  std::vector<mixture_entry> entries_;
  std::map<std::string, std::string> taken_;  // names of tasks, and whose they are
  std::vector<path> reading_;                 // files that include each other

  static std::optional<double> weight_of(json_place const& p) {
    auto const x = p.find("weight");
    return x ? std::optional(x->positive(true)) : std::nullopt;
  }

  context inside(context c, json_place const& p) const {
    if (auto const x = p.find("forms")) c.forms = forms_at(*x);
    if (auto const x = p.find("optional")) c.optional = x->truth();
    return c;
  }

  /// f(), whose errors say where in the document they belong.
  template <class F>
  static auto placed(json_place const& p, std::span<std::string_view const> keys, F&& f) {
    try {
      return f();
    } catch (placed_error const&) {
      throw;
    } catch (error const& e) {
      p.refuse_within(keys, e.what());
    }
  }

  void take_name(json_place const& p, std::string const& task, std::string const& owner) {
    auto const [at, fresh] = taken_.emplace(task, owner);
    if (!fresh) p.refuse("the task's name \"", task, "\" is taken by ", at->second);
  }

  mixture_entry entry_of(task_spec const& s, context const& c) const {
    mixture_entry e;
    e.name = c.prefix + s.name;
    e.task = s.name;
    e.family = family_by(s);
    e.format = s.format;
    e.cap = c.cap;
    e.forms = c.forms.empty() ? std::vector<task_form>{{}} : c.forms;
    return e;
  }

  built absent(json_place const& p, task_spec const& s, context const& c, std::optional<double> weight,
               std::string const& because, std::string_view key = "files") {
    if (options_.absent_is_error && !c.optional)
      (p.has(key) ? p.at(key) : p).refuse(because, "; \"optional\": true lets a mixture do without");
    auto e = entry_of(s, c);
    e.absent_because = because;
    entries_.push_back(std::move(e));
    return {mixture_part::absent(s.name, weight)};
  }

  /// The task of a specification whose files are there.
  built opened(json_place const& p, task_spec s, context const& c, std::optional<double> weight) {
    take_name(p, s.name, c.prefix + s.name);
    s.forms = c.forms;
    auto load = options_.load();
    if (auto const x = p.find("bad"))
      load.read.bad = x->one_of(bad_words) == 0 ? on_bad_record::stop : on_bad_record::skip;
    if (c.inverting) s.inverted = is_of_worked_answers(family_by(s));
    auto const report = placed(p, task_keys, [&] { return open_task(s, load); });
    auto e = entry_of(s, c);
    if (report.task.size() == 0) {
      auto const because = why_empty(s, load, report.skipped);
      if (options_.absent_is_error && !c.optional && !c.each)
        p.refuse("the task ", s.name, " has no records: ", because);
      e.files = s.files;
      e.skipped = report.skipped;
      e.absent_because = "it has no records: " + because;
      entries_.push_back(std::move(e));
      return {mixture_part::absent(s.name, weight)};
    }
    e.family = report.family;
    e.format = report.format;
    e.files = s.files;
    e.records = report.task.size();
    e.skipped = report.skipped;
    e.present = true;
    e.forms = report.task.forms();
    e.languages = report.languages;
    built all{placed(p, task_keys, [&] { return mixture_part(report.task, weight); })};
    entries_.push_back(e);
    if (report.inverted) {
      e.name += "/inverted";
      e.task = report.inverted->name();
      take_name(p, e.task, e.name);
      e.family = "input_inversion";
      entries_.push_back(std::move(e));
      all.inverted = {*report.inverted};
    }
    return all;
  }

  static std::string_view family_by(task_spec const& s) {
    if (!s.templates.empty() || !s.prompts.empty()) return {};
    if (!s.family.empty()) return s.family;
    auto const* const format = find_format(s.format);
    return format != nullptr ? format->family : std::string_view();
  }

  /// The parts of a group as one part. With an inversion each task turned round weighs so much beside itself at 1.
  built combined(json_place const& p, std::string const& name, proportional rule, std::vector<built> const& all,
                 std::optional<double> weight, std::optional<double> inversion,
                 std::span<std::string_view const> keys = group_keys) {
    parts straight;
    std::vector<any_task> inverted;
    for (auto const& one : all) {
      straight.push_back(one.straight);
      inverted.insert(inverted.end(), one.inverted.begin(), one.inverted.end());
    }
    return placed(p, keys, [&]() -> built {
      auto const whole = mixture_part::group(name, rule, straight, weight);
      if (!inversion) return {whole, inverted};
      std::map<std::string, double> rates;
      for (std::size_t i = 0; i < whole.contents().tasks.size(); ++i)
        rates[whole.contents().tasks[i].name() + "/inverted"] = whole.contents().rates[i];
      parts both{mixture_part(mixture(rule, straight), 1)};
      for (auto const& t : inverted)
        if (auto const found = rates.find(t.name()); found != rates.end())
          both.emplace_back(t, *inversion * found->second);
      if (both.size() == 1) return {whole};
      return {mixture_part::group(name, {}, both, weight).counted_as(whole.contents().records)};
    });
  }

  std::optional<double> inversion_at(json_place const& p, context& c) const {
    auto const x = p.find("inversion");
    if (!x) return {};
    if (c.inverting) x->refuse("the group around it is turned round already");
    c.inverting = true;
    return x->positive();
  }

  /// What a document or a group has under "parts".
  std::vector<built> parts_of(json_place const& p, context const& c, std::optional<double> inversion) {
    std::vector<built> all;
    auto const list = p.at("parts");
    auto const before = entries_.size();
    for (auto const& one : list.list()) all.push_back(part(one, c));
    if (all.empty()) list.refuse("expected a part, found an empty list");
    if (inversion && std::none_of(entries_.begin() + static_cast<std::ptrdiff_t>(before), entries_.end(),
                                  [](auto const& e) { return !e.present || e.family == "input_inversion"; }))
      p.at("inversion").refuse("none of the tasks has worked answers (the family chain_of_thought) to turn round");
    return all;
  }

  built group(json_place const& p, context const& outer) {
    p.expect_keys(group_keys);
    auto const name = p.at("name").name();
    auto c = inside(outer, p);
    auto const weight = weight_of(p);
    auto const inversion = inversion_at(p, c);
    auto const rule = rule_at(p);
    c.prefix += name + '/';
    c.cap = p.has("cap") ? std::optional(rule.cap) : std::nullopt;
    return combined(p, name, rule, parts_of(p, c, inversion), weight, inversion);
  }

  built included(json_place const& p, context const& outer) {
    p.expect_keys(include_keys);
    auto const at = p.at("include");
    path const file = tidy(outer.folder / at.name());
    std::error_code failed;
    auto const real = std::filesystem::weakly_canonical(file, failed);
    if (auto const found = std::find(reading_.begin(), reading_.end(), real); found != reading_.end()) {
      std::string circle;
      for (auto i = found; i != reading_.end(); ++i) circle += i->filename().string() + " includes ";
      at.refuse("a mixture cannot contain itself: ", circle, real.filename().string());
    }
    if (std::filesystem::is_directory(file, failed))
      at.refuse(file.string(), " is a folder; expected a mixture's file");
    auto const weight = weight_of(p);
    auto const given = p.find("name");
    auto const c = inside(outer, p);
    if (!std::filesystem::is_regular_file(file, failed)) {
      task_spec s;
      s.name = given ? given->name() : file.stem().string();
      return absent(p, s, c, weight, sentence("there is no file ", file.string()), "include");
    }
    return document(file, c, [&](json_place const& top, context inner) {
      auto const name = given ? given->name() : top.at("name").name();
      auto const inversion = inversion_at(top, inner);
      inner.prefix = outer.prefix + name + '/';
      return combined(top, name, rule_at(top), parts_of(top, inner, inversion), weight, inversion);
    });
  }

  /// f(its place, the context within it).
  template <class F>
  built document(path const& file, context const& outer, F&& f) {
    data_file const opened(file);
    return document(file, opened.read(0, static_cast<std::size_t>(opened.size())), outer, f);
  }
  template <class F>
  built document(path const& file, std::string_view content, context c, F&& f) {
    json_text const text(file.string(), content);
    json_place const top(text);
    top.expect_keys(mixture_keys);
    std::error_code failed;
    reading_.push_back(std::filesystem::weakly_canonical(file, failed));
    c = inside(std::move(c), top);
    c.folder = file.has_parent_path() ? file.parent_path() : path(".");
    auto const own = top.find("data");
    c.data = tidy(!options_.data.empty() ? options_.data : own ? c.folder / own->name() : c.folder);
    c.cap = top.has("cap") ? std::optional(rule_at(top).cap) : std::nullopt;
    auto result = f(top, std::move(c));
    reading_.pop_back();
    return result;
  }

  built single(json_place const& p, context const& outer) {
    p.expect_keys(task_keys);
    auto s = task_at(p);
    auto c = inside(outer, p);
    auto const weight = weight_of(p);
    auto const inversion = inversion_at(p, c);
    if (!s.prompts.empty()) s.prompts = tidy(c.data / s.prompts);
    auto const found = files_at(p, c.data);
    if (!found.missing.empty()) return absent(p, s, c, weight, found.missing.front().because);
    s.files = found.files;
    auto one = opened(p, s, c, inversion ? std::nullopt : weight);
    if (!inversion) return one;
    if (!one.straight.present()) return {mixture_part::absent(s.name, weight)};
    if (one.inverted.empty()) refuse_inversion(p);
    return combined(p, s.name, {}, {std::move(one)}, weight, inversion, task_keys);
  }

  [[noreturn]] static void refuse_inversion(json_place const& p) {
    p.at("inversion").refuse("only worked answers (the family chain_of_thought) can be turned round");
  }

  /// A task for each file.
  built collection(json_place const& p, context const& outer) {
    std::vector<std::string_view> keys(std::begin(task_keys), std::end(task_keys));
    keys.insert(keys.end(), std::begin(collection_keys), std::end(collection_keys));
    p.expect_keys(keys);
    if (auto const x = p.find("records")) x->refuse("a collection has a task for each of its files, not records");
    auto s = task_at(p);
    auto const name = s.name;
    auto c = inside(outer, p);
    auto const weight = weight_of(p);
    auto const inversion = inversion_at(p, c);
    auto const rule = rule_at(p);
    bool const without_mmlu = p.find("without_mmlu") && p.at("without_mmlu").truth();
    static_cast<void>(p.at("files"));
    if (!s.prompts.empty()) s.prompts = tidy(c.data / s.prompts);
    auto const found = files_at(p, c.data);
    if (found.files.empty()) return absent(p, s, c, weight, found.missing.front().because);
    auto const names = collection_names(p, found.files);
    c.prefix += name + '/';
    c.cap = p.has("cap") ? std::optional(rule.cap) : std::nullopt;
    c.each = true;
    std::vector<built> all;
    for (auto const& gone : found.missing) {
      s.name = gone.name;
      all.push_back(absent(p, s, c, {}, gone.because));
    }
    auto const before = entries_.size();
    bool of_mmlu = false;
    for (std::size_t i = 0; i < names.size(); ++i) {
      s.name = names[i];
      s.files = {found.files[i]};
      if (without_mmlu && natural_task_is_of_mmlu(stem_of(found.files[i]))) {
        of_mmlu = true;
        auto e = entry_of(s, c);
        e.files = s.files;
        e.absent_because = "it is left out, since MMLU is made of its questions";
        entries_.push_back(std::move(e));
        continue;
      }
      all.push_back(opened(p, s, c, {}));
    }
    if (std::none_of(all.begin(), all.end(), [](auto const& one) { return one.straight.present(); })) {
      s.name = name;
      s.files.clear();
      return absent(p, s, outer, weight,
                    of_mmlu ? "all files are of MMLU, which are left out"
                            : "none of the files has records; of the first: " + entries_[before].absent_because);
    }
    if (inversion && std::all_of(all.begin(), all.end(), [](auto const& one) { return one.inverted.empty(); }))
      refuse_inversion(p);
    return combined(p, name, rule, all, weight, inversion);
  }

  built part(json_place const& p, context const& c) {
    if (p.has("parts")) return group(p, c);
    if (p.has("include")) return included(p, c);
    if (p.find("each") && p.at("each").truth()) return collection(p, c);
    if (p.has("each")) p.at("each").refuse("expected true, or no such key");
    if (!p.has("files") && !p.has("records")) {
      std::vector<std::string_view> keys(std::begin(task_keys), std::end(task_keys));
      keys.insert(keys.end(), {"parts", "include"});
      p.expect_keys(keys);
      p.refuse("a part needs \"files\" or \"records\", or is a group with \"parts\", or an \"include\"");
    }
    return single(p, c);
  }

 public:
  explicit mixture_builder(mixture_file_options const& o) : options_(o) {}

  mixture_description build(path const& file, std::string_view content) {
    mixture_description d;
    document(file, content, context{}, [&](json_place const& top, context c) {
      d.name = top.at("name").name();
      auto const inversion = inversion_at(top, c);
      auto const whole = combined(top, d.name, rule_at(top), parts_of(top, c, inversion), {}, inversion);
      if (whole.straight.present())
        d.mixture = placed(top, mixture_keys, [&] { return mixture({}, parts{whole.straight}); });
      std::map<std::string_view, double> rates;
      for (std::size_t i = 0; d.mixture && i < d.mixture->tasks().size(); ++i)
        rates[d.mixture->tasks()[i].name()] = d.mixture->rates()[i];
      for (auto& e : entries_)
        if (auto const found = rates.find(e.task); e.present && found != rates.end()) e.rate = found->second;
      d.entries = std::move(entries_);
      return whole;
    });
    return d;
  }
};

}  // namespace flan::detail
