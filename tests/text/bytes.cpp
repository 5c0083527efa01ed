#include "flan/text/bytes.hpp"

#include <string>
#include <vector>

#include "flan/text/any_tokenizer.hpp"
#include "flan/text/stream.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {
using namespace std::string_literals;
using flan::testing::put_file;
using flan::testing::temporary_folder;
using ids = std::vector<flan::token>;
}  // namespace

TEST_CASE("bytes are ids from 3, sentinels count up from 259") {
  flan::byte_tokenizer const t;
  CHECK(t.encode("Ab\n") == ids{68, 101, 13});
  CHECK(t.encode("\0\xFF"s) == ids{3, 258});
  CHECK(t.encode("a<extra_id_0> b") == ids{100, 259, 35, 101});
  CHECK(t.encode("<extra_id_124>") == ids{383});
  CHECK(t.encode("a </s> b") == ids{100, 1, 101});  // the end token swallows spaces, as ByT5Tokenizer's does
  CHECK(t.vocabulary_size() == 384);
}

TEST_CASE("every text comes back; what is not UTF-8 is dropped") {
  flan::byte_tokenizer const t;
  for (auto const& s : {""s, "plain"s, "na\xC3\xAFve \xF0\x9F\x98\x80"s, "a\0b"s, " \t\n"s})
    CHECK(t.decode(t.encode(s)) == s);
  CHECK(t.decode(t.encode("a\xFF\xC3")) == "a");
  CHECK(t.decode(ids{0, 100, 1, 384, -5, 259}) == "a");
  CHECK(t.decode(ids{100, 1, 259}, false) == "a</s><extra_id_0>");
}

TEST_CASE("a stream of bytes hands out whole characters") {
  flan::byte_tokenizer const t;
  flan::text_stream stream(t);
  std::vector<std::string> pieces;
  for (auto id : t.encode("a\xE2\x82\xAC!")) pieces.push_back(stream.push(id));
  CHECK(pieces == std::vector<std::string>{"a", "", "", "\xE2\x82\xAC", "!"});
  CHECK(stream.push(t.encode("\xC3")[0]).empty());
  CHECK(stream.finish().empty());
}

TEST_CASE("a ByT5 folder is recognised by its class, in either file") {
  temporary_folder folder;
  char const* const name = GENERATE("tokenizer_config.json", "config.json");
  put_file(folder / name, R"({"tokenizer_class": "ByT5Tokenizer", "extra_ids": 125})");
  auto const t = flan::load_tokenizer(folder.path);
  REQUIRE(t.has_value());
  CHECK(t->encode("a<extra_id_1>") == ids{100, 260});
  t->save(folder / "copy");
  auto const again = flan::load_tokenizer(folder / "copy");
  REQUIRE(again.has_value());
  CHECK(again->encode("a<extra_id_1>") == ids{100, 260});
}

TEST_CASE("added tokens may not sit on a byte") {
  temporary_folder folder;
  put_file(folder / "tokenizer_config.json",
           R"({"tokenizer_class": "ByT5Tokenizer", "added_tokens_decoder": {"100": {"content": "<x>"}}})");
  CHECK_THROWS_WITH(flan::load_tokenizer(folder.path), ContainsSubstring("which is the byte 97"));
}
