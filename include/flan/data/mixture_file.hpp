#pragma once
/// A mixture written down: a JSON file names tasks, their files, families or templates, and their weights.
/// docs/mixture_files.md shows how to write one, docs/mixture.schema.json lists its keys. Opt-in: include it by name.

#include <filesystem>
#include <string_view>

#include "flan/data/mixture_description.hpp"
#include "flan/data/open_task.hpp"

namespace flan {

/// Reads a mixture and opens its tasks. Throws `error`, beginning with file:line and the place in the document
/// ("parts[2].fields.label"), for what is not JSON, keys that are unknown or missing or of another type, names that are
/// taken, mixtures that include themselves, shares that make no sense, and what opening a task throws.
inline mixture_description read_mixture_file(std::filesystem::path const&, mixture_file_options const& = {});

/// The same from text; `file` stands for it in messages, and relative paths start in its folder.
inline mixture_description read_mixture_text(std::string_view text, std::filesystem::path const& file,
                                             mixture_file_options const& = {});

}  // namespace flan
