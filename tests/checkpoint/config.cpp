#include "flan/checkpoint/config.hpp"

#include <string>

#include "flan/checkpoint/generation_config.hpp"
#include "flan/model/presets.hpp"
#include "support/catch.hpp"

using flan::stored_head;
using nlohmann::json;

namespace {

json const small = json::parse(R"({"model_type": "t5", "vocab_size": 32128, "d_model": 512, "d_kv": 64, "d_ff": 1024,
  "num_layers": 8, "num_decoder_layers": 8, "num_heads": 6, "relative_attention_num_buckets": 32, "dropout_rate": 0.1,
  "layer_norm_epsilon": 1e-06, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false, "pad_token_id": 0,
  "eos_token_id": 1, "decoder_start_token_id": 0, "architectures": ["T5ForConditionalGeneration"], "n_positions": 512,
  "task_specific_params": {"summarization": {"prefix": "summarize: "}}})");

/// `small` with keys replaced, or removed where the value is "-".
json with(json changes) {
  json object = small;
  for (auto const& [key, value] : changes.items()) {
    if (value == "-") {
      object.erase(key);
    } else {
      object[key] = value;
    }
  }
  return object;
}

flan::t5_config parsed(json const& object, stored_head head = stored_head::own) {
  return flan::parse_t5_config(object.dump(), "x/config.json", head);
}

