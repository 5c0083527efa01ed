#pragma once
/// A running 64-bit hash, the same on every machine.

#include <bit>
#include <cstdint>
#include <string_view>

namespace flan {

/// FNV-1a. Texts are hashed with their length, so that no two lists of texts run together alike.
class fingerprinter {
 public:
  fingerprinter& add(std::uint64_t number) {
    for (int i = 0; i < 8; ++i) byte(static_cast<unsigned char>(number >> (8 * i)));
    return *this;
  }
  fingerprinter& add(double number) { return add(std::bit_cast<std::uint64_t>(number)); }
  fingerprinter& add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    for (char c : text) byte(static_cast<unsigned char>(c));
    return *this;
  }
  std::uint64_t value() const { return hash_; }

 private:
  void byte(unsigned char b) { hash_ = (hash_ ^ b) * 0x100000001b3u; }
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace flan
