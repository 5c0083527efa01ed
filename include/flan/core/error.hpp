#pragma once
/// The one exception of this library, and the sentence builder behind it.

#include <charconv>
#include <concepts>
#include <initializer_list>
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
/// A part of a sentence, its type out of the way: the many lists of types that fail() takes share one body, and each
/// call compiles to little more than filling an array.
class sentence_part {
  enum class kind { text, whole, natural, real } kind_ = kind::text;
  bool single_ = false;  // a real number that was a float has fewer digits
  union {
    std::string_view text_;
    long long whole_;
    unsigned long long natural_;
    double real_;
  };

 public:
  sentence_part(std::string_view text) : text_(text) {}
  sentence_part(char const* text) : text_(text) {}
  sentence_part(char const& text) : text_(&text, 1) {}
  template <class N>
  requires(std::integral<N> || std::floating_point<N>) sentence_part(N number) {
    if constexpr (std::same_as<N, bool>) {
      text_ = number ? "true" : "false";
    } else if constexpr (std::floating_point<N>) {
      kind_ = kind::real, single_ = std::same_as<N, float>, real_ = static_cast<double>(number);
    } else if constexpr (std::signed_integral<N>) {
      kind_ = kind::whole, whole_ = number;
    } else {
      kind_ = kind::natural, natural_ = number;
    }
  }

  // The shortest text that reads back as the number: 0.001, 1e-09.
  void append_real(std::string& s) const {
    char text[32];
    auto const end = single_ ? std::to_chars(text, text + sizeof text, static_cast<float>(real_))
                             : std::to_chars(text, text + sizeof text, real_);
    s.append(text, end.ptr);
  }

  void append_to(std::string& s) const {
    switch (kind_) {
      case kind::text:
        s += text_;
        break;
      case kind::whole:
        s += std::to_string(whole_);
        break;
      case kind::natural:
        s += std::to_string(natural_);
        break;
      case kind::real:
        append_real(s);
        break;
    }
  }
};

[[gnu::noinline]] inline std::string sentence_of(std::initializer_list<sentence_part> parts) {
  std::string s;
  for (auto const& part : parts) part.append_to(s);
  return s;
}
[[noreturn, gnu::cold, gnu::noinline]] inline void fail_with(std::initializer_list<sentence_part> parts) {
  throw error(sentence_of(parts));
}
}  // namespace detail

/// Joins strings, characters and numbers: `sentence("block ", 3, " is absent")`.
template <class... Parts>
std::string sentence(Parts const&... parts) {
  return detail::sentence_of({detail::sentence_part(parts)...});
}

/// Throws `error` with the joined parts as its sentence.
template <class... Parts>
[[noreturn, gnu::cold]] void fail(Parts const&... parts) {
  detail::fail_with({detail::sentence_part(parts)...});
}

}  // namespace flan
