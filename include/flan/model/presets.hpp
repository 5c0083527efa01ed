#pragma once
/// The published sizes of the T5 family. The user names those he wants; nothing instantiates them all.
/// Shapes: the config.json of each checkpoint on huggingface.co; counts: asserted here, so that a slip does not
/// compile.

#include <array>
#include <string>
#include <string_view>

#include "flan/model/t5_config.hpp"

namespace flan {

/// Everything open: opens every folder of the family.
inline constexpr t5_config any_t5{};

namespace detail {
// T5 1.0: relu, one matrix for embedding and head, and its output scaled for that.
consteval t5_config t5_1_0(extent layers, extent d_model, extent heads, extent d_kv, extent d_ff) {
  return {.vocabulary = 32'128,
          .d_model = d_model,
          .d_kv = d_kv,
          .d_ff = d_ff,
          .layers = layers,
          .decoder_layers = layers,
          .heads = heads,
          .buckets = 32,
          .max_distance = 128,
          .epsilon = 1e-6,
          .activation = activation::relu,
          .gated = flag::no,
          .tied = flag::yes,
          .scaled = flag::yes,
          .per_block_bias = flag::no};
}

// T5 1.1, which Flan-T5, ByT5 and mT5 start from: gated tanh-gelu, a head of its own, no scaling.
consteval t5_config t5_1_1(extent layers, extent d_model, extent heads, extent d_ff) {
  t5_config c = t5_1_0(layers, d_model, heads, 64, d_ff);
  c.activation = activation::gelu_new;
  c.gated = flag::yes;
  c.tied = c.scaled = flag::no;
  return c;
}

consteval t5_config with_vocabulary(t5_config c, extent vocabulary) {
  c.vocabulary = vocabulary;
  return c;
}

consteval t5_config byt5(t5_config c, extent decoder_layers) {
  c.decoder_layers = decoder_layers;
  return with_vocabulary(c, 384);
}

consteval t5_config umt5(t5_config c) {
  c.scaled = c.per_block_bias = flag::yes;
  return with_vocabulary(c, 256'384);
}
}  // namespace detail

// T5 1.0                                                     layers d_model heads d_kv d_ff
inline constexpr t5_config t5_small = detail::t5_1_0(6, 512, 8, 64, 2'048);
inline constexpr t5_config t5_base = detail::t5_1_0(12, 768, 12, 64, 3'072);
inline constexpr t5_config t5_large = detail::t5_1_0(24, 1'024, 16, 64, 4'096);
inline constexpr t5_config t5_3b = detail::t5_1_0(24, 1'024, 32, 128, 16'384);
inline constexpr t5_config t5_11b = detail::t5_1_0(24, 1'024, 128, 128, 65'536);
static_assert(parameter_count(t5_small) == 60'506'624);
static_assert(parameter_count(t5_base) == 222'903'552);
static_assert(parameter_count(t5_large) == 737'668'096);
static_assert(parameter_count(t5_3b) == 2'851'598'336);
static_assert(parameter_count(t5_11b) == 11'307'321'344);

// Flan-T5                                                     layers d_model heads d_ff
inline constexpr t5_config flan_t5_small = detail::t5_1_1(8, 512, 6, 1'024);
inline constexpr t5_config flan_t5_base = detail::t5_1_1(12, 768, 12, 2'048);
inline constexpr t5_config flan_t5_large = detail::t5_1_1(24, 1'024, 16, 2'816);
inline constexpr t5_config flan_t5_xl = detail::t5_1_1(24, 2'048, 32, 5'120);
inline constexpr t5_config flan_t5_xxl = detail::t5_1_1(24, 4'096, 64, 10'240);
static_assert(parameter_count(flan_t5_small) == 76'961'152);
static_assert(parameter_count(flan_t5_base) == 247'577'856);
static_assert(parameter_count(flan_t5_large) == 783'150'080);
static_assert(parameter_count(flan_t5_xl) == 2'849'757'184);
static_assert(parameter_count(flan_t5_xxl) == 11'135'332'352);

// T5 1.1 and its language-model adaptation have Flan-T5's shapes. References, so that both names are one instantiation.
inline constexpr t5_config const& t5_v1_1_small = flan_t5_small;
inline constexpr t5_config const& t5_v1_1_base = flan_t5_base;
inline constexpr t5_config const& t5_v1_1_large = flan_t5_large;
inline constexpr t5_config const& t5_v1_1_xl = flan_t5_xl;
inline constexpr t5_config const& t5_v1_1_xxl = flan_t5_xxl;

// Bytes, and many languages.
inline constexpr t5_config byt5_small = detail::byt5(detail::t5_1_1(12, 1'472, 6, 3'584), 4);
inline constexpr t5_config mt5_small = detail::with_vocabulary(flan_t5_small, 250'112);
inline constexpr t5_config umt5_small = detail::umt5(flan_t5_small);
static_assert(parameter_count(byt5_small) == 299'637'760);
static_assert(parameter_count(mt5_small) == 300'176'768);
static_assert(parameter_count(umt5_small) == 306'601'984);

/// A name that a command line may say.
struct named_t5_config {
  std::string_view name;
  t5_config config;
};

inline constexpr std::array<named_t5_config, 18> t5_presets{{
    {"t5_small", t5_small},
    {"t5_base", t5_base},
    {"t5_large", t5_large},
    {"t5_3b", t5_3b},
    {"t5_11b", t5_11b},
    {"flan_t5_small", flan_t5_small},
    {"flan_t5_base", flan_t5_base},
    {"flan_t5_large", flan_t5_large},
    {"flan_t5_xl", flan_t5_xl},
    {"flan_t5_xxl", flan_t5_xxl},
    {"t5_v1_1_small", t5_v1_1_small},
    {"t5_v1_1_base", t5_v1_1_base},
    {"t5_v1_1_large", t5_v1_1_large},
    {"t5_v1_1_xl", t5_v1_1_xl},
    {"t5_v1_1_xxl", t5_v1_1_xxl},
    {"byt5_small", byt5_small},
    {"mt5_small", mt5_small},
    {"umt5_small", umt5_small},
}};

/// The preset of that name; hyphens count as underscores. Throws an error that lists the names if there is none.
inline t5_config const& t5_preset(std::string_view name) {
  std::string wanted(name);
  for (char& c : wanted) c = c == '-' ? '_' : c;
  std::string known;
  for (named_t5_config const& p : t5_presets) {
    if (p.name == wanted) return p.config;
    known += sentence(known.empty() ? "" : ", ", p.name);
  }
  fail("there is no preset named \"", name, "\"; known are ", known);
}

}  // namespace flan
