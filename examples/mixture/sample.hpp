#pragma once
/// Examples of a mixture's stream in words: for a person to read, or a JSON object a line.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "flan/core/error.hpp"
#include "flan/data/mixture.hpp"
#include "flan/data/task_form.hpp"
#include "flan/text/utf8.hpp"
#include "mixture/open.hpp"
#include "mixture/whole_file.hpp"
#include "support/progress_bar.hpp"
#include "support/table.hpp"

namespace mixture_program {

inline std::string form_of(flan::mixture const& m, flan::example_place const& p) {
  return flan::form_text(m.tasks()[p.task].forms()[p.form]);
}

inline std::string json_line(flan::mixture const& m, std::uint64_t index, flan::example_place const& p,
                             flan::example const& e) {
  // Bytes that are not UTF-8 cannot stand in JSON.
  nlohmann::ordered_json const object = {{"index", index},
                                         {"task", flan::repair_utf8(e.task)},
                                         {"record", e.record},
                                         {"epoch", e.epoch},
                                         {"wording", e.wording},
                                         {"form", form_of(m, p)},
                                         {"exemplars", e.exemplars},
                                         {"input", flan::repair_utf8(e.input)},
                                         {"target", flan::repair_utf8(e.target)}};
  return object.dump() + '\n';
}

inline std::string readable(flan::mixture const& m, std::uint64_t index, flan::example_place const& p,
                            flan::example const& e) {
  std::string exemplars;
  auto const& form = m.tasks()[p.task].forms()[p.form];
  if (form.exemplars != flan::exemplars::none)
    exemplars = flan::sentence(" (", e.exemplars, e.exemplars == 1 ? " exemplar)" : " exemplars)");
  return flan::sentence("=== ", support::grouped(index), "  ", e.task, "  record ", support::grouped(e.record),
                        "  epoch ", e.epoch, "  wording ", e.wording, "  ", form_of(m, p), exemplars, "\n", e.input,
                        "\n--- ", e.target.empty() ? "no target: left out when training" : "target", "\n", e.target,
                        "\n\n");
}

struct sample_settings {
  std::uint64_t count = 5, seed = 0, from = 0;
  std::string task;
  bool json = false;
};

inline void write(std::FILE* to, std::string const& text) {
  if (std::fwrite(text.data(), 1, text.size(), to) != text.size()) flan::fail("the output cannot be written");
}

inline void sample(flan::mixture const& m, sample_settings const& s) {
  std::optional<std::size_t> wanted;
  std::string known;
  for (std::size_t t = 0; t < m.tasks().size(); ++t) {
    if (m.tasks()[t].name() == s.task) wanted = t;
    if (t < 20) known += (t ? ", " : "") + m.tasks()[t].name();
  }
  if (!s.task.empty() && !wanted)
    flan::fail("the mixture has no task ", s.task, "; it has ", known, m.tasks().size() > 20 ? ", …" : "");
  auto const show = [&](std::uint64_t index, flan::example_place const& place) {
    auto const e = m.render(place);
    write(stdout, s.json ? json_line(m, index, place, e) : readable(m, index, place, e));
  };
  if (!wanted) {
    auto stream = m.sample(s.seed, s.from);
    for (std::uint64_t i = 0; i < s.count; ++i) show(s.from + i, stream.next_place());
    return;
  }
  auto from = s.from;
  bool more = true;
  for (std::uint64_t i = 0; i < s.count; ++i) {
    auto const index = more ? m.next_of(*wanted, s.seed, from) : std::nullopt;
    if (!index) flan::fail("the stream has no more of ", s.task, ": its indices end at 2^64");
    show(*index, m.place(s.seed, *index));
    from = *index + 1;
    more = from != 0;
  }
}

struct export_settings {
  std::uint64_t examples = 0, seed = 0, from = 0;
  std::string output;
};

/// The examples of so many indices; those without a target are left out, as training leaves them out.
inline void export_lines(flan::mixture const& m, export_settings const& s) {
  std::optional<whole_file> file;
  if (!s.output.empty()) file.emplace(s.output);
  std::FILE* const to = file ? file->handle() : stdout;
  std::uint64_t left_out = 0;
  {
    support::progress_bar bar("writing", s.examples);
    auto stream = m.sample(s.seed, s.from);
    for (std::uint64_t i = 0; i < s.examples; ++i) {
      auto const index = stream.position();
      auto const place = stream.next_place();
      auto const e = m.render(place);
      if (e.target.empty())
        ++left_out;
      else
        write(to, json_line(m, index, place, e));
      bar(i + 1);
    }
  }
  if (file) file->finish();
  if (left_out > 0)
    std::fprintf(stderr, "%s of %s examples left out: their target is empty\n", support::grouped(left_out).c_str(),
                 support::grouped(s.examples).c_str());
}

}  // namespace mixture_program
