#pragma once
/// Where the tests find data that is not in the repository: genuine vocabularies, checkpoints, golden numbers.

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "flan/core/error.hpp"

namespace flan::testing {

/// The folder that the environment variable FLAN_SHARED names; nothing when it is unset or empty. Throws when the
/// variable names something that is not a folder: a misspelt path must not pass as a skipped test.
inline std::optional<std::filesystem::path> shared_folder() {
  char const* const name = std::getenv("FLAN_SHARED");
  if (name == nullptr || *name == '\0') return std::nullopt;
  std::filesystem::path folder = name;
  if (!std::filesystem::is_directory(folder))
    fail("FLAN_SHARED should name a folder with golden/ and tokenizers/, but \"", name, "\" is not a folder");
  return folder;
}

/// The folder or file `name` of golden numbers: FLAN_SHARED/golden/name where that exists, else the copy in
/// tests/golden/data. Throws, naming both places, when neither has it. Test cases that are content with the committed
/// copy carry the tag [committed].
inline std::filesystem::path golden(std::string_view name) {
  std::filesystem::path const committed = std::filesystem::path(FLAN_TEST_FOLDER) / "golden" / "data" / name;
  if (auto shared = shared_folder()) {
    auto full = *shared / "golden" / name;
    if (std::filesystem::exists(full)) return full;
  }
  if (!std::filesystem::exists(committed))
    fail("golden numbers \"", std::string(name), "\" should be in FLAN_SHARED/golden or at ", committed.string(),
         ", but are in neither");
  return committed;
}

}  // namespace flan::testing
