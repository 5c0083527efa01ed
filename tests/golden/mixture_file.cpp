/// examples/mixtures/shared.json over the published files at hand: all of it opens, and every task renders in all of
/// its wordings and forms. None of the files has to be there; what is there is counted against what its own reader
/// says.

#include "flan/data/mixture_file.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "flan/data/alpaca.hpp"
#include "flan/data/delimited.hpp"
#include "flan/data/superglue.hpp"
#include "flan/prompt/chain_of_thought.hpp"
#include "support/catch.hpp"
#include "support/published.hpp"

namespace {
namespace fs = std::filesystem;

using flan::testing::published;
using flan::testing::uncached;

flan::mixture_description read_shared() {
  flan::mixture_file_options o;
  o.data = published();
  o.read = uncached;
  o.tokens = [](std::string const& text) { return text.size() / 4 + 1; };
  return flan::read_mixture_file(fs::path(FLAN_TEST_FOLDER).parent_path() / "examples" / "mixtures" / "shared.json", o);
}
flan::mixture_description const& shared() {
  static flan::mixture_description const d = read_shared();
  return d;
}
flan::any_task const& task_of(flan::mixture_entry const& e) {
  for (auto const& t : shared().mixture->tasks())
    if (t.name() == e.task) return t;
  flan::fail("the mixture has no task ", e.task);
}
flan::mixture_entry const* entry(std::string const& name) {
  for (auto const& e : shared().entries)
    if (e.name == name && e.present) return &e;
  return nullptr;
}
}  // namespace

TEST_CASE("the mixture over the published files opens, and says what is there") {
  auto const& d = shared();
  REQUIRE(d.mixture);
  double sum = 0;
  std::size_t present = 0;
  for (auto const& e : d.entries) {
    CAPTURE(e.name, e.absent_because);
    sum += e.rate;
    present += e.present;
    CHECK(e.present == e.absent_because.empty());
    if (!e.present) continue;
    CHECK(e.records > 0);
    CHECK(e.skipped == 0);
    CHECK(e.rate > 0);
    CHECK(task_of(e).size() == e.records);
    for (auto const& file : e.files) CHECK(fs::is_regular_file(file));
  }
  CHECK(sum == Approx(1).epsilon(1e-9));
  CHECK(present == d.mixture->tasks().size());
  CHECK(present > 20);
  // No task that is made of MMLU's questions, whatever files there are.
  for (auto const& t : d.mixture->tasks()) CHECK_FALSE(flan::natural_task_is_of_mmlu(t.name()));
  // The counts of SOURCES.md, where the files are there.
  std::map<std::string, std::uint64_t> const known{
      {"cot/aqua", 2728},       {"cot/creak", 6915},       {"cot/ecqa", 7112},
      {"cot/gsm8k", 7473},      {"cot/sensemaking", 6070}, {"cot/qasc", 1084},
      {"cot/strategyqa", 2061}, {"superglue/cb", 32},      {"alpaca", 1999}};
  for (auto const& [name, count] : known)
    if (auto const* const e = entry(name)) {
      CAPTURE(name);
      CHECK(e->records == count);
    }
}

TEST_CASE("every task renders in every wording and form") {
  for (auto const& e : shared().entries) {
    if (!e.present) continue;
    auto const& t = task_of(e);
    CAPTURE(e.name);
    std::uint64_t empty = 0, rendered = 0;
    auto const step = std::max<std::uint64_t>(1, t.size() / 23);
    for (std::uint64_t i = 0; i < t.size(); i += step)
      for (std::uint32_t w = 0; w < t.wordings(); ++w)
        for (std::uint32_t f = 0; f < t.forms().size(); ++f) {
          auto const x = t(i, w, f, i);
          ++rendered;
          empty += x.text.target.empty();
          if (x.text.input.empty()) FAIL_CHECK("an empty input of record " << i << " in wording " << w);
        }
    // Natural Instructions have some answers that are empty.
    CHECK(empty * 20 <= rendered);
  }
}

