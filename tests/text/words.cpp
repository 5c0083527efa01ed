#include "flan/text/words.hpp"

#include <string>

#include "support/catch.hpp"

namespace {
std::string words(std::string_view text) { return flan::word_list(text).text(); }
}  // namespace

TEST_CASE("words are in lower case, without punctuation, with one space between") {
  CHECK(words("Janet's ducks lay 16 eggs per day -- really!") == "janets ducks lay 16 eggs per day really");
  CHECK(words("\tA  house for $80,000,\r\nthen 150%. ") == "a house for 80000 then 150");
  CHECK(words("") == "");
  CHECK(words(" -- ?!") == "");

  flan::word_list const list("One, two; three.");
  REQUIRE(list.size() == 3);
  CHECK(list[0] == "one");
  CHECK(list[2] == "three");
  CHECK(list.words(0, 2) == "one two");
  CHECK(list.words(1, 2) == "two three");
}

TEST_CASE("the same text in typographic and in plain characters has the same words") {
  CHECK(words("Janet’s “eggs” – 16 … or more") == words("Janet's \"eggs\" - 16 ... or more"));
  CHECK(words("no\u00A0break\u2003space\u3000wide") == "no break space wide");
  CHECK(words("zero\u200Bwidth\u200Djoined soft\u00ADhyphen") == "zerowidthjoined softhyphen");
  CHECK(words("½ €5 £6 2−1=1 a→b") == "½ 5 6 211 ab");
  CHECK(words("\u0092cp1252\u0093") == "cp1252");
}

TEST_CASE("scripts with case lose it") {
  CHECK(words("ÀÖØÞ ÿŸ ×÷") == "àöøþ ÿÿ");
  CHECK(words("ĀŁŃŽ İ Ĺĺ Ňň Żż ſ ß") == "āłńž i ĺĺ ňň żż ſ ß");
  CHECK(words("ΑΆΈΌΎΏ ΣΟΦΟΣ σοφος σοφός") == "αάέόύώ σοφοσ σοφοσ σοφόσ");
  CHECK(words("ЁЖЯ Ґ Ӂ Ӏ") == "ёжя ґ ӂ ӏ");
  CHECK(words("ȘȚ ƠƯ Ǎ") == "șț ơư ǎ");
  CHECK(words("ԱԲ Ք") == "աբ ք");
  CHECK(words("ＡＢ，ｃ") == "ａｂｃ");
  CHECK(words("Ắ Ử") == "ắ ử");
  CHECK(words("ÆØÅ ÇĞŞ") == "æøå çğş");
  CHECK(words("Ɓ Ə ẞ Ⴀ Ꭰ \u2126 Ⅳ 𐐀") == "ɓ ə ß ⴀ ꭰ ω ⅳ 𐐨");  // the Ohm sign, too
}

TEST_CASE("scripts without spaces: Han and kana one by one, Thai as it is divided") {
  CHECK(words("一共有3个苹果。对吗？") == "一 共 有 3 个 苹 果 对 吗");
  CHECK(words("リンゴ・バナナは、ABC！") == "リ ン ゴ バ ナ ナ は abc");
  CHECK(words("เป็ดของ เจเน็ต") == "เป็ดของ เจเน็ต");
  CHECK(words("১৬টি ডিম। কয়টি?") == "১৬টি ডিম কয়টি");
  CHECK(words("يوم، كم؟") == "يوم كم");
}

TEST_CASE("what is not UTF-8 is a letter, and nothing is read past the end") {
  CHECK(words("a\xFF"
              "b\xC3") ==
        "a\uFFFD"
        "b\uFFFD");
  CHECK(words("\xE4\xBD") == "\uFFFD");
  CHECK(words(std::string("a\0b", 3)) == "a b");
  CHECK(words("😀 \U00020000\U0010FFFF") == "😀 \U00020000 \U0010FFFF");
}
