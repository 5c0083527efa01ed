#include "flan/text/sentencepiece.hpp"

#include <sentencepiece_trainer.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "flan/text/any_tokenizer.hpp"
#include "flan/text/stream.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {
namespace fs = std::filesystem;
using namespace std::string_literals;
using flan::testing::get_file;
using flan::testing::put_file;
using flan::testing::temporary_folder;
using ids = std::vector<flan::token>;

struct sentences final : sentencepiece::SentenceIterator {
  std::vector<std::string> text;
  std::size_t at = 0;
  bool done() const override { return at == text.size(); }
  void Next() override { ++at; }
  std::string const& value() const override { return text[at]; }
  // util::Status up to 0.2.0, absl::Status since.
  decltype(std::declval<sentencepiece::SentenceIterator const&>().status()) status() const override { return {}; }
};

// A small vocabulary, trained once: a few hundred sentences of a closed world, byte fallback on demand.
std::string trained(bool bytes) {
  sentences training;
  for (int i = 0; i < 400; ++i)
    training.text.push_back("the cat number " + std::to_string(i * 37 % 400) +
                            " sat on the mat, and didn't say 'yes' or no . !");
  std::string model;
  auto status = sentencepiece::SentencePieceTrainer::Train(
      std::unordered_map<std::string, std::string>{{"vocab_size", bytes ? "330" : "60"},
                                                   {"byte_fallback", bytes ? "true" : "false"},
                                                   {"hard_vocab_limit", "false"},
                                                   {"normalization_rule_name", "identity"},
                                                   {"pad_id", "0"},
                                                   {"eos_id", "1"},
                                                   {"unk_id", "2"},
                                                   {"bos_id", "-1"},
                                                   {"minloglevel", "2"},
                                                   {"num_threads", "1"}},
      &training, &model);
  REQUIRE(status.ok());
  return model;
}
std::string const& plain_model() {
  static std::string const model = trained(false);
  return model;
}

template <flan::tokenizer T>
std::string streamed(T const& t, ids const& tokens, bool skip) {
  flan::text_stream stream(t, skip);
  std::string text;
  for (auto id : tokens) {
    auto const piece = stream.push(id);
    CHECK(flan::is_utf8(piece));
    text += piece;
  }
  return text + stream.finish();
}
}  // namespace

TEST_CASE("a vocabulary in memory has its sentinels at the end, counted down") {
  auto const t = flan::sentencepiece_tokenizer::from_bytes(plain_model(), 10);
  auto const bare = flan::sentencepiece_tokenizer::from_bytes(plain_model(), 0);
  CHECK(t.vocabulary_size() == bare.vocabulary_size() + 10);
  CHECK(t.encode("<extra_id_0>") == ids{t.vocabulary_size() - 1});
  CHECK(t.encode("<extra_id_9>") == ids{bare.vocabulary_size()});
  CHECK(t.encode("<extra_id_10>").size() > 1);
  CHECK(t.pad_id() == 0);
  CHECK(t.end_id() == 1);
  CHECK(t.unknown_id() == 2);
  CHECK(t.encode("</s><pad><unk>") == ids{1, 0, 2});
}

TEST_CASE("text around a special token is encoded as text of its own") {
  auto const t = flan::sentencepiece_tokenizer::from_bytes(plain_model(), 10);
  auto expected = t.encode("the cat");
  expected.push_back(1);
  for (auto id : t.encode("sat")) expected.push_back(id);
  CHECK(t.encode("the cat</s>sat") == expected);
  CHECK(t.encode("the cat  </s>  sat ") == expected);
  CHECK(t.decode(expected, false) == "the cat</s> sat");
  CHECK(t.decode(expected) == "the cat sat");
}

TEST_CASE("hostile text is encoded, and hostile ids decode to valid UTF-8") {
  auto const t = flan::sentencepiece_tokenizer::from_bytes(plain_model(), 10);
  CHECK(t.encode("").empty());
  CHECK(t.encode("   ").empty());
  CHECK(t.decode(ids{}) == "");
  auto const with_nul = t.encode("cat\0mat"s);
  CHECK(std::count(with_nul.begin(), with_nul.end(), 2) == 1);
  for (auto const& s : {"\xFF\xFE"s, "cat \xE2\x82"s, "\xED\xA0\x80"s, std::string(1000, '\0'), std::string(1000, '<')})
    for (auto id : t.encode(s)) CHECK((id >= 0 && id < t.vocabulary_size()));
  CHECK(t.decode(ids{-1, -100, t.vocabulary_size(), 2147483647, -2147483647}) == "");
  CHECK(t.decode_slow(ids{-1, 2147483647}) == "");
}

