#pragma once
/// promptsource's instructions: a Jinja template whose `|||` separates input from target, and the answers to choose
/// from (Bach et al. 2022, "PromptSource").

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/core/random.hpp"
#include "flan/prompt/instruction.hpp"
#include "flan/prompt/jinja.hpp"
#include "flan/prompt/varied_options.hpp"

namespace flan {

/// Only a `|||` that the template itself writes separates; one in a record is text, however it gets into the prompt.
class jinja_instruction {
 public:
  /// `answer_choices`, when given, is a template too; it renders to answers between `|||`, which the other one sees as
  /// the list answer_choices. Throws when either is no template of the kind that jinja.hpp describes, or when `jinja`
  /// has no `|||`.
  [[gnu::cold]] jinja_instruction(std::string name, std::string_view jinja,
                                  std::optional<std::string_view> answer_choices = std::nullopt)
      : prompt_(detail::jinja::compile(name, jinja, true)) {
    if (jinja.find("|||") == jinja.npos)
      detail::jinja::fail_at(prompt_.from, prompt_.from.source.size(),
                             "expected ||| between input and target, found none");
    if (answer_choices) choices_ = detail::jinja::compile(name + " (answer_choices)", *answer_choices, true);
  }

  /// The answers for a record, without whitespace at their ends; none when the instruction has no answer_choices.
  std::vector<std::string> answer_choices(jinja_value const& record, std::uint64_t key = 0) const {
    if (!choices_) return {};
    return parts(detail::jinja::renderer(*choices_, record, {}, key_of(key, 1)).render());
  }

  /// The input and the target, without whitespace at their ends; nothing when the target is empty: the instruction does
  /// not fit the record. `key` decides what the filter `choice` takes: draws of the prompt are by key_of(key, 0), those
  /// of the answers by key_of(key, 1). Throws where rendering fails, when the record has a field answer_choices, and
  /// when more than one `|||` was written.
  std::optional<shot> operator()(jinja_value const& record, std::uint64_t key = 0) const {
    if (record.find("answer_choices"))
      fail("for the template \"", name(),
           "\" a record should not have a field \"answer_choices\", which the template sets");
    jinja_value answers = jinja_value::none();
    if (choices_) {
      jinja_value::list all;
      for (auto& answer : answer_choices(record, key)) all.push_back(jinja_value::trusted_text(std::move(answer)));
      answers = jinja_value(std::move(all));
    }
    auto text = parts(detail::jinja::renderer(prompt_, record, {"answer_choices", &answers}, key_of(key, 0)).render());
    if (text.size() > 2)
      fail("the template \"", name(), "\" should write ||| once, but wrote it ", text.size() - 1, " times");
    if (text.size() < 2 || text[1].empty()) return std::nullopt;
    return shot{std::move(text[0]), std::move(text[1])};
  }

  std::string const& name() const { return prompt_.from.name; }
  /// Both templates, as they were written.
  std::string text() const {
    std::string all = prompt_.from.source;
    if (choices_) (all += "\n|||\n") += choices_->from.source;
    return all;
  }

 private:
  static std::vector<std::string> parts(std::string_view text) {
    std::vector<std::string> all;
    for (auto const part : detail::jinja::split(text, &detail::jinja::separator))
      all.emplace_back(detail::jinja::strip(part));
    return all;
  }

  detail::jinja::program prompt_;
  std::optional<detail::jinja::program> choices_;
};

/// A record in words, as the template has it: it decides itself how options are written. Without words when it does not
/// fit the record.
inline shot word(jinja_instruction const& i, jinja_value const& record, option_form, std::uint64_t key) {
  return i(record, key).value_or(shot{});
}

}  // namespace flan
