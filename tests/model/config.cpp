#include "flan/model/t5_config.hpp"

#include <string>
#include <type_traits>

#include "flan/model/presets.hpp"
#include "support/catch.hpp"

namespace {

template <auto const& C>
struct width {
  static constexpr flan::extent value = C.d_model;
};

// What as_cpp printed for the golden below, pasted: it must compile, and be what it was printed from.
inline constexpr flan::t5_config mine{
    .vocabulary = 256384,
    .d_model = 512,
    .d_kv = 64,
    .d_ff = 1024,
    .layers = 8,
    .decoder_layers = 8,
    .heads = 6,
    .buckets = 32,
    .max_distance = 128,
    .epsilon = 1e-06,
    .activation = flan::activation::gelu_new,
    .gated = flan::flag::yes,
    .tied = flan::flag::no,
    .scaled = flan::flag::yes,
    .per_block_bias = flan::flag::yes,
    .dropout = 0.1,
    .pad_id = 0,
    .end_id = 1,
    .start_id = 0,
};

char const* const mine_text = R"(inline constexpr flan::t5_config mine{
    .vocabulary = 256384,
    .d_model = 512,
    .d_kv = 64,
    .d_ff = 1024,
    .layers = 8,
    .decoder_layers = 8,
    .heads = 6,
    .buckets = 32,
    .max_distance = 128,
    .epsilon = 1e-06,
    .activation = flan::activation::gelu_new,
    .gated = flan::flag::yes,
    .tied = flan::flag::no,
    .scaled = flan::flag::yes,
    .per_block_bias = flan::flag::yes,
    .dropout = 0.1,
    .pad_id = 0,
    .end_id = 1,
    .start_id = 0,
};
)";

}  // namespace

TEST_CASE("a configuration is a template argument by reference, and two names of one preset are one type") {
  STATIC_REQUIRE(width<flan::flan_t5_base>::value == 768);
  STATIC_REQUIRE(std::is_same_v<width<flan::flan_t5_small>, width<flan::t5_v1_1_small>>);
  STATIC_REQUIRE_FALSE(std::is_same_v<width<flan::flan_t5_small>, width<flan::mt5_small>>);
  STATIC_REQUIRE(width<flan::any_t5>::value == flan::any_extent);
}

TEST_CASE("the name of a configuration is read from its type") {
  CHECK(flan::config_name<flan::flan_t5_small>() == "flan_t5_small");
  CHECK(flan::config_name<mine>() == "mine");
  STATIC_REQUIRE(flan::config_name<flan::any_t5>() == "any_t5");
}

TEST_CASE("open fields fit everything, closed ones only themselves") {
  STATIC_REQUIRE(flan::fits(flan::any_t5, flan::flan_t5_small));
  STATIC_REQUIRE(flan::fits(flan::flan_t5_small, flan::flan_t5_small));
  STATIC_REQUIRE_FALSE(flan::fits(flan::flan_t5_small, flan::any_t5));
  STATIC_REQUIRE(flan::is_resolved(flan::umt5_small));
  STATIC_REQUIRE_FALSE(flan::is_resolved(flan::any_t5));

  auto const changed = [](auto change) {
    flan::t5_config c = flan::flan_t5_small;
    change(c);
    return flan::fits(flan::flan_t5_small, c);
  };
  CHECK_FALSE(changed([](auto& c) { c.vocabulary = 32'100; }));
  CHECK_FALSE(changed([](auto& c) { c.d_model = 256; }));
  CHECK_FALSE(changed([](auto& c) { c.d_kv = 32; }));
  CHECK_FALSE(changed([](auto& c) { c.d_ff = 512; }));
  CHECK_FALSE(changed([](auto& c) { c.layers = 6; }));
  CHECK_FALSE(changed([](auto& c) { c.decoder_layers = 6; }));
  CHECK_FALSE(changed([](auto& c) { c.heads = 8; }));
  CHECK_FALSE(changed([](auto& c) { c.buckets = 16; }));
  CHECK_FALSE(changed([](auto& c) { c.max_distance = 64; }));
  CHECK_FALSE(changed([](auto& c) { c.epsilon = 1e-5; }));
  CHECK_FALSE(changed([](auto& c) { c.activation = flan::activation::gelu; }));
  CHECK_FALSE(changed([](auto& c) { c.gated = flan::flag::no; }));
  CHECK_FALSE(changed([](auto& c) { c.tied = flan::flag::yes; }));
  CHECK_FALSE(changed([](auto& c) { c.scaled = flan::flag::yes; }));
  CHECK_FALSE(changed([](auto& c) { c.per_block_bias = flan::flag::yes; }));
  // Use, not shape:
  CHECK(changed([](auto& c) { c.dropout = 0, c.pad_id = 3, c.end_id = 2, c.start_id = 3; }));
}

TEST_CASE("a mismatch is a sentence with every difference, and the configuration to paste") {
  flan::t5_config found = flan::flan_t5_small;
  found.heads = 12, found.d_ff = 2'048;
  CHECK(flan::differences(flan::flan_t5_small, found, "flan_t5_small", "flan-t5-base") ==
        "flan-t5-base has d_ff 2048, num_heads 12; the program was compiled for flan_t5_small (1024, 6)");
  CHECK(flan::differences(flan::any_t5, found, "any_t5", "x").empty());
  found = flan::flan_t5_small;
  found.activation = flan::activation::relu, found.gated = flan::flag::no, found.epsilon = 1e-5;
  CHECK(flan::differences(flan::flan_t5_small, found, "mine", "it") ==
        "it has layer_norm_epsilon 1e-05, activation relu, gated no; the program was compiled for mine (1e-06, "
        "gelu_new, yes)");
  CHECK_NOTHROW(flan::require_fit(flan::any_t5, found, "any_t5", "it"));
  CHECK_THROWS_WITH(flan::require_fit(flan::flan_t5_small, found, "mine", "it"),
                    ContainsSubstring("activation relu") && ContainsSubstring(".activation = flan::activation::relu,"));
}

TEST_CASE("a configuration prints itself as C++ that compiles to itself") {
  CHECK(flan::as_cpp(flan::umt5_small) == mine_text);
  STATIC_REQUIRE(mine == flan::umt5_small);
  CHECK(flan::as_cpp(flan::any_t5, "x") ==
        "inline constexpr flan::t5_config x{\n    .dropout = 0.1,\n    .pad_id = 0,\n    .end_id = 1,\n"
        "    .start_id = 0,\n};\n");
}

TEST_CASE("presets are found by name") {
  CHECK(flan::t5_preset("flan_t5_xl") == flan::flan_t5_xl);
  CHECK(flan::t5_preset("flan-t5-xl") == flan::flan_t5_xl);
  CHECK(flan::t5_preset("t5-v1_1-base") == flan::flan_t5_base);
  CHECK_THROWS_WITH(
      flan::t5_preset("t5_tiny"),
      ContainsSubstring("no preset named \"t5_tiny\"; known are t5_small, t5_base") && ContainsSubstring("umt5_small"));
  for (auto const& p : flan::t5_presets) {
    CHECK(flan::is_resolved(p.config));
    CHECK(flan::t5_preset(p.name) == p.config);
  }
}
