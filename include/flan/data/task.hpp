#pragma once
/// A task: records, and several ways to word them.

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/core/random.hpp"
#include "flan/data/example.hpp"
#include "flan/data/hash.hpp"
#include "flan/data/source.hpp"
#include "flan/data/task_form.hpp"
#include "flan/prompt/few_shot.hpp"
#include "flan/prompt/instruction.hpp"

namespace flan {

struct exemplar_options;

/// A task whose records' type is forgotten. Immutable; copies share everything; several threads may read one.
class any_task {
 public:
  std::string const& name() const { return held_->name; }
  /// The number of records, and of ways to word one.
  std::uint64_t size() const { return held_->size; }
  std::uint32_t wordings() const { return held_->wordings; }
  /// The forms that examples take; one, the question alone with its options listed, unless with_forms said otherwise.
  std::vector<task_form> const& forms() const;
  /// The form that an example with this key takes: each by its rate.
  std::uint32_t form_of(std::uint64_t key) const;

  /// The same task in these forms. Throws `error` without a form, for a rate that is not above 0, for `pruned` without
  /// a count of tokens, for more than `most_shots` exemplars, and for exemplars from a task with another number of
  /// wordings.
  any_task with_forms(std::vector<task_form> forms) const;
  any_task with_forms(std::vector<task_form> forms, exemplar_options const& o) const;

  /// A record in words, alone, options listed; of several right answers the first. Throws `error` outside size() and
  /// wordings().
  shot operator()(std::uint64_t record, std::uint32_t wording) const {
    check(record, wording);
    return held_->word(record, wording, option_form::listed, {});
  }
  /// A record in one of the forms. The key decides what is drawn: the exemplars and their patterns, a style of options,
  /// one of several right answers. An empty target means that the example is to be left out: its
  /// wording does not fit the record, or its question alone is over the limit of `pruned`. Throws `error`
  /// outside size(), wordings() and forms().
  few_shot_prompt operator()(std::uint64_t record, std::uint32_t wording, std::uint32_t form, std::uint64_t key) const;
  /// The targets that count as right, for an evaluation: one for each of the record's right answers, the first first.
  std::vector<std::string> targets(std::uint64_t record, std::uint32_t wording) const {
    check(record, wording);
    return held_->targets(record, wording);
  }
  /// A hash of the name, the records, the templates and the forms; of what counts tokens, by how it counts some
  /// records.
  std::uint64_t fingerprint() const;

 protected:
  struct contents {
    std::string name;
    std::uint64_t size = 0;
    std::uint32_t wordings = 0;
    std::function<shot(std::uint64_t, std::uint32_t, option_form, std::optional<std::uint64_t> key)> word;
    std::function<std::vector<std::string>(std::uint64_t, std::uint32_t)> targets;
    std::function<std::uint64_t()> fingerprint;
  };
  explicit any_task(contents c) : held_(std::make_shared<contents const>(std::move(c))), forms_(alone()) {}

 private:
  struct drawn_forms;  // the forms, and where their exemplars come from
  static std::shared_ptr<drawn_forms const> const& alone();
  void check(std::uint64_t record, std::uint32_t wording) const {
    if (record >= size() || wording >= wordings())
      fail("the task ", name(), " has ", size(), " records in ", wordings(), " wordings; asked for record ", record,
           " in wording ", wording);
  }

  std::shared_ptr<contents const> held_;
  std::shared_ptr<drawn_forms const> forms_;
};

/// Where exemplars come from, and how many there is room for.
struct exemplar_options {
  few_shot_limits limits = {};                                 ///< of `pruned`
  std::function<std::size_t(std::string const&)> tokens = {};  ///< counts a text's tokens; several threads may call it
  few_shot_patterns patterns = {};                             ///< tables that outlive the task
  std::optional<any_task> from = {};                           ///< an evaluation's train split; else the task itself
};

struct any_task::drawn_forms {
  std::vector<task_form> list{task_form{}};
  std::vector<double> ends{1};  // the forms' intervals of [0, 1)
  exemplar_options options = {};
};

namespace detail {

/// A record with several right answers, one of which it shows.
template <class R>
concept has_references = requires(R const& r, std::size_t i) {
  { r.references.size() } -> std::convertible_to<std::size_t>;
  { r.with_reference(i) } -> std::same_as<R>;
};

/// Keys of what an example's key decides.
enum class example_site : std::uint64_t { form = 1, reference, exemplars, kept, pattern, wording };
inline std::uint64_t key_of_site(std::uint64_t key, example_site s) {
  return key_of(key, static_cast<std::uint64_t>(s));
}

template <class R>
std::size_t reference_of(R const& r, std::optional<std::uint64_t> key) {
  return key ? static_cast<std::size_t>(
                   uniform_below(key_of_site(*key, example_site::reference), 0, r.references.size()))
             : 0;
}

}  // namespace detail

/// A task over records of type R, which is forgotten once it is made. Throws `error` without a wording.
template <class R>
class task : public any_task {
 public:
  /// With templates that the compiler has checked: a constant table of `instruction`s.
  template <record S, std::size_t N>
  requires std::same_as<S, R> task(std::string name, source<R> records, instruction<S> const (&wordings)[N])
      : task(std::move(name), std::move(records), std::vector<instruction<S>>(wordings, wordings + N)) {}

