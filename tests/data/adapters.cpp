/// Published records into Hugging Face's fields and labels.

#include "flan/data/adapters.hpp"

#include <string>
#include <vector>

#include "flan/prompt/jinja.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using flan::jinja_value;

namespace {

std::vector<jinja_value> adapted(char const* subset, std::string const& json) {
  std::vector<jinja_value> out;
  flan::adapt_super_glue(subset, flan::detail::parse_json_object(json, "f:1"), "f:1", out);
  return out;
}
std::string written(jinja_value const& v) { return flan::detail::jinja::text_of(v); }

}  // namespace

TEST_CASE("labels by name, by truth and by number") {
  auto const label = [](char const* subset, std::string const& text) {
    std::string const fields =
        R"("premise":"p","hypothesis":"h","question":"cause","passage":"s","choice1":"a","choice2":"b","idx":3)";
    auto const rows = adapted(subset, "{" + fields + (text.empty() ? "" : ",\"label\":" + text) + "}");
    REQUIRE(rows.size() == 1);
    return *rows[0].find("label")->integer();
  };
  CHECK(label("rte", "\"entailment\"") == 0);
  CHECK(label("rte", "\"not_entailment\"") == 1);
  CHECK(label("cb", "\"entailment\"") == 0);
  CHECK(label("cb", "\"contradiction\"") == 1);
  CHECK(label("cb", "\"neutral\"") == 2);
  CHECK(label("boolq", "true") == 1);
  CHECK(label("boolq", "false") == 0);
  CHECK(label("copa", "1") == 1);
  CHECK(label("rte", "") == -1);  // test sets
  CHECK_THROWS_WITH(
      label("rte", "\"neutral\""),
      ContainsSubstring(
          "f:1: the field \"label\" should be one of \"entailment\", \"not_entailment\", but is \"neutral\""));
  CHECK_THROWS_WITH(label("cb", "true"), ContainsSubstring("but is true"));
  CHECK_THROWS_WITH(label("copa", "2"), ContainsSubstring("but is 2"));
  CHECK_THROWS_WITH(label("snli", "1"), ContainsSubstring("there is no subset \"snli\""));
  CHECK_THROWS_WITH(adapted("cb", R"({"premise":"p"})"), ContainsSubstring("f:1: the field \"hypothesis\" is missing"));
  CHECK_THROWS_WITH(adapted("cb", R"({"premise":5})"),
                    ContainsSubstring("f:1: the field \"premise\" should be a text, but is 5"));
}

TEST_CASE("MultiRC yields one record per answer") {
  auto const rows = adapted("multirc", R"({"idx":1,"version":1.1,"passage":{"text":"P","questions":[
      {"question":"Q","idx":2,"answers":[{"text":"a","idx":3,"label":0},{"text":"b","idx":4,"label":1}]},
      {"question":"R","idx":5,"answers":[{"text":"c","idx":6,"label":1}]}]}})");
  REQUIRE(rows.size() == 3);
  CHECK(written(rows[1]) ==
        "{'paragraph': 'P', 'question': 'Q', 'answer': 'b', 'idx': {'paragraph': 1, 'question': 2, 'answer': 4}, "
        "'label': 1}");
  CHECK(written(*rows[2].find("question")) == "R");
}

TEST_CASE("ReCoRD's entities are characters from start to end, each once, sorted") {
  auto const rows = adapted("record", R"({"idx":1,"passage":{"text":"Zoë met Bo. Bo ran.",
      "entities":[{"start":0,"end":2},{"start":8,"end":9},{"start":12,"end":13}]},
      "qas":[{"query":"Who? @placeholder","idx":7,"answers":[{"start":8,"end":9,"text":"Bo"},{"start":12,"end":13,"text":"Bo"}]},
             {"query":"And?","idx":8}]})");
  REQUIRE(rows.size() == 2);
  CHECK(written(*rows[0].find("entities")) == "['Bo', 'Zoë']");
  CHECK(written(*rows[0].find("answers")) == "['Bo']");
  CHECK(written(*rows[1].find("answers")) == "[]");
  CHECK_THROWS_WITH(
      adapted("record",
              R"({"idx":1,"passage":{"text":"ab","entities":[{"start":5,"end":6}]},"qas":[{"query":"?","idx":1}]})"),
      ContainsSubstring("an entity from code point 5 to 6 is not in the passage"));
  CHECK_THROWS_WITH(
      adapted("record",
              R"({"idx":1,"passage":{"text":"ab","entities":[{"start":1,"end":0}]},"qas":[{"query":"?","idx":1}]})"),
      ContainsSubstring("an entity from code point 1 to 0 is not in the passage"));
}

TEST_CASE("WSC's spans are flattened, and mended where they are not in the text") {
  std::string const row = R"({"text":"the city men met Bob","idx":1,"label":true,
      "target":{"span1_index":0,"span1_text":"The city\nmen.","span2_index":4,"span2_text":"Bob"}})";
  CHECK(written(*adapted("wsc", row)[0].find("span1_text")) == "The city\nmen.");
  CHECK(written(adapted("wsc.fixed", row)[0]) ==
        "{'text': 'the city men met Bob', 'span1_text': 'the city men', 'span2_text': 'Bob', 'span1_index': 0, "
        "'span2_index': 4, 'idx': 1, 'label': 1}");
}

TEST_CASE("OpenBookQA's choices are taken apart") {
  auto const r = flan::open_book_qa_record("7-9", "The sun", "(A) pups (of dogs) (B) a (b) (C)  c  (D) d", "D", "f:2");
  CHECK(written(r) ==
        "{'id': '7-9', 'question_stem': 'The sun', 'choices': {'text': ['pups (of dogs)', 'a (b)', ' c ', 'd'], "
        "'label': ['A', "
        "'B', 'C', 'D']}, 'answerKey': 'D'}");
  CHECK_THROWS_WITH(flan::open_book_qa_record("", "", "pups", "A", "f:2"),
                    ContainsSubstring("f:2: expected choices that begin with \"(A) \", found \"pups\""));
  flan::testing::temporary_folder const folder;
  flan::testing::put_file(folder / "x.tsv", "ID\tStem\n");
  CHECK_THROWS_WITH(flan::open_book_qa_records(folder / "x.tsv"), ContainsSubstring("x.tsv: expected the header"));
  flan::testing::put_file(folder / "x.tsv", "ID\tQuestion Stem\tChoices\tComplete Question\tAnswer Key\n1\t2\n");
  CHECK_THROWS_WITH(flan::open_book_qa_records(folder / "x.tsv"),
                    ContainsSubstring("x.tsv:2: expected 5 columns, found 2"));
}
