#pragma once
/// The functions between the two products of a feed-forward layer.

#include <string_view>

namespace flan {

/// gelu is x·Φ(x) by the error function, gelu_new its tanh form (what Hugging Face's "gated-gelu" means), silu is
/// x·sigmoid(x). `any` is left open until run time.
enum class activation : signed char { relu, gelu, gelu_new, silu, any };

constexpr bool fits(activation declared, activation found) { return declared == activation::any || declared == found; }

/// The enumerator as C++ and error messages write it.
constexpr std::string_view name_of(activation a) {
  switch (a) {
    case activation::relu:
      return "relu";
    case activation::gelu:
      return "gelu";
    case activation::gelu_new:
      return "gelu_new";
    case activation::silu:
      return "silu";
    case activation::any:
      break;
  }
  return "any";
}

}  // namespace flan