std::string error_of(json const& object, stored_head head = stored_head::own) {
  try {
    parsed(object, head);
  } catch (flan::error const& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a config.json as published is its preset") {
  CHECK(parsed(small) == flan::flan_t5_small);
  // T5 1.0's file has neither depth of the decoder, nor activation, nor maximum distance.
  json const t5 = with({{"num_decoder_layers", "-"},
                        {"feed_forward_proj", "-"},
                        {"tie_word_embeddings", "-"},
                        {"num_layers", 6},
                        {"num_heads", 8},
                        {"d_ff", 2048}});
  CHECK(parsed(t5, stored_head::absent) == flan::t5_small);
  CHECK(parsed(with({{"model_type", "mt5"}, {"vocab_size", 250112}, {"feed_forward_proj", "-"}})) == flan::mt5_small);
  CHECK(parsed(with({{"model_type", "umt5"}, {"vocab_size", 256384}})) == flan::umt5_small);
}

TEST_CASE("a missing key is an error that names it and the file, unless there is a default") {
  for (char const* key : {"vocab_size", "d_model", "d_kv", "d_ff", "num_layers", "num_heads", "model_type"})
    CHECK_THAT(error_of(with({{key, "-"}})), ContainsSubstring(std::string("x/config.json: has no ") + key));
  CHECK_THAT(error_of(with({{"d_ff", nullptr}})), ContainsSubstring("has no d_ff"));
  for (char const* key : {"relative_attention_num_buckets", "dropout_rate", "layer_norm_epsilon", "pad_token_id",
                          "eos_token_id", "decoder_start_token_id", "num_decoder_layers"})
    CHECK(parsed(with({{key, "-"}})) == flan::flan_t5_small);
  CHECK(parsed(with({{"decoder_start_token_id", "-"}, {"pad_token_id", 3}})).start_id == 3);
  CHECK(parsed(with({{"eos_token_id", {5, 1}}})).end_id == 5);
}

TEST_CASE("a value of the wrong kind or size is an error that shows it") {
  auto const check = [](char const* key, json value, char const* part) {
    INFO(key);
    CHECK_THAT(error_of(with({{key, value}})), ContainsSubstring("x/config.json: ") && ContainsSubstring(part));
  };
  check("d_model", "512", "d_model is \"512\", expected an integer");
  check("d_model", 512.0, "d_model is 512.0, expected an integer");
  check("d_model", 0, "d_model is 0, expected an integer from 1 to 2147483647");
  check("d_model", -1, "d_model is -1");
  check("d_model", std::uint64_t{1} << 63, "d_model is 9223372036854775808");
  check("d_model", {1}, "d_model is [1]");
  check("num_layers", 2'000'000'000, "num_layers is 2000000000; more than 10000 layers are refused");
  check("relative_attention_max_distance", 2'147'483'647,
        "relative_attention_max_distance is 2147483647; more than 1048576 is refused");
  check("relative_attention_num_buckets", 2'000'000'000, "relative_attention_num_buckets is 2000000000; more than");
  for (char const* key : {"vocab_size", "d_model", "d_kv", "d_ff", "num_heads"})
    check(key, 2'147'483'647, (key + std::string(" is 2147483647; more than ")).c_str());
  CHECK_THAT(error_of(with({{"num_heads", 1'000'000}, {"d_kv", 1'000'000}})),
             ContainsSubstring("num_heads is 1000000 and d_kv is 1000000; a product of more than 16777216 is refused"));
  CHECK(parsed(with({{"relative_attention_max_distance", 1 << 20}})).max_distance == 1 << 20);
  check("layer_norm_epsilon", "x", "expected a number");
  check("layer_norm_epsilon", -1.0, "layer_norm_epsilon is -1.0");
  check("pad_token_id", 32'128, "pad_token_id is 32128, but vocab_size is 32128");
  check("decoder_start_token_id", -1, "decoder_start_token_id is -1");
  check("relative_attention_num_buckets", 3, "expected an even number of at least 4");
  check("relative_attention_max_distance", 16, "expected more than half of the 32 buckets");
  check("tie_word_embeddings", "no", "tie_word_embeddings is \"no\", expected true or false");
  check("model_type", "bart", "\"bart\", which is not of the T5 family");
  check("model_type", 5, "model_type is 5, expected a string");
  check("feed_forward_proj", 5, "feed_forward_proj is 5, expected a string");
  check("feed_forward_proj", "gated-mish", "is \"gated-mish\"; accepted are relu, gelu, gelu_new, silu");
  check("feed_forward_proj", "gated-gated-gelu", "accepted are");
  CHECK_THROWS_WITH(flan::parse_t5_config("[1]", "f", stored_head::own),
                    ContainsSubstring("f: expected a JSON object"));
  CHECK_THROWS_WITH(flan::parse_t5_config("{", "f", stored_head::own), ContainsSubstring("f: not valid JSON"));
}

TEST_CASE("feed_forward_proj means what transformers takes it for") {
  using flan::activation;
  using flan::flag;
  auto const check = [](char const* text, activation a, flag gated) {
    INFO(text);
    auto const c = parsed(with({{"feed_forward_proj", text}}));
    CHECK(c.activation == a);
    CHECK(c.gated == gated);
  };
  check("relu", activation::relu, flag::no);
  check("gelu", activation::gelu, flag::no);
  check("gelu_new", activation::gelu_new, flag::no);
  check("silu", activation::silu, flag::no);
  check("gated-gelu", activation::gelu_new, flag::yes);
  check("gated-relu", activation::relu, flag::yes);
  check("gated-silu", activation::silu, flag::yes);
  check("gated-swish", activation::silu, flag::yes);
  check("gated-gelu_new", activation::gelu_new, flag::yes);
  auto const c = parsed(with({{"dense_act_fn", "gelu"}, {"is_gated_act", false}}));
  CHECK(c.activation == activation::gelu);
  CHECK(c.gated == flag::no);
}

TEST_CASE("scaled and tied are two questions") {
  auto const tied = [](json const& changes, stored_head head) { return parsed(with(changes), head).tied; };
  auto const scaled = [](json const& changes, stored_head head = stored_head::own) {
    return parsed(with(changes), head).scaled;
  };
  using flan::flag;
  // Tied: the tensors say it, whatever the flag.
  CHECK(tied({{"tie_word_embeddings", true}}, stored_head::own) == flag::no);
  CHECK(tied({{"tie_word_embeddings", false}}, stored_head::own) == flag::no);
  CHECK(tied({{"tie_word_embeddings", false}}, stored_head::equal) == flag::yes);
  CHECK(tied({{"tie_word_embeddings", true}}, stored_head::absent) == flag::yes);
  CHECK_THAT(error_of(small, stored_head::absent),
             ContainsSubstring("tie_word_embeddings is false, but the folder has no tensor lm_head.weight"));
  // Scaled: scale_decoder_outputs, else the flag; mt5 never, umt5 always.
  CHECK(scaled({{"tie_word_embeddings", false}}) == flag::no);
  CHECK(scaled({{"tie_word_embeddings", true}}) == flag::yes);
  CHECK(scaled({{"tie_word_embeddings", "-"}}) == flag::yes);
  CHECK(scaled({{"tie_word_embeddings", true}, {"scale_decoder_outputs", false}}) == flag::no);
  CHECK(scaled({{"tie_word_embeddings", false}, {"scale_decoder_outputs", true}}) == flag::yes);
  CHECK(scaled({{"model_type", "mt5"}, {"tie_word_embeddings", true}}) == flag::no);
  CHECK(scaled({{"model_type", "umt5"}, {"tie_word_embeddings", false}}) == flag::yes);
}

TEST_CASE("every configuration survives config.json") {
  auto const round_trip = [](flan::t5_config const& c) {
    stored_head const head = c.tied == flan::flag::yes ? stored_head::absent : stored_head::own;
    return flan::parse_t5_config(flan::config_text(c, flan::number_format::f32), "config.json", head);
  };
  for (auto const& p : flan::t5_presets) {
    INFO(p.name);
    CHECK(round_trip(p.config) == p.config);
  }
  flan::t5_config c = flan::flan_t5_small;
  for (auto const a :
       {flan::activation::relu, flan::activation::gelu, flan::activation::gelu_new, flan::activation::silu})
    for (auto const gated : {flan::flag::no, flan::flag::yes})
      for (auto const tied : {flan::flag::no, flan::flag::yes})
        for (auto const scaled : {flan::flag::no, flan::flag::yes}) {
          c.activation = a, c.gated = gated, c.tied = tied, c.scaled = scaled;
          c.decoder_layers = 3, c.pad_id = 2, c.end_id = 7, c.start_id = 4, c.dropout = 0.05, c.epsilon = 1e-5;
          CHECK(round_trip(c) == c);
        }
  CHECK_THROWS_WITH(flan::config_text(flan::any_t5, flan::number_format::f32), ContainsSubstring("open fields"));
  c.per_block_bias = flan::flag::yes, c.scaled = flan::flag::no;
  CHECK_THROWS_WITH(flan::config_text(c, flan::number_format::f32), ContainsSubstring("UMT5 always scales"));
}

TEST_CASE("saving keeps the keys that we do not know") {
  json original = with({{"torch_dtype", "float32"}, {"eos_token_id", {1, 32099}}});
  auto c = parsed(original);
  c.dropout = 0.2;
  json const saved = json::parse(flan::config_text(c, flan::number_format::bf16, original.dump()));
  CHECK(saved["task_specific_params"] == small["task_specific_params"]);
  CHECK(saved["n_positions"] == 512);
  CHECK(saved["architectures"] == small["architectures"]);
  CHECK(saved["eos_token_id"] == json({1, 32099}));
  CHECK(saved["dropout_rate"] == 0.2);
  CHECK(saved["dtype"] == "bfloat16");
  CHECK_FALSE(saved.contains("torch_dtype"));
  CHECK(json::parse(flan::config_text(flan::mt5_small, flan::number_format::f32,
                                      with({{"model_type", "mt5"}}).dump()))["model_type"] == "mt5");
}

TEST_CASE("generation_config.json is read and written") {
  auto const g = flan::parse_generation_defaults(
      R"({"eos_token_id": [1, 32], "pad_token_id": 0, "decoder_start_token_id": 0, "max_new_tokens": 200, "num_beams": 4,
          "early_stopping": "never", "do_sample": true, "temperature": 0.7, "top_k": null, "length_penalty": -0.5,
          "_from_model_config": true, "suppress_tokens": [5]})",
      "g");
  CHECK(g.end_ids == std::vector<int>{1, 32});
  CHECK(g.max_new_tokens == 200);
  CHECK(g.beams == 4);
  CHECK(g.early_stopping == "never");
  CHECK(g.sample == true);
  CHECK(g.temperature == 0.7);
  CHECK(g.length_penalty == -0.5);
  CHECK(g.suppressed == std::vector<int>{5});
  CHECK_FALSE(g.top_k);
  CHECK_FALSE(g.max_length);
  CHECK(flan::parse_generation_defaults(flan::generation_config_text(g), "g") == g);
  json const kept = json::parse(flan::generation_config_text(g, R"({"_from_model_config": true, "num_beams": 2})"));
  CHECK(kept["_from_model_config"] == true);
  CHECK(kept["num_beams"] == 4);
  CHECK(flan::parse_generation_defaults(R"({"eos_token_id": 1, "early_stopping": true})", "g").early_stopping ==
        "true");
  CHECK_THROWS_WITH(flan::parse_generation_defaults(R"({"eos_token_id": "x"})", "g"),
                    ContainsSubstring("g: eos_token_id is \"x\""));
  CHECK_THROWS_WITH(flan::parse_generation_defaults(R"({"early_stopping": "x"})", "g"), ContainsSubstring("never"));
  CHECK_THROWS_WITH(flan::parse_generation_defaults(R"({"do_sample": 1})", "g"), ContainsSubstring("true or false"));
  CHECK_THROWS_WITH(flan::parse_generation_defaults(R"({"num_beams": -1})", "g"), ContainsSubstring("num_beams is -1"));
}

TEST_CASE("settings of generation that are not supported are known by name, unless they are off") {
  auto const names = [](char const* text) { return flan::parse_generation_defaults(text, "g").unsupported; };
  using list = std::vector<std::string>;
  CHECK(names(R"({"bad_words_ids": [[5]], "num_beam_groups": 2, "diversity_penalty": 0.5})") ==
        list{"bad_words_ids", "diversity_penalty", "num_beam_groups"});
  CHECK(names(R"({"encoder_repetition_penalty": 1.5, "encoder_no_repeat_ngram_size": 2, "penalty_alpha": 0.6,
                  "exponential_decay_length_penalty": [5, 1.1], "sequence_bias": [[[5], -1.0]],
                  "renormalize_logits": true})")
            .size() == 6);
  // What transformers writes for a setting that is off.
  CHECK(names(R"({"bad_words_ids": null, "begin_suppress_tokens": [], "num_beam_groups": 1, "diversity_penalty": 0.0,
                  "encoder_repetition_penalty": 1.0, "encoder_no_repeat_ngram_size": 0, "renormalize_logits": false,
                  "guidance_scale": 1, "sequence_bias": {}, "penalty_alpha": null, "remove_invalid_values": true,
                  "use_cache": true, "transformers_version": "4.56.0"})")
            .empty());
}
