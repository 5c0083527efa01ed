#pragma once
/// What a mixture's stream is like for a vocabulary: lengths, shares, what is cut, how densely it packs, what the
/// vocabulary does not know of it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "flan/data/mixture.hpp"
#include "flan/data/mixture_file.hpp"
#include "flan/data/packing.hpp"
#include "flan/text/any_tokenizer.hpp"
#include "mixture/lengths.hpp"
#include "mixture/sample.hpp"
#include "support/progress_bar.hpp"
#include "support/table.hpp"

namespace mixture_program {

struct stats_settings {
  std::uint64_t examples = 10'000, seed = 0;
  std::int64_t max_input = 2'048, max_target = 512;
  bool json = false;
};

/// What was measured of one task.
struct task_measures {
  std::string name;
  double rate = 0;
  std::uint64_t drawn = 0, skipped = 0;
  side_lengths input, target;
  unknown_counts unknown_input, unknown_target;

  double share(std::uint64_t all) const { return static_cast<double>(drawn) / static_cast<double>(all); }
  double drift(std::uint64_t all) const { return static_cast<double>(drawn) - rate * static_cast<double>(all); }
};

/// What was measured of the rows that examples are packed into.
struct row_measures {
  std::uint64_t rows = 0, examples = 0;
  double least = 0;                       // rows that could do
  std::uint64_t inputs = 0, targets = 0;  // tokens

