#include "flan/generate/load.hpp"

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

TEST_CASE("a folder without a vocabulary works by ids") {
  testing::temporary_folder const folder;
  testing::tiny_text_model(cpu_backend{}, std::nullopt).save(folder / "mute");
  auto const model = load(folder / "mute");
  CHECK(!model.has_tokenizer());
  CHECK(model.generate_ids({{5, 1}}, {.max_tokens = 4})[0][0].ids.size() == 4);
  CHECK_THROWS_WITH(model.generate("a"), ContainsSubstring("no vocabulary"));
}
