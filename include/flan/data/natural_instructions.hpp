#pragma once
/// Tasks of Natural Instructions v2 (Wang et al. 2022): a JSON file holds a definition, examples and instances.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/members.hpp"
#include "flan/data/json_field.hpp"
#include "flan/data/json_records.hpp"
#include "flan/data/natural_names.hpp"

namespace flan {

struct natural_example {
  std::string input, output, explanation;  ///< the explanation may be absent: empty
};

/// What a file says besides its instances. What is absent is empty; texts are as they are, with spaces at their edges.
struct natural_task {
  std::string name;        ///< of the file, without .json
  std::string definition;  ///< several are joined by line breaks
  std::vector<std::string> categories, domains, input_languages, output_languages, sources;
  std::vector<natural_example> positive_examples, negative_examples;
};

/// An instance. Templates see the fields that `members` lists.
struct natural_instruction {
  std::string definition, input, output, id;  ///< output is the first reference
  std::vector<std::string> references;        ///< all of them; one at least, which may be empty
  std::shared_ptr<natural_task const> task;

  /// The same instance with another of its references as the output. Throws `error` from references.size() on.
  natural_instruction with_reference(std::size_t i) const {
    if (i >= references.size()) fail("the instance ", id, " has ", references.size(), " references; asked for ", i);
    natural_instruction other = *this;
    other.output = references[i];
    return other;
  }

  static constexpr auto members =
      flan::members("definition", &natural_instruction::definition, "input", &natural_instruction::input, "output",
                    &natural_instruction::output, "id", &natural_instruction::id);
};

struct natural_source : source<natural_instruction> {
  std::shared_ptr<natural_task const> task;
};

namespace detail {

/// Texts that a file gives as a list or, when there is one, as a text. Nothing when they are absent.
[[gnu::cold]] inline std::vector<std::string> texts_at(json const& object, char const* name) {
  std::vector<std::string> all;
  auto const found = object.find(name);
  if (found == object.end() || found->is_null()) return all;
  if (found->is_string()) {
    all.push_back(found->get_ref<std::string const&>());
  } else if (found->is_array()) {
    for (auto const& text : *found) all.push_back(string_of(text, name));
  } else {
    fail("the field \"", name, "\" should be a text or a list of texts, but is ", shown(*found));
  }
  return all;
}

[[gnu::cold]] inline std::string joined_at(json const& object, char const* name) {
  std::string all;
  for (auto const& text : texts_at(object, name)) (all += all.empty() ? "" : "\n") += text;
  return all;
}

[[gnu::cold]] inline std::vector<natural_example> examples_at(json const& object, char const* name) {
  std::vector<natural_example> all;
  auto const found = object.find(name);
  if (found == object.end() || found->is_null()) return all;
  if (!found->is_array()) fail("the field \"", name, "\" should be a list of examples, but is ", shown(*found));
  for (auto const& one : *found) {
    if (!one.is_object()) fail("an example of \"", name, "\" should be an object, but is ", shown(one));
    all.push_back({joined_at(one, "input"), joined_at(one, "output"), joined_at(one, "explanation")});
  }
  return all;
}

class natural_reader : public record_reader<natural_instruction> {
 public:
  std::shared_ptr<natural_task const> task;  // set once the file is open

  std::string key() const override { return "natural instructions"; }
  std::unique_ptr<record_scanner> scanner() const override { return std::make_unique<json_scanner>("Instances.*"); }
  bool numbered() const override { return true; }
  natural_instruction read(std::string_view text, std::uint32_t) const override {
    auto const object = parse_object(text);
    natural_instruction r;
    read_field(r.input, object, "input");
    if (auto const id = object.find("id"); id != object.end()) r.id = text_of(*id);
    r.references = texts_at(object, "output");
    if (r.references.empty()) fail("the field \"output\" should hold a reference, but is absent or empty");
    r.output = r.references.front();
    r.task = task;
    if (task) r.definition = task->definition;
    return r;
  }
};

[[gnu::cold]] inline natural_task parse_natural_task(std::filesystem::path const& path, std::string_view text) try {
  auto const object = parse_json_object(text, "the task", {.deepest = deepest_json, .skip = "Instances"});
  return {
      path.stem().string(),        joined_at(object, "Definition"),          texts_at(object, "Categories"),
      texts_at(object, "Domains"), texts_at(object, "Input_language"),       texts_at(object, "Output_language"),
      texts_at(object, "Source"),  examples_at(object, "Positive Examples"), examples_at(object, "Negative Examples")};
} catch (error const& e) {
  fail(path.string(), ": ", e.what());
}

}  // namespace detail

/// Opens a task. Takes the official layout and its relatives: any order of keys, keys that are missing (all but
/// Instances), texts for lists, examples without explanation. Throws `error` with file:line and the number of the
/// instance for one without input or reference, and for a file without Instances.
[[gnu::cold]] inline natural_source natural_instructions(std::filesystem::path const& path,
                                                         read_options const& o = {}) {
  auto reader = std::make_shared<detail::natural_reader>();
  auto file = std::make_shared<detail::record_file const>(path, *reader, o);
  reader->task = std::make_shared<natural_task const>(detail::parse_natural_task(path, file->around()));
  auto task = reader->task;
  return {detail::records_of<natural_instruction>(std::move(file), std::move(reader)), std::move(task)};
}

}  // namespace flan