  double density(std::uint64_t tokens, std::int64_t most) const {
    return rows == 0 ? 0 : static_cast<double>(tokens) / (static_cast<double>(rows) * static_cast<double>(most));
  }
};

struct measures {
  stats_settings settings;
  std::vector<task_measures> tasks;
  std::map<std::string, unknown_counts> languages;
  row_measures packed;
};

inline measures measure(flan::mixture const& m, flan::mixture_description const& described,
                        flan::any_tokenizer const& tokenizer, stats_settings const& s) {
  measures all{s, {}, {}, {}};
  std::vector<flan::task_languages> languages;
  for (auto const& t : m.tasks()) {
    auto const e = std::find_if(described.entries.begin(), described.entries.end(),
                                [&](auto const& one) { return one.present && one.task == t.name(); });
    languages.push_back(e == described.entries.end() ? flan::task_languages{} : e->languages);
  }
  for (std::size_t t = 0; t < m.tasks().size(); ++t) {
    auto& task = all.tasks.emplace_back();
    task.name = m.tasks()[t].name();
    task.rate = m.rates()[t];
  }

  constexpr std::uint64_t window = 1024;  // indices that best fit packs together when training
  std::vector<flan::row_size> block;
  flan::row_size const most{s.max_input, s.max_target};
  auto const pack = [&] {
    if (block.empty()) return;
    all.packed.rows += flan::pack_best_fit(block, most).size();
    all.packed.examples += block.size();
    all.packed.least += flan::least_rows(block, most);
    for (auto const& e : block) {
      all.packed.inputs += static_cast<std::uint64_t>(e.input);
      all.packed.targets += static_cast<std::uint64_t>(e.target);
    }
    block.clear();
  };
  auto const count = [&](std::string const& text, std::vector<flan::token> const& ids, unknown_counts& task,
                         std::vector<std::string> const& of) {
    auto const c = count_unknown(tokenizer, text, ids);
    task += c;
    for (auto const& language : of) all.languages[language] += c;
  };

  support::progress_bar bar("measuring", s.examples);
  auto stream = m.sample(s.seed);
  for (std::uint64_t i = 0; i < s.examples; ++i, bar(i)) {
    if (i % window == 0) pack();
    auto const place = stream.next_place();
    auto const e = m.render(place);
    auto& task = all.tasks[place.task];
    ++task.drawn;
    auto const input = tokenizer.encode(e.input), target = tokenizer.encode(e.target);
    if (target.empty()) {
      ++task.skipped;
      continue;
    }
    task.input.add(input.size() + 1, static_cast<std::uint64_t>(s.max_input));
    task.target.add(target.size() + 1, static_cast<std::uint64_t>(s.max_target));
    count(e.input, input, task.unknown_input, languages[place.task].inputs);
    count(e.target, target, task.unknown_target, languages[place.task].targets);
    block.push_back({std::min(static_cast<std::int64_t>(input.size()) + 1, s.max_input),
                     std::min(static_cast<std::int64_t>(target.size()) + 1, s.max_target)});
  }
  pack();
  return all;
}

inline nlohmann::ordered_json json_of(side_lengths const& l, unknown_counts const& u) {
  return {{"mean", l.mean()},           {"p50", l.percentile(0.5)},   {"p95", l.percentile(0.95)},
          {"max", l.longest()},         {"truncated", l.cut_share()}, {"tokens", l.sum()},
          {"unknown", u.token_share()}, {"lost", u.character_share()}};
}

inline void print_json(measures const& all) {
  using json = nlohmann::ordered_json;
  auto const n = all.settings.examples;
  json tasks = json::array(), languages = json::array();
  for (auto const& t : all.tasks)
    tasks.push_back(json{{"task", flan::repair_utf8(t.name)},
                         {"rate", t.rate},
                         {"examples", t.drawn},
                         {"share", t.share(n)},
                         {"drift", t.drift(n)},
                         {"skipped", t.skipped},
                         {"input", json_of(t.input, t.unknown_input)},
                         {"target", json_of(t.target, t.unknown_target)}});
  for (auto const& [name, c] : all.languages)
    languages.push_back(json{{"language", flan::repair_utf8(name)},
                             {"tokens", c.tokens},
                             {"unknown", c.token_share()},
                             {"lost", c.character_share()}});
  auto const& p = all.packed;
  json const packing = {{"rows", p.rows},
                        {"least_rows", p.least},
                        {"examples", p.examples},
                        {"input_density", p.density(p.inputs, all.settings.max_input)},
                        {"target_density", p.density(p.targets, all.settings.max_target)}};
  json const object = {{"examples", n},
                       {"seed", all.settings.seed},
                       {"max_input", all.settings.max_input},
                       {"max_target", all.settings.max_target},
                       {"tasks", tasks},
                       {"languages", languages},
                       {"packing", packing}};
  write(stdout, object.dump() + '\n');
}

inline void print(measures const& all) {
  using support::grouped, support::percent, support::tenths;
  auto const n = all.settings.examples;
  support::text_table drawn({"task", " examples", " share %", " rate %", " drift", " left out", " unknown in %",
                             " out %", " lost in %", " out %"});
  support::text_table lengths(
      {"task", " input: mean", " p50", " p95", " max", " cut %", " target: mean", " p50", " p95", " max", " cut %"});
  for (auto const& t : all.tasks) {
    drawn.add({t.name, grouped(t.drawn), percent(t.share(n)), percent(t.rate), tenths(t.drift(n)), grouped(t.skipped),
               percent(t.unknown_input.token_share()), percent(t.unknown_target.token_share()),
               percent(t.unknown_input.character_share()), percent(t.unknown_target.character_share())});
    std::vector<std::string> row{t.name};
    for (auto const* side : {&t.input, &t.target})
      for (auto const& cell : {tenths(side->mean()), grouped(side->percentile(0.5)), grouped(side->percentile(0.95)),
                               grouped(side->longest()), percent(side->cut_share())})
        row.push_back(cell);
    lengths.add(std::move(row));
  }
  write(stdout, flan::sentence("The first ", grouped(n), " examples of seed ", all.settings.seed, ".\n\n", drawn.text(),
                               "\nTokens, end tokens included; cut above ",
                               grouped(static_cast<std::uint64_t>(all.settings.max_input)), " and ",
                               grouped(static_cast<std::uint64_t>(all.settings.max_target)), ":\n\n", lengths.text()));
  if (!all.languages.empty()) {
    support::text_table languages({"language", " tokens", " unknown %", " lost %"});
    for (auto const& [name, c] : all.languages)
      languages.add({name, grouped(c.tokens), percent(c.token_share()), percent(c.character_share())});
    write(stdout, flan::sentence("\nWhat the vocabulary does not know, as a share of tokens and of signs:\n\n",
                                 languages.text()));
  }
  auto const& p = all.packed;
  if (p.rows > 0)
    write(stdout, flan::sentence("\nPacked by best fit, ", grouped(p.examples), " examples take ", grouped(p.rows),
                                 " rows (", tenths(static_cast<double>(p.examples) / static_cast<double>(p.rows)),
                                 " a row), which are ", percent(p.density(p.inputs, all.settings.max_input)),
                                 " % input and ", percent(p.density(p.targets, all.settings.max_target)),
                                 " % target; no packing needs fewer than ", tenths(p.least), " rows.\n"));
}

}  // namespace mixture_program
