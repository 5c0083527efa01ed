#pragma once
/// Token ids as a person types them.

#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/text/tokenizer.hpp"

namespace support {

/// Ids separated by spaces. Throws, naming `where` and the word, on anything else.
inline std::vector<flan::token> parse_ids(std::string const& text, std::string const& where) {
  std::vector<flan::token> ids;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    std::size_t used = 0;
    long id = -1;
    try {
      id = std::stol(word, &used);
    } catch (std::exception const&) {
    }
    if (used != word.size() || id < 0 || id > 0x7fffffff)
      flan::fail(where, ": expected token ids separated by spaces, but found \"", word, "\"");
    ids.push_back(static_cast<flan::token>(id));
  }
  return ids;
}

}  // namespace support
