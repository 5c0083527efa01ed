#pragma once
/// The one exception of this library, and the sentence builder behind it.

#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>

namespace flan {

/// Every failure the library reports. `what()` is a whole sentence for a person: what was expected, what was found,
/// where.
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

namespace detail {
inline void append(std::string& s, std::string_view part) { s += part; }
inline void append(std::string& s, char const* part) { s += part; }
inline void append(std::string& s, char part) { s += part; }
inline void append(std::string& s, bool part) { s += part ? "true" : "false"; }
template <class N>
requires(std::integral<N> || std::floating_point<N>) void append(std::string& s, N part) { s += std::to_string(part); }
}  // namespace detail

/// Joins strings, characters and numbers: `sentence("block ", 3, " is absent")`.
template <class... Parts>
std::string sentence(Parts const&... parts) {
  std::string s;
  (detail::append(s, parts), ...);
  return s;
}

/// Throws `error` with the joined parts as its sentence.
template <class... Parts>
[[noreturn]] void fail(Parts const&... parts) {
  throw error(sentence(parts...));
}

}  // namespace flan