  /// With templates of the run time: `text_instruction`s, `jinja_instruction`s, or `instruction`s that were chosen.
  template <std::invocable<R const&> Instruction>
  task(std::string name, source<R> records, std::vector<Instruction> wordings)
      : any_task(make(std::move(name), std::move(records), std::move(wordings))) {}
  task(std::string name, source<R> records, std::vector<text_instruction> wordings)
      : any_task(make(std::move(name), std::move(records), std::move(wordings))) {}

 private:
  template <class Instruction>
  static contents make(std::string name, source<R> records, std::vector<Instruction> wordings) {
    if (wordings.empty()) fail("the task ", name, " has no instruction");
    contents c{name, records.size(), static_cast<std::uint32_t>(wordings.size()), {}, {}, {}};
    auto const shared = std::make_shared<std::vector<Instruction> const>(std::move(wordings));
    c.word = [records, shared](std::uint64_t i, std::uint32_t w, option_form form, std::optional<std::uint64_t> key) {
      R const r = records[i];
      if constexpr (detail::has_references<R>)
        if (auto const at = detail::reference_of(r, key); at != 0)
          return word((*shared)[w], r.with_reference(at), form, key.value_or(0));
      return word((*shared)[w], r, form, key.value_or(0));
    };
    c.targets = [records, shared](std::uint64_t i, std::uint32_t w) {
      R const r = records[i];
      std::vector<std::string> all{word((*shared)[w], r, option_form::listed, 0).target};
      if constexpr (detail::has_references<R>)
        for (std::size_t at = 1; at < r.references.size(); ++at) {
          auto target = word((*shared)[w], r.with_reference(at), option_form::listed, 0).target;
          if (std::find(all.begin(), all.end(), target) == all.end()) all.push_back(std::move(target));
        }
      return all;
    };
    c.fingerprint = [name = std::move(name), records, shared] {
      fingerprinter f;
      f.add(name);
      records.add_to(f);
      for (auto const& w : *shared) add_wording(f, w);
      return f.value();
    };
    return c;
  }

