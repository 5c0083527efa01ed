#pragma once
/// Which ops a backend's own class declares: `&Derived::op` has the type of a member of the class that declares op.

#include <string>
#include <type_traits>
#include <vector>

#include "flan/backend/concept.hpp"

namespace flan::testing::detail {

template <class B, class C, class... A>
constexpr bool declares(void (C::*)(A...)) {
  return std::is_same_v<B, C>;
}
template <class B, class C, class... A>
constexpr bool declares(void (C::*)(A...) const) {
  return std::is_same_v<B, C>;
}

/// Best effort: an op whose template parameters are not the element types in the order of its arguments is not seen.
template <class B, class P>
std::vector<std::string> replaced_ops() {
  using W = typename P::weight;
  using X = typename P::activation;
  using F = typename P::wide;
  using G = typename P::gradient;
  using M = typename P::master;
  std::vector<std::string> names;
#define FLAN_TESTING_REPLACED(op, ...)                                   \
  if constexpr (requires { declares<B>(&B::template op<__VA_ARGS__>); }) \
    if (declares<B>(&B::template op<__VA_ARGS__>)) names.push_back(#op);
  FLAN_TESTING_REPLACED(pack, W)
  FLAN_TESTING_REPLACED(unpack, W)
  FLAN_TESTING_REPLACED(fill, X)
  FLAN_TESTING_REPLACED(copy, X, F)
  FLAN_TESTING_REPLACED(add, X, F)
  FLAN_TESTING_REPLACED(dropout, X)
  FLAN_TESTING_REPLACED(activate, X)
  FLAN_TESTING_REPLACED(gate, X)
  FLAN_TESTING_REPLACED(matmul, X, X, W)
  FLAN_TESTING_REPLACED(embed, F, W)
  FLAN_TESTING_REPLACED(rms_norm, X, F)
  FLAN_TESTING_REPLACED(expand_bias, F, F)
  FLAN_TESTING_REPLACED(attention, X, F, X, X)
  FLAN_TESTING_REPLACED(append_to_cache, X)
  FLAN_TESTING_REPLACED(top_k, F)
  FLAN_TESTING_REPLACED(cross_entropy_head, F, F, G, X, W)
  FLAN_TESTING_REPLACED(weight_gradient, G, X, X)
  FLAN_TESTING_REPLACED(embed_backward, G, F)
  FLAN_TESTING_REPLACED(rms_norm_backward, F, G, F, F)
  FLAN_TESTING_REPLACED(activate_backward, X)
  FLAN_TESTING_REPLACED(gate_backward, X)
  FLAN_TESTING_REPLACED(expand_bias_backward, G, F)
  FLAN_TESTING_REPLACED(attention_backward, X, F, X)
  FLAN_TESTING_REPLACED(sum_of_squares, G)
  FLAN_TESTING_REPLACED(adafactor_update, M, G)
  FLAN_TESTING_REPLACED(adamw_update, M, G)
#undef FLAN_TESTING_REPLACED
  return names;
}

}  // namespace flan::testing::detail
