#pragma once
/// Weights by formula: golden numbers of a model of any size need no file of weights. Element i (row-major, Hugging
/// Face's layout) of the parameter NAME is mean + width·(2u − 1), u = the upper 24 bits of splitmix64(fnv1a64(NAME) +
/// i) as a fraction.

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "flan/core/random.hpp"
#include "flan/model/t5_config.hpp"

namespace flan::testing {

/// FNV-1a, 64 bits.
constexpr std::uint64_t fnv1a64(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (char const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

/// Uniform in [0, 1) with 24 bits, for element i of the stream whose name hashes to `key`.
constexpr double formula_uniform(std::uint64_t key, extent i) {
  return static_cast<double>(mix64(key + static_cast<std::uint64_t>(i)) >> 40) * 0x1p-24;
}

/// Element i of `name`: uniform in mean ± width. Golden models round it to float.
constexpr double formula(std::string_view name, extent i, double mean, double width) {
  return mean + width * (2 * formula_uniform(fnv1a64(name), i) - 1);
}

/// The first `count` elements of `name`, rounded to T.
template <class T>
std::vector<T> formula_values(std::string_view name, extent count, double mean, double width) {
  std::uint64_t const key = fnv1a64(name);
  std::vector<T> values(static_cast<std::size_t>(count));
  for (extent i = 0; i < count; ++i)
    values[static_cast<std::size_t>(i)] = static_cast<T>(mean + width * (2 * formula_uniform(key, i) - 1));
  return values;
}

/// Where a parameter's values lie: mean ± width.
struct formula_range {
  double mean, width;
};

/// The range of the T5 parameter `name` (Hugging Face's) in the golden models: as wide as keeps activations of a random
/// model of this shape near those of a trained one.
inline formula_range fill_width(std::string_view name, t5_config const& c) {
  auto const ends_with = [name](std::string_view end) {
    return name.size() >= end.size() && name.substr(name.size() - end.size()) == end;
  };
  auto const inverse_root = [](extent n) { return 1 / std::sqrt(static_cast<double>(n)); };
  double const root3 = std::sqrt(3.0);
  if (ends_with("layer_norm.weight")) return {1, 0.25};
  if (name.find("relative_attention_bias") != std::string_view::npos) return {0, 1.5};
  if (name == "shared.weight") return {0, root3 * (c.tied == flag::yes ? 0.5 : 1.0)};
  if (name == "lm_head.weight") return {0, root3 * 2 * inverse_root(c.d_model)};
  if (ends_with(".q.weight")) return {0, root3 * 1.5 * inverse_root(c.d_model * c.d_kv)};
  if (ends_with(".o.weight")) return {0, root3 * inverse_root(c.heads * c.d_kv)};
  if (ends_with(".wo.weight")) return {0, root3 * inverse_root(c.d_ff)};
  return {0, root3 * inverse_root(c.d_model)};
}

}  // namespace flan::testing
