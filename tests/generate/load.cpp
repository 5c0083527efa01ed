#include "flan/generate/load.hpp"

#include <cmath>
#include <utility>

#include "flan/reference/backend.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_text_model.hpp"

using namespace flan;

namespace {
inline constexpr t5_config other = [] {
  auto c = testing::tiny_bytes;
  c.d_ff = 64;
  return c;
}();
}  // namespace

TEST_CASE("a saved model opens as a preset, as any_t5 and by with_checkpoint, and says the same") {
  testing::temporary_folder const folder;
  auto const path = folder / "model";
  auto const original = testing::tiny_text_model(cpu_backend{});
  original.save(path);
  generate_options const o{.max_tokens = 12};
  auto const answer = original.generations({"what"}, o)[0][0];
  auto const any = load(path);
  CHECK(any.config() == original.config());
  CHECK(any.generations({"what"}, o)[0][0].ids == answer.ids);
  CHECK(any.generations({"what"}, o)[0][0].score == answer.score);
  auto const exact = load<testing::tiny_bytes>(path);
  CHECK(exact.generations({"what"}, {.max_tokens = 12, .beams = 3})[0][0].ids ==
        any.generations({"what"}, {.max_tokens = 12, .beams = 3})[0][0].ids);
  int calls = 0;
  with_checkpoint<other, testing::tiny_bytes>(path, [&](auto& m) {
    ++calls;
    CHECK(m.generate("what", o) == answer.text);
  });
  CHECK(calls == 1);
  auto const half = load<testing::tiny_bytes, bf16_mixed>(path);
  half.save(folder / "half");
  CHECK(load<any_t5, bf16_mixed>(folder / "half").generate("what", o) == half.generate("what", o));

  CHECK_THROWS_WITH(load<other>(path), ContainsSubstring("d_ff 48") && ContainsSubstring("inline constexpr"));
  CHECK_THROWS_WITH(with_checkpoint<other>(path, [](auto&) {}),
                    ContainsSubstring("no preset") && ContainsSubstring(".d_ff = 48"));
  CHECK_THROWS_AS(load(folder / "nothing"), error);

  // Packed weights are saved as they were.
  any.save(folder / "again");
  CHECK(testing::get_file(folder / "again" / "model.safetensors") ==
        testing::get_file(std::filesystem::path(path) / "model.safetensors"));
}

TEST_CASE("a folder of any format opens with quantised weights: it generates, scores, encodes, and is not saved") {
  testing::temporary_folder const folder;
  auto const original = testing::tiny_text_model(cpu_backend{});
  original.save(folder / "f32");
  for (auto const& [name, format] :
       {std::pair{"f16", number_format::f16}, {"bf16", number_format::bf16}, {"f64", number_format::f64}})
    original.save(folder / name, {.format = format});
  auto const model = load<testing::tiny_bytes, q8_weights>(folder / "f32");
  generate_options const o{.max_tokens = 12};

  // What the oracle makes of the same integers, activations as they are.
  auto const oracle = load<any_t5, q8_weights>(folder / "f32", reference_backend{});
  auto const close = [&](auto const& a, auto const& b, double tolerance) {
    auto const states = a.encode({"what is it?"}).values, expected = b.encode({"what is it?"}).values;
    REQUIRE(states.size() == expected.size());
    double error = 0, size = 0;
    for (std::size_t i = 0; i < states.size(); ++i) {
      error += std::pow(static_cast<double>(states[i]) - static_cast<double>(expected[i]), 2);
      size += std::pow(static_cast<double>(expected[i]), 2);
    }
    CAPTURE(std::sqrt(error / size));
    CHECK(error <= tolerance * tolerance * size);
    auto const x = a.score("what is it?", {"yes", "a longer answer"}),
               y = b.score("what is it?", {"yes", "a longer answer"});
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t t = 0; t < x[i].tokens.size(); ++t)
        CHECK(x[i].tokens[t] == Approx(y[i].tokens[t]).epsilon(tolerance));
  };
  close(model, oracle, 0.03);                 // 7 or 8 bits of activations
  close(oracle, load(folder / "f32"), 0.03);  // 8 bits of weights
  close(load<any_t5, q8_weights>(folder / "f64"), model, 1e-6);
  close(load<any_t5, q8_weights>(folder / "f16"), model, 0.03);
  close(load<any_t5, q8_weights>(folder / "bf16"), model, 0.03);
  close(load<any_t5, q8_weights>(folder / "f32", testing::unreadable_backend<cpu_backend>{}), model, 1e-6);

  CHECK(model.generations({"what"}, o)[0][0].ids.size() <= 12);
  auto const both = model.generations({"what", "is it?"}, o),
             beams = model.generations({"what"}, {.max_tokens = 12, .beams = 3});
  CHECK(both[1][0].ids == model.generations({"is it?"}, o)[0][0].ids);
  CHECK(beams[0][0].ids ==
        load<any_t5, q8_weights>(folder / "f32").generations({"what"}, {.max_tokens = 12, .beams = 3})[0][0].ids);
  CHECK_THROWS_WITH(model.save(folder / "saved"), ContainsSubstring("save it from float weights"));
  CHECK_THROWS_WITH(model.save(folder / "saved", {.format = number_format::f32}),
                    ContainsSubstring("save it from float weights"));
  CHECK(!std::filesystem::exists(folder / "saved"));
}

TEST_CASE("a folder without a vocabulary works by ids") {
  testing::temporary_folder const folder;
  testing::tiny_text_model(cpu_backend{}, std::nullopt).save(folder / "mute");
  auto const model = load(folder / "mute");
  CHECK(!model.has_tokenizer());
  CHECK(model.generate_ids({{5, 1}}, {.max_tokens = 4})[0][0].ids.size() == 4);
  CHECK_THROWS_WITH(model.generate("a"), ContainsSubstring("no vocabulary"));
}
