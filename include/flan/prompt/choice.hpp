#pragma once
/// A field that is one of a few texts, known to the compiler: `choice<"yes", "no">`.

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "flan/core/error.hpp"
#include "flan/core/fixed_string.hpp"

namespace flan {

namespace detail {
// Not constexpr: a literal that is no option stops the compiler at this name.
inline void text_is_not_an_option_of_this_choice() {}

constexpr bool all_differ(std::string_view const* texts, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (texts[i] == texts[j]) return false;
  return true;
}
}  // namespace detail

/// One of Options; the first when default-constructed.
template <fixed_string... Options>
class choice {
 public:
  static constexpr std::array<std::string_view, sizeof...(Options)> options() { return {Options.view()...}; }
  static_assert(sizeof...(Options) > 0, "a choice needs an option");
  static_assert(detail::all_differ(options().data(), sizeof...(Options)), "two options of a choice are the same text");

  constexpr choice() = default;

  /// From a literal, checked by the compiler.
  template <std::size_t N>
  consteval choice(char const (&literal)[N]) {  // NOLINT: implicit, so that records can be written as literals
    auto const found = position({literal, N - 1});
    if (!found) detail::text_is_not_an_option_of_this_choice();
    at_ = *found;
  }

  /// From text of the run time. Throws `error`, naming the options, when it is none of them.
  explicit choice(std::string_view text) {
    auto const found = position(text);
    if (!found) {
      std::string all;
      for (auto option : options()) all += sentence(all.empty() ? "\"" : ", \"", option, "\"");
      fail("\"", text, "\" is none of the options ", all);
    }
    at_ = *found;
  }

  /// The option with this text, if there is one. Compares exactly: case and spaces count.
  static constexpr std::optional<choice> find(std::string_view text) {
    auto const found = position(text);
    if (!found) return {};
    choice c;
    c.at_ = *found;
    return c;
  }

  /// The option at this position. Throws `error` from sizeof...(Options) on.
  static choice at(std::size_t i) {
    if (i >= sizeof...(Options)) fail("option ", i, " of a choice of ", sizeof...(Options));
    choice c;
    c.at_ = i;
    return c;
  }

  constexpr std::size_t index() const { return at_; }
  constexpr std::string_view text() const { return options()[at_]; }
  friend constexpr bool operator==(choice, choice) = default;

 private:
  static constexpr std::optional<std::size_t> position(std::string_view text) {
    auto const all = options();
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i] == text) return i;
    return {};
  }

  std::size_t at_ = 0;
};

template <class T>
inline constexpr bool is_choice = false;
template <fixed_string... Options>
inline constexpr bool is_choice<choice<Options...>> = true;

}  // namespace flan
