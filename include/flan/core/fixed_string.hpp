#pragma once
/// A string literal as a template argument: `choice<"yes", "no">`.

#include <cstddef>
#include <string_view>

namespace flan {

template <std::size_t N>
struct fixed_string {
  char text[N]{};
  consteval fixed_string(char const (&literal)[N]) {  // NOLINT: implicit, so that a literal is an argument
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  constexpr std::string_view view() const { return {text, N - 1}; }
};

}  // namespace flan
