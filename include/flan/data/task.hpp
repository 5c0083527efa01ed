#pragma once
/// A task: records, and several ways to word them.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/example.hpp"
#include "flan/data/hash.hpp"
#include "flan/data/source.hpp"
#include "flan/prompt/instruction.hpp"

namespace flan {

/// A task whose records' type is forgotten. Immutable; copies share everything; several threads may read one.
class any_task {
 public:
  std::string const& name() const { return held_->name; }
  /// The number of records, and of ways to word one.
  std::uint64_t size() const { return held_->size; }
  std::uint32_t wordings() const { return held_->wordings; }
  /// A record in words. Throws `error` outside size() and wordings().
  shot operator()(std::uint64_t record, std::uint32_t wording) const {
    if (record >= size() || wording >= wordings())
      fail("the task ", name(), " has ", size(), " records in ", wordings(), " wordings; asked for record ", record,
           " in wording ", wording);
    return held_->word(record, wording);
  }
  /// A hash of the name, the records and the templates.
  std::uint64_t fingerprint() const { return held_->fingerprint(); }

 protected:
  struct contents {
    std::string name;
    std::uint64_t size = 0;
    std::uint32_t wordings = 0;
    std::function<shot(std::uint64_t, std::uint32_t)> word;
    std::function<std::uint64_t()> fingerprint;
  };
  explicit any_task(contents c) : held_(std::make_shared<contents const>(std::move(c))) {}

 private:
  std::shared_ptr<contents const> held_;
};

/// A task over records of type R, which is forgotten once it is made. Throws `error` without a wording.
template <class R>
class task : public any_task {
 public:
  /// With templates that the compiler has checked: a constant table of `instruction`s.
  template <record S, std::size_t N>
  requires std::same_as<S, R> task(std::string name, source<R> records, instruction<S> const (&wordings)[N])
      : task(std::move(name), std::move(records), std::vector<instruction<S>>(wordings, wordings + N)) {}
  template <record S>
  requires std::same_as<S, R> task(std::string name, source<R> records, std::vector<instruction<S>> wordings)
      : any_task(make(std::move(name), std::move(records), std::move(wordings))) {}

  /// With templates of the run time.
  task(std::string name, source<R> records, std::vector<text_instruction> wordings)
      : any_task(make(std::move(name), std::move(records), std::move(wordings))) {}

 private:
  template <class Instruction>
  static contents make(std::string name, source<R> records, std::vector<Instruction> wordings) {
    if (wordings.empty()) fail("the task ", name, " has no instruction");
    contents c{name, records.size(), static_cast<std::uint32_t>(wordings.size()), {}, {}};
    auto const shared = std::make_shared<std::vector<Instruction> const>(std::move(wordings));
    c.word = [records, shared](std::uint64_t i, std::uint32_t w) { return (*shared)[w](records[i]); };
    c.fingerprint = [name = std::move(name), records, shared] {
      fingerprinter f;
      f.add(name);
      records.add_to(f);
      for (auto const& w : *shared) f.add(w.input.text()).add(w.target.text());
      return f.value();
    };
    return c;
  }
};

/// A task over text records with one template, as a command line gives it. Throws `error` for a mistake in a template.
inline task<text_record> text_task(std::string name, text_source records, std::string input, std::string target) {
  text_instruction const wording{{std::move(input), *records.names}, {std::move(target), *records.names}};
  return {std::move(name), std::move(records), std::vector{wording}};
}

/// Every record of a task once, in order, in one wording: what an evaluation goes through.
inline std::vector<example> every_record(any_task const& t, std::uint32_t wording = 0) {
  std::vector<example> all;
  for (std::uint64_t i = 0; i < t.size(); ++i) all.push_back({t(i, wording), t.name(), i, 0, wording});
  return all;
}

}  // namespace flan