TEST_CASE("every record of the chain-of-thought sets is there as its own reader has it") {
  for (auto const& e : shared().entries) {
    if (!e.present || e.format != "cot" || e.family != "chain_of_thought") continue;
    CAPTURE(e.name);
    auto const typed = flan::tsv<flan::worked_answer>(
        e.files.at(0),
        {.columns = {"question", "answer", "chain_of_thought"}, .unescape = {"question", "chain_of_thought"}},
        uncached);
    auto const& t = task_of(e);
    REQUIRE(t.size() == typed.size());
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < t.size(); ++i) {
      auto const w = static_cast<std::uint32_t>(i % t.wordings());
      wrong += t(i, w) != flan::reason_then_answer[w](typed[i]);
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("labels of SuperGLUE mean what they mean in their own types") {
  namespace sg = flan::superglue;
  auto const yes = [](std::string const& name, auto const& records, auto&& meant) {
    auto const* const e = entry(name);
    if (e == nullptr) return;
    auto const& t = task_of(*e);
    CAPTURE(name);
    REQUIRE(t.size() == records.size());
    for (std::uint64_t i = 0; i < t.size(); ++i) CHECK(t(i, 0).target == meant(records[i]));
  };
  if (auto const* const e = entry("superglue/boolq"))
    yes(e->name, flan::jsonl<sg::boolq>(e->files[0], uncached), [](auto const& r) { return r.label.text(); });
  if (auto const* const e = entry("superglue/wic"))
    yes(e->name, flan::jsonl<sg::wic>(e->files[0], uncached), [](auto const& r) { return r.label.text(); });
  if (auto const* const e = entry("superglue/wsc"))
    yes(e->name, flan::jsonl<sg::wsc>(e->files[0], uncached), [](auto const& r) { return r.label.text(); });
  if (auto const* const e = entry("superglue/multirc"))
    yes(e->name, sg::multirc_answers(e->files[0], uncached), [](auto const& r) { return r.label.text(); });
  if (auto const* const e = entry("superglue/record"))
    yes(e->name, sg::record_queries(e->files[0], uncached), [](auto const& r) { return r.answer; });
  if (auto const* const e = entry("superglue/copa"))
    yes(e->name, flan::jsonl<sg::copa>(e->files[0], uncached),
        [](auto const& r) { return r.label.index() == 0 ? r.choice1 : r.choice2; });
  if (auto const* const e = entry("superglue/rte"))
    yes(e->name, flan::jsonl<sg::rte>(e->files[0], uncached),
        [](auto const& r) { return r.label.text() == "entailment" ? "yes" : "no"; });
  if (auto const* const e = entry("superglue/cb"))
    yes(e->name, flan::jsonl<sg::cb>(e->files[0], uncached), [](auto const& r) {
      return r.label.text() == "entailment" ? "yes" : r.label.text() == "neutral" ? "it is not possible to tell" : "no";
    });
}

TEST_CASE("the stream of the whole keeps to its rates, and is the same for who opens it again") {
  auto const& d = shared();
  constexpr std::uint64_t n = 4096;
  std::map<std::string, double> drawn;
  for (std::uint64_t i = 0; i < n; ++i) ++drawn[d.mixture->tasks()[d.mixture->place(7, i).task].name()];
  for (auto const& e : d.entries) {
    CAPTURE(e.name);
    if (e.present) CHECK(std::abs(drawn[e.task] - n * e.rate) <= 16);
  }
  auto const again = read_shared();
  for (std::uint64_t i = 0; i < 60; ++i) {
    auto const a = d.mixture->at(7, 1'000'000'000'000 + i), b = again.mixture->at(7, 1'000'000'000'000 + i);
    CHECK(a.task == b.task);
    CHECK(a.input == b.input);
    CHECK_FALSE(a.input.empty());
  }
}