TEST_CASE("bytes that a vocabulary falls back to come out as characters, never split") {
  auto const t = flan::sentencepiece_tokenizer::from_bytes(trained(true), 0);
  std::string const text = "the cat \xF0\x9F\x98\x80 sat \xE2\x82\xAC";
  auto const tokens = t.encode(text);
  CHECK(tokens.size() > 9);
  CHECK(t.decode(tokens) == text);
  CHECK(streamed(t, tokens, true) == text);
  for (std::size_t n = 0; n <= tokens.size(); ++n) {
    ids const part(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK(flan::is_utf8(t.decode(part)));
    CHECK(streamed(t, part, true) == t.decode(part));
  }
}

TEST_CASE("a stream adds up to decode, whatever the ids and with clean-up") {
  temporary_folder folder;
  put_file(folder / "spiece.model", plain_model());
  put_file(folder / "tokenizer_config.json", R"({"extra_ids": 5, "clean_up_tokenization_spaces": true})");
  flan::sentencepiece_tokenizer const cleaning(folder.path);
  CHECK(cleaning.cleans_up_spaces());
  CHECK(cleaning.decode(cleaning.encode("no . yes ! the cat didn't")) == "no. yes! the cat didn't");
  std::uint64_t state = 1;
  for (int round = 0; round < 300; ++round) {
    ids tokens;
    for (int i = 0; i < 40; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      tokens.push_back(
          static_cast<flan::token>((state >> 33) % static_cast<std::uint64_t>(cleaning.vocabulary_size())));
    }
    CHECK(streamed(cleaning, tokens, true) == cleaning.decode(tokens, true));
    CHECK(streamed(cleaning, tokens, false) == cleaning.decode(tokens, false));
  }
}

TEST_CASE("clean-up boundaries: each cut leaves both sides as they would be together") {
  // All strings of length 7 over the characters that matter.
  std::string const letters = " '.nts";
  std::size_t wrong = 0;
  std::string s(7, ' ');
  for (unsigned code = 0; code < 279936; ++code) {
    unsigned c = code;
    for (auto& letter : s) letter = letters[c % 6], c /= 6;
    for (std::size_t n = 0; n <= s.size(); ++n) {
      auto const cut = flan::detail::clean_up_boundary(std::string_view(s).substr(0, n));
      if (flan::detail::clean_up_spaces(s.substr(0, cut)) + flan::detail::clean_up_spaces(s.substr(cut)) !=
          flan::detail::clean_up_spaces(s))
        ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("ids of special tokens come from the folder's files") {
  temporary_folder folder;
  put_file(folder / "spiece.model", plain_model());
  auto const size = flan::sentencepiece_tokenizer::from_bytes(plain_model(), 0).vocabulary_size();
  auto const token_at = [](int id) {
    return R"({"id": )" + std::to_string(id) + R"(, "content": "<extra_id_0>", "special": true})";
  };

  SECTION("spiece.model alone: T5's convention") {
    CHECK(flan::sentencepiece_tokenizer(folder.path).encode("<extra_id_0>") == ids{size + 99});
  }
  SECTION("extra_ids") {
    put_file(folder / "tokenizer_config.json", R"({"extra_ids": 7})");
    CHECK(flan::sentencepiece_tokenizer(folder.path).encode("<extra_id_0>") == ids{size + 6});
    CHECK(flan::sentencepiece_tokenizer(folder / "spiece.model").encode("<extra_id_0>") == ids{size + 6});
  }
  SECTION("additional_special_tokens without ids") {
    put_file(folder / "special_tokens_map.json",
             R"({"additional_special_tokens": ["<extra_id_0>", {"content": "<extra_id_1>"}]})");
    CHECK(flan::sentencepiece_tokenizer(folder.path).encode("<extra_id_0><extra_id_1>") == ids{size + 1, size});
  }
  SECTION("added_tokens_decoder") {
    put_file(folder / "tokenizer_config.json",
             R"({"added_tokens_decoder": {"500": {"content": "<extra_id_0>"}, "1": {"content": "</s>"}}})");
    flan::sentencepiece_tokenizer const t(folder.path);
    CHECK(t.encode("<extra_id_0></s>") == ids{500, 1});
    CHECK(t.vocabulary_size() == 501);
  }
  SECTION("tokenizer.json before tokenizer_config.json") {
    put_file(folder / "tokenizer_config.json", R"({"added_tokens_decoder": {"500": {"content": "<extra_id_0>"}}})");
    put_file(folder / "tokenizer.json", R"({"added_tokens": [)" + token_at(700) +
                                            R"(], "model": {"added_tokens": [{"id": 9}], "vocab": [["\"]}", 0]]}})");
    CHECK(flan::sentencepiece_tokenizer(folder.path).encode("<extra_id_0>") == ids{700});
  }
  SECTION("files that contradict the vocabulary") {
    put_file(folder / "tokenizer.json", R"({"added_tokens": [)" + token_at(5) + "]}");
    CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder.path), ContainsSubstring("the piece 5 is"));
  }
  SECTION("damaged files") {
    put_file(folder / "tokenizer_config.json", R"({"extra_ids": )");
    CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder.path), ContainsSubstring("tokenizer_config.json"));
    put_file(folder / "tokenizer_config.json", R"({"extra_ids": -3})");
    CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder.path), ContainsSubstring("extra_ids is -3"));
    put_file(folder / "tokenizer_config.json", R"({"added_tokens_decoder": {"x": {"content": "<a>"}}})");
    CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder.path), ContainsSubstring("expected a token id"));
    put_file(folder / "tokenizer_config.json", "[]");
    CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder.path), ContainsSubstring("expected a JSON object"));
    put_file(folder / "tokenizer_config.json", R"({"added_tokens_decoder": {"900": {"content": ""}}})");
    CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder.path), ContainsSubstring("has no text"));
    put_file(folder / "tokenizer_config.json", "{}");
    put_file(folder / "tokenizer.json", R"({"added_tokens": [{"id": 4294967296, "content": "<a>"}]})");
    CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder.path), ContainsSubstring("4294967296"));
    put_file(folder / "tokenizer.json", R"({"added_tokens": [{"id": 4, "content": "<a>")");
    CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder.path), ContainsSubstring("not valid JSON"));
    put_file(folder / "tokenizer.json", "");
    CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder.path), ContainsSubstring("not valid JSON"));
    put_file(folder / "tokenizer.json", R"({"added_tokens": []}})");
    CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder.path), ContainsSubstring("not valid JSON"));
    put_file(folder / "tokenizer.json", R"({"added_tokens": [{"content": "<a>"}]})");
    CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder.path), ContainsSubstring("no integer \"id\""));
  }
}

