#pragma once
/// The mixture that the command line names: a description in a file, or a published one over a folder of data.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/mixture_file.hpp"
#include "flan/data/mixture_preset.hpp"
#include "flan/data/preset_binding.hpp"
#include "flan/text/any_tokenizer.hpp"
#include "support/readers.hpp"

namespace mixture_program {

struct which_mixture {
  std::string file, preset, data, vocabulary;
  bool skip_bad = false, partial = false;
};

inline void add_options(CLI::App& app, which_mixture& m) {
  std::vector<std::string> names;
  for (auto const& p : flan::mixture_presets) names.emplace_back(p.name);
  auto* const file = app.add_option("file", m.file, "the mixture's description")->type_name("FILE.json");
  auto* const preset = app.add_option("--preset", m.preset, "a published mixture, over the data in --data")
                           ->check(CLI::IsMember(names))
                           ->excludes(file);
  auto* const data = app.add_option("--data", m.data, "folder of the data (for FILE.json: where its paths begin)")
                         ->type_name("DIR")
                         ->check(CLI::ExistingDirectory);
  preset->needs(data);
  app.add_flag("--skip-bad", m.skip_bad, "leave out records that cannot be read, and count them");
}

/// Throws CLI::ParseError when the command line names no mixture.
inline void require_mixture(which_mixture const& m) {
  if (m.file.empty() && m.preset.empty())
    throw CLI::ValidationError("name a mixture: FILE.json, or --preset NAME --data DIR");
}

inline std::optional<flan::any_tokenizer> vocabulary_of(which_mixture const& m) {
  if (m.vocabulary.empty()) return {};
  auto t = flan::load_tokenizer(m.vocabulary);
  if (!t) flan::fail("the folder ", m.vocabulary, " has no vocabulary (no spiece.model, and it is no ByT5)");
  return t;
}

/// Lists what is not there, or with `strict` throws for it.
inline flan::mixture_description open_mixture(which_mixture const& m, std::optional<flan::any_tokenizer> const& t,
                                              bool strict) {
  flan::mixture_file_options o;
  o.data = m.data;
  o.absent_is_error = strict;
  if (m.skip_bad) o.read.bad = flan::on_bad_record::skip;
  support::add_readers(o);
  o.tokens = [t](std::string const& text) -> std::size_t {
    if (!t) flan::fail("without --vocab nothing counts tokens");
    return t->encode(text).size();
  };
  return m.preset.empty() ? flan::read_mixture_file(m.file, o)
                          : flan::bind_preset(flan::find_mixture_preset(m.preset), m.data, o);
}

/// Why the mixture in a file cannot be drawn from as it is: what of it is absent without being optional. Empty when it
/// can.
inline std::string refusal_of(which_mixture const& m, std::optional<flan::any_tokenizer> const& t,
                              flan::mixture_description const& found) {
  if (std::all_of(found.entries.begin(), found.entries.end(), [](auto const& e) { return e.present; })) return {};
  try {
    open_mixture(m, t, true);
    return {};
  } catch (flan::error const& e) {
    return e.what();
  }
}

/// The mixture, for those who draw from it; says on standard error what of it is not there.
inline flan::mixture require_tasks(flan::mixture_description const& d, bool counts_tokens) {
  if (!d.mixture)
    flan::fail("none of the ", d.entries.size(), " tasks of ", d.name, " is there; `mixture show` says why");
  std::size_t absent = 0;
  for (auto const& e : d.entries) {
    absent += !e.present;
    for (auto const& form : e.forms)
      if (form.exemplars == flan::exemplars::pruned && !counts_tokens)
        flan::fail("examples of ", e.task,
                   " have as many exemplars as fit; add --vocab spiece.model to count their tokens");
  }
  if (absent > 0)
    std::fprintf(stderr, "%zu of %zu tasks are left out or not there; `mixture show` says why\n", absent,
                 d.entries.size());
  return *d.mixture;
}

}  // namespace mixture_program
