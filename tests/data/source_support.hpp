#pragma once
/// What the tests of sources share: a file to read, and the values that were read from it.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "flan/data/source.hpp"
#include "support/temporary_folder.hpp"

namespace flan::testing {

struct one_file {
  temporary_folder folder;
  std::filesystem::path put(std::string const& text) {
    put_file(folder / "data", text);
    return folder / "data";
  }
};

using table = std::vector<std::vector<std::string>>;
inline table rows_of(source<text_record> const& s) {
  table rows;
  for (std::uint64_t i = 0; i < s.size(); ++i) rows.push_back(s[i].values);
  return rows;
}

}  // namespace flan::testing