  template <class Instruction>
  static void add_wording(fingerprinter& f, Instruction const& w) {
    if constexpr (requires { w.input.text(); })
      f.add(w.input.text()).add(w.target.text());
    else
      f.add(w.text());
  }
};

/// A task over text records with one template, as a command line gives it. Throws `error` for a mistake in a template.
inline task<text_record> text_task(std::string name, text_source records, std::string input, std::string target) {
  text_instruction const wording{{std::move(input), *records.names}, {std::move(target), *records.names}};
  return {std::move(name), std::move(records), std::vector{wording}};
}

/// Every record of a task once, in order, in one wording and form: what an evaluation goes through. What the form draws
/// depends on the record's position alone.
inline std::vector<example> every_record(any_task const& t, std::uint32_t wording = 0, std::uint32_t form = 0) {
  std::vector<example> all;
  for (std::uint64_t i = 0; i < t.size(); ++i) {
    auto words = t(i, wording, form, key_of(i));
    all.push_back({std::move(words.text), t.name(), i, 0, wording, form, words.exemplars});
  }
  return all;
}

inline std::shared_ptr<any_task::drawn_forms const> const& any_task::alone() {
  static auto const one = std::make_shared<drawn_forms const>();
  return one;
}

inline std::vector<task_form> const& any_task::forms() const { return forms_->list; }

inline std::uint32_t any_task::form_of(std::uint64_t key) const {
  auto const& ends = forms_->ends;
  if (ends.size() == 1) return 0;
  double const u = uniform(detail::key_of_site(key, detail::example_site::form), 0);
  auto const found = std::upper_bound(ends.begin(), ends.end() - 1, u);
  return static_cast<std::uint32_t>(found - ends.begin());
}

[[gnu::cold]] inline any_task any_task::with_forms(std::vector<task_form> forms) const {
  return with_forms(std::move(forms), {});
}

[[gnu::cold]] inline any_task any_task::with_forms(std::vector<task_form> forms, exemplar_options const& o) const {
  if (forms.empty()) fail("the task ", name(), " should have a form, but was given none");
  double sum = 0;
  std::vector<double> ends;
  for (auto const& f : forms) {
    if (!(f.rate > 0) || !std::isfinite(f.rate))
      fail("a form of the task ", name(), " (", form_text(f), ") has the rate ", f.rate,
           "; expected a positive number");
    if (f.shots > most_shots)
      fail("a form of the task ", name(), " has ", f.shots, " exemplars; expected at most ", most_shots);
    if (f.exemplars == exemplars::pruned && !o.tokens)
      fail("the task ", name(), " has a form with 0 to 10 exemplars, and nothing that counts their tokens");
    if (f.exemplars != exemplars::none && o.from && o.from->wordings() != wordings())
      fail("the task ", name(), " has ", wordings(), " wordings, but takes its exemplars from ", o.from->name(),
           ", which has ", o.from->wordings());
    ends.push_back(sum += f.rate);
  }
  for (auto& end : ends) end /= sum;
  any_task t = *this;
  t.forms_ = std::make_shared<drawn_forms const>(drawn_forms{std::move(forms), std::move(ends), o});
  return t;
}

[[gnu::cold]] inline std::uint64_t any_task::fingerprint() const {
  fingerprinter f;
  f.add(held_->fingerprint());
  auto const& o = forms_->options;
  for (auto const& form : forms()) {
    f.add(static_cast<std::uint64_t>(form.exemplars)).add(static_cast<std::uint64_t>(form.options));
    f.add(std::uint64_t{form.shots}).add(form.rate);
    if (form.exemplars == exemplars::none) continue;
    f.add(std::uint64_t{o.limits.candidates}).add(o.limits.share);
    f.add(std::uint64_t{o.limits.most}).add(std::uint64_t{o.limits.limit});
    for (auto const& all : {o.patterns.plain, o.patterns.cued})
      for (auto const& p : all) f.add(p.input_prefix).add(p.delimiter).add(p.target_prefix).add(p.separator);
    if (o.from) f.add(o.from->held_->fingerprint());
    // A function has no hash, but another tokenizer counts some of these differently.
    if (form.exemplars == exemplars::pruned)
      for (std::uint64_t i = 0; i < std::min<std::uint64_t>(size(), 16); ++i)
        f.add(std::uint64_t{o.tokens((*this)(i, 0).input)});
  }
  return f.value();
}

inline few_shot_prompt any_task::operator()(std::uint64_t record, std::uint32_t wording, std::uint32_t form,
                                            std::uint64_t key) const {
  using detail::example_site, detail::key_of_site;
  check(record, wording);
  if (form >= forms().size())
    fail("the task ", name(), " has ", forms().size(), " forms; asked for number ", form, " (counted from 0)");
  auto const& f = forms()[form];
  auto const& o = forms_->options;
  shot query = held_->word(record, wording, f.options, key);
  if (f.exemplars == exemplars::none || query.target.empty()) return {std::move(query), 0};

  any_task const& train = o.from ? *o.from : *this;
  std::uint64_t const left_out = o.from ? train.size() : record;  // there is no such record
  constexpr std::size_t spare = 3;  // records that repeat the question, or that its wording does not fit
  bool const some = f.exemplars == exemplars::pruned;
  auto const candidates = some ? o.limits.candidates : f.shots + spare;
  auto const drawn = draw_exemplars(key_of_site(key, example_site::exemplars), train.size(), left_out, candidates);
  auto const& pattern = o.patterns.draw(key_of_site(key, example_site::pattern), 0, query.input);
  auto const in = [&](any_task const& t, std::uint64_t r, std::uint32_t w) {
    return t.held_->word(r, w, f.options, key);
  };
  // Data sets repeat records, and then the answer would stand before the question: a record is left out when no wording
  // tells it from the query's. One wording may tell little, as where a question is to be found for the answer "yes".
  auto const repeated = [&](std::uint64_t r, shot const& e) {
    bool same = e.input == query.input;
    for (std::uint32_t w = 0; same && w < wordings(); ++w)
      same = w == wording || in(train, r, w).input == in(*this, record, w).input;
    return same;
  };
  auto const exemplar = [&](std::size_t i) {
    shot e = in(train, drawn[i], wording);
    if (repeated(drawn[i], e)) e.target.clear();
    return e;
  };
  if (some)
    return pruned_shots(key_of_site(key, example_site::kept), drawn.size(), exemplar, query, o.tokens, o.limits,
                        pattern, repeats::seen_to);

  std::vector<shot> all;
  std::uint64_t const wordings_key = key_of_site(key, example_site::wording);
  for (std::size_t i = 0; i < drawn.size() && all.size() < f.shots; ++i) {
    shot e = exemplar(i);
    if (f.exemplars == exemplars::mixed && !e.target.empty()) {
      auto const w = static_cast<std::uint32_t>(uniform_below(wordings_key, i, train.wordings()));
      e = train.held_->word(drawn[i], w, f.options, key_of(key, drawn[i]));
    }
    if (!e.target.empty()) all.push_back(std::move(e));
  }
  if (f.exemplars == exemplars::fixed) return fixed_shots(all, std::move(query), f.shots, pattern, repeats::seen_to);
  return mixed_shots(key_of_site(key, example_site::pattern), all, std::move(query), f.shots, o.patterns,
                     repeats::seen_to);
}

}  // namespace flan
