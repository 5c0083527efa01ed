#pragma once
/// Weights of a model before its first step, as T5 draws them (Raffel et al. 2020; the scales are T5X's). A value is a
/// function of seed, parameter name and element, so it depends neither on threads nor on the backend.

#include <cmath>
#include <string_view>
#include <vector>

#include "flan/core/number.hpp"
#include "flan/core/parallel.hpp"
#include "flan/core/random.hpp"
#include "flan/layer/parameters.hpp"
#include "flan/model/t5_config.hpp"

namespace flan {
namespace detail {

/// How one parameter is drawn.
struct initial_values {
  enum class kind { ones, normal, truncated_normal, uniform } shape;
  double scale = 0;  ///< the standard deviation; of `uniform`, the largest value
};

/// Variances that keep a signal's size through every product. Scores are not divided by √d_kv, so q is drawn smaller
/// by that; and an embedding that is also an unscaled head is drawn so that first logits are of size 1.
inline initial_values initial_values_of(std::string_view name, t5_config const& c) {
  using kind = initial_values::kind;
  auto const root = [](extent n) { return 1 / std::sqrt(static_cast<double>(n)); };
  if (name.ends_with("layer_norm.weight")) return {kind::ones};
  if (name.ends_with("relative_attention_bias.weight"))
    return {kind::uniform, std::sqrt(6.0 / static_cast<double>(c.buckets + c.heads))};
  if (name == "shared.weight")
    return {kind::normal, c.tied == flag::yes && c.scaled == flag::no ? root(c.d_model) : 1.0};
  if (name.ends_with(".q.weight")) return {kind::normal, root(c.d_model * c.d_kv)};
  if (name.ends_with(".k.weight") || name.ends_with(".v.weight")) return {kind::normal, root(c.d_model)};
  if (name.ends_with(".o.weight")) return {kind::normal, root(c.heads * c.d_kv)};
  if (name.ends_with(".wo.weight")) return {kind::truncated_normal, root(c.d_ff)};
  return {kind::truncated_normal, root(c.d_model)};  // wi, wi_0, wi_1, lm_head
}

/// Normal, cut at two standard deviations and widened so that one standard deviation is 1 again.
inline double truncated_normal(std::uint64_t key, std::uint64_t i) {
  for (std::uint64_t attempt = 0;; ++attempt) {
    double const x = normal(key_of(key, attempt), i);
    if (std::abs(x) <= 2) return x / 0.87962566103423978;
  }
}

inline double initial_value(initial_values how, std::uint64_t key, std::uint64_t i) {
  using kind = initial_values::kind;
  switch (how.shape) {
    case kind::ones:
      return 1;
    case kind::normal:
      return how.scale * normal(key, i);
    case kind::truncated_normal:
      return how.scale * truncated_normal(key, i);
    case kind::uniform:
      break;
  }
  return how.scale * (2 * uniform(key, i) - 1);
}

/// A key per name: FNV-1a, which every standard library agrees on.
inline std::uint64_t name_key(std::string_view name) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (char const c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

}  // namespace detail

/// Gives every parameter owned memory and its first value. `done(name)` is called after each parameter: 250 million
/// normal numbers take some seconds.
template <class B, class M, class Done>
void initialize(B& be, M& model, std::uint64_t seed, Done&& done) {
  allocate_parameters(be, model);
  for_each_parameter(
      [&](std::string const& name, auto& w) {
        using W = typename std::remove_cvref_t<decltype(w)>::value_type;
        auto const how = detail::initial_values_of(name, model.config());
        std::uint64_t const key = key_of(seed, detail::name_key(name));
        std::vector<W> values(static_cast<std::size_t>(w.size()));
        parallel_for(w.size(), 1 << 14, [&](extent begin, extent end) {
          for (extent i = begin; i < end; ++i)
            values[static_cast<std::size_t>(i)] =
                narrow<W>(static_cast<wide_t<W>>(detail::initial_value(how, key, static_cast<std::uint64_t>(i))));
        });
        be.upload(w.values().data, values.data(), values.size() * sizeof(W));
        done(name);
      },
      model);
  be.synchronize();  // from now on any session may read them
}
template <class B, class M>
void initialize(B& be, M& model, std::uint64_t seed) {
  initialize(be, model, seed, [](std::string const&) {});
}

}  // namespace flan