TEST_CASE("what is not a sentencepiece model is refused") {
  temporary_folder folder;
  for (auto const& bytes : {""s, "not a model"s, plain_model().substr(0, plain_model().size() / 2)}) {
    put_file(folder / "spiece.model", bytes);
    CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder.path), ContainsSubstring("spiece.model"));
  }
  CHECK_THROWS_WITH(flan::sentencepiece_tokenizer(folder / "none.model"), ContainsSubstring("no sentencepiece model"));
}

TEST_CASE("a saved tokenizer is the same tokenizer") {
  temporary_folder folder;
  auto const t = flan::sentencepiece_tokenizer::from_bytes(plain_model(), 12);
  flan::any_tokenizer(t).save(folder / "a");
  auto const again = flan::load_tokenizer(folder / "a");
  REQUIRE(again.has_value());
  std::string const text = "the cat <extra_id_3> sat on the mat</s>";
  CHECK(again->encode(text) == t.encode(text));
  CHECK(again->vocabulary_size() == t.vocabulary_size());

  // The files of a folder are written as they were found, even when the folder is gone by then.
  put_file(folder.path / "a" / "special_tokens_map.json", R"({ "eos_token":"</s>" })");
  auto const kept = flan::load_tokenizer(folder / "a");
  fs::rename(folder / "a", folder / "b");
  kept->save(folder / "c");
  for (auto const& entry : fs::directory_iterator(folder / "b"))
    CHECK(get_file(entry.path()) == get_file(folder.path / "c" / entry.path().filename()));
  put_file(folder / "file", "");
  CHECK_THROWS_WITH(kept->save(folder.path / "file" / "inside"), ContainsSubstring("cannot make the folder"));
}

TEST_CASE("one tokenizer serves several threads") {
  flan::any_tokenizer const t = flan::sentencepiece_tokenizer::from_bytes(plain_model(), 10);
  std::string const text = "the cat number 17 <extra_id_3> sat on the mat</s>, and didn't say yes";
  auto const expected = t.encode(text);
  auto const decoded = t.decode(expected, false);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, mine = t] {
      for (int k = 0; k < 200; ++k)
        if (mine.encode(text) != expected || mine.decode(expected, false) != decoded) ++wrong;
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("a folder without a vocabulary has no tokenizer, a missing one is an error") {
  temporary_folder folder;
  CHECK_FALSE(flan::load_tokenizer(folder.path).has_value());
  put_file(folder / "config.json", R"({"model_type": "t5"})");
  CHECK_FALSE(flan::load_tokenizer(folder.path).has_value());
  CHECK_THROWS_WITH(flan::load_tokenizer(folder / "none"), ContainsSubstring("no folder or vocabulary"));
}
