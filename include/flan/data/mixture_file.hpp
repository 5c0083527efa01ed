#pragma once
/// A mixture written down: a JSON file names tasks, their files, families or templates, and their weights.
/// docs/mixture_files.md shows how to write one, docs/mixture.schema.json lists its keys. Opt-in: include it by name.

#include <cstddef>
#include <filesystem>
#include <string_view>

#include "flan/data/data_file.hpp"
#include "flan/data/mixture_builder.hpp"
#include "flan/data/mixture_description.hpp"

namespace flan {

/// Reads a mixture from text and opens its tasks. `file` stands for the text in messages; relative paths start in its
/// folder. Throws `error`, beginning with file:line and the place in the document ("parts[2].fields.label"), for what
/// is not JSON, keys that are unknown or missing or of another type, names that are taken, mixtures that include
/// themselves, shares that make no sense, and what opening a task throws.
[[gnu::cold]] inline mixture_description read_mixture_text(std::string_view text, std::filesystem::path const& file,
                                                           mixture_file_options const& o = {}) {
  return detail::mixture_builder(o).build(file, text);
}

/// The same from a file.
[[gnu::cold]] inline mixture_description read_mixture_file(std::filesystem::path const& file,
                                                           mixture_file_options const& o = {}) {
  detail::data_file const opened(file);
  return read_mixture_text(opened.read(0, static_cast<std::size_t>(opened.size())), file, o);
}

}  // namespace flan
