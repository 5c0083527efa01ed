#pragma once
/// Checks of numbers on the command line.

#include <CLI/CLI.hpp>
#include <string>

namespace support {

/// For options of unsigned types: the parser lets a minus sign wrap around.
inline CLI::Validator not_negative() {
  CLI::Validator v;
  v.operation([](std::string& text) {
    return text.find('-') == text.npos ? std::string() : "expected a number from 0 on, found " + text;
  });
  return v;
}

}  // namespace support
