#pragma once
/// Weights by formula: a model of any size for tests, without a file. Element i (row-major, Hugging Face's layout) of
/// the parameter NAME is mean + width·(2u − 1), u the top 24 bits of splitmix64(fnv1a64(NAME) + i) as a fraction, in
/// double.

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "flan/core/random.hpp"
#include "flan/layer/parameters.hpp"
#include "flan/model/t5_config.hpp"

namespace flan::testing {

/// FNV-1a, 64 bits.
constexpr std::uint64_t fnv1a64(std::string_view s) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (char const c : s) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

/// u in [0, 1) for element i of the tensor with this hash.
constexpr double formula_uniform(std::uint64_t hash, std::uint64_t i) {
  return static_cast<double>(mix64(hash + i) >> 40) * 0x1p-24;
}

/// Element i of NAME.
constexpr double formula(std::string_view name, std::uint64_t i, double mean, double width) {
  return mean + width * (2 * formula_uniform(fnv1a64(name), i) - 1);
}

/// Mean and half-width of a T5 parameter's uniform distribution, as the golden models have them.
struct formula_range {
  double mean = 0, width = 0;
};
inline formula_range formula_range_of(std::string_view name, t5_config const& c) {
  auto const d = static_cast<double>(c.d_model), kv = static_cast<double>(c.d_kv), h = static_cast<double>(c.heads);
  double const r3 = std::sqrt(3.0);
  auto const ends = [&](std::string_view suffix) { return name.ends_with(suffix); };
  if (ends("layer_norm.weight")) return {1, 0.25};
  if (name.find("relative_attention_bias") != name.npos) return {0, 1.5};
  if (name == "shared.weight") return {0, r3 * (c.tied == flag::yes ? 0.5 : 1.0)};
  if (name == "lm_head.weight") return {0, r3 * 2 / std::sqrt(d)};
  if (ends(".q.weight")) return {0, r3 / std::sqrt(d * kv) * 1.5};
  if (ends(".o.weight")) return {0, r3 / std::sqrt(h * kv)};
  if (ends(".wo.weight")) return {0, r3 / std::sqrt(static_cast<double>(c.d_ff))};
  return {0, r3 / std::sqrt(d)};
}

/// Allocates every parameter of `model` and fills it by the formula, rounded to float first as the goldens' weights
/// are.
template <class B, class M>
void fill_by_formula(B& be, M& model) {
  allocate_parameters(be, model);
  for_each_parameter(
      [&](std::string const& name, auto& w) {
        using W = typename std::remove_cvref_t<decltype(w)>::value_type;
        auto const range = formula_range_of(name, model.config());
        auto const hash = fnv1a64(name);
        std::vector<W> values(static_cast<std::size_t>(w.size()));
        for (std::size_t i = 0; i < values.size(); ++i)
          values[i] = narrow<W>(static_cast<float>(range.mean + range.width * (2 * formula_uniform(hash, i) - 1)));
        be.upload(w.values().data, values.data(), values.size() * sizeof(W));
      },
      model);
}

}  // namespace flan::testing
