#pragma once
/// What a field of a task means in the terms of a file: where its value stands, and what the values there stand for.

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace flan {

/// One field. Paths are keys, columns, or in JSON keys and positions that dots part ("passage.questions.0.text"); a `*`
/// in the path of a list stands for each of its elements ("choices.*.text").
///
/// A field is a text, one of the options that all records share, or one of options that each record brings:
///
///   {}                                                         the value of the field's own name
///   {.from = "sentence1"}                                      the value there
///   {.text = "English"}                                        this text, in all records
///   {.pattern = "{premise} {question}"}                        values put together
///   {.from = "gold", .values = {{"0", "yes"}, {"1", "no"}}}    what is on the left in the file means what is on the
///   right
///   {.from = "concepts", .join = ", "}                         a list of texts as one
///   {.choices = {"World", "Sports"}, .right = "label"}         one of these
///   {.options = {"choice1", "choice2"}, .right = "label"}      one of the texts there
///   {.options = {"choices.text"}, .right = "key", .first = "A"}   one of a list, the right one by a letter
struct field_spec {
  std::string from = {};                                         ///< a path; the field's own name when empty
  std::optional<std::string> text = {};                          ///< a constant instead of a value
  std::string pattern = {};                                      ///< a text with {path} in it
  std::vector<std::pair<std::string, std::string>> values = {};  ///< written in the file, meant
  std::optional<std::string> join = {};                          ///< what to put between the texts of a list
  std::vector<std::string> choices = {};                         ///< the options themselves
  std::vector<std::string> options = {};                         ///< paths of the options, or of one list of them
  std::string right = {};                                        ///< the path that says which one is right
  /// What `right` says of the first option: the number from which it counts, or a letter. Where it says none of
  /// these the text of an option is taken, too.
  std::string first = "0";
};

}  // namespace flan
