#include <cstdint>
#include <string>
#include <vector>

#include "data/source_support.hpp"
#include "flan/data/delimited.hpp"
#include "flan/data/jsonl.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {
using namespace std::string_literals;

struct nli {
  std::string premise, hypothesis;
  flan::choice<"yes", "it is not possible to tell", "no"> label;
  static constexpr auto members =
      flan::members("premise", &nli::premise, "hypothesis", &nli::hypothesis, "label", &nli::label);
};
struct measured {
  std::string name;
  std::int8_t small = 0;
  std::uint64_t large = 0;
  double weight = 0;
  bool good = false;
  static constexpr auto members = flan::members("name", &measured::name, "small", &measured::small, "large",
                                                &measured::large, "weight", &measured::weight, "good", &measured::good);
};

using flan::testing::one_file;
using flan::testing::rows_of;
using flan::testing::table;
}  // namespace

TEST_CASE_METHOD(one_file, "JSON lines become records") {
  auto const records =
      flan::jsonl<nli>(put("\xEF\xBB\xBF{\"premise\": \"a\", \"hypothesis\": \"b\\u0000\\n\", \"label\": \"no\", "
                           "\"more\": [1]}\r\n\n{\"label\":1,\"hypothesis\":\"\xC3\xA9\",\"premise\":\"\"}"));
  REQUIRE(records.size() == 2);
  CHECK(records[0].premise == "a");
  CHECK(records[0].hypothesis == "b\0\n"s);
  CHECK(records[0].label.text() == "no");
  CHECK(records[1].hypothesis == "\xC3\xA9");
  CHECK(records[1].label.index() == 1);
  CHECK_THROWS_WITH(records[2], ContainsSubstring("record 2 of a source of 2"));
  CHECK(flan::jsonl<nli>(put("")).size() == 0);
  CHECK(flan::jsonl<nli>(put("\r\n\n")).size() == 0);
}

TEST_CASE_METHOD(one_file, "each mistake in a JSON line is reported with file, line and field") {
  std::string const good = R"({"premise": "a", "hypothesis": "b", "label": "no"})";
  auto const complains = [&](std::string const& line, std::string const& about) {
    INFO(line);
    auto const path = put(good + "\n" + line + "\n");
    CHECK_THROWS_WITH(flan::jsonl<nli>(path), ContainsSubstring(path.string() + ":2: ") && ContainsSubstring(about));
  };
  complains(R"({"premise": "a", "hypothesis": "b"})", "the field \"label\" is missing");
  complains(R"({"premise": "a", "hypothesis": 3, "label": "no"})", "\"hypothesis\" should be a text, but is 3");
  complains(R"({"premise": null, "hypothesis": "", "label": "no"})", "\"premise\" should be a text");
  complains(R"({"premise": "a", "hypothesis": "b", "label": "No"})", "\"yes\", \"it is not possible to tell\", \"no\"");
  complains(R"({"premise": "a", "hypothesis": "b", "label": 3})", "\"label\" should be one of");
  complains(R"({"premise": "a", "hypothesis": "b", "label": -1})", "\"label\" should be one of");
  complains(R"({"premise": "a", "hypothesis": "b", "label": 1.0})", "\"label\" should be one of");
  complains(R"(["a", "b", "no"])", "expected a JSON object, found array");
  complains(R"({"premise": "a", "hypothesis": "b", "label": "no"}})", "not valid JSON");
  complains(R"({"premise": "a)", "not valid JSON");
  complains("nonsense", "not valid JSON");
  complains("{\"premise\": \"\xFF\", \"hypothesis\": \"b\", \"label\": \"no\"}", "not valid JSON");
  complains("{\"premise\": \"a\0\", \"hypothesis\": \"b\", \"label\": \"no\"}"s, "not valid JSON");
  complains(std::string(100'000, '['), "nested deeper");
  std::string deep = R"({"premise": )";
  for (int i = 0; i < 10'000; ++i) deep += R"({"a":)";
  complains(deep, "nested deeper");
  CHECK_THROWS_WITH(flan::jsonl<nli>(folder / "none"), ContainsSubstring("cannot open"));
  CHECK_THROWS_WITH(flan::jsonl<nli>(folder.path), ContainsSubstring("it is a folder"));
}

TEST_CASE_METHOD(one_file, "numbers keep their value or are refused") {
  auto const read = [&](std::string const& key, std::string const& value) {
    nlohmann::json line{{"name", ""}, {"small", 0}, {"large", 0}, {"weight", 0}, {"good", false}};
    line[key] = nlohmann::json::parse(value);
    return flan::jsonl<measured>(put(line.dump()))[0];
  };
  CHECK(read("large", "18446744073709551615").large == 18446744073709551615u);
  CHECK(read("small", "-128").small == -128);
  CHECK(read("weight", "2").weight == 2);
  CHECK(read("weight", "-1.5e3").weight == -1500);
  CHECK(read("good", "true").good);
  CHECK_THROWS_WITH(read("small", "128"), ContainsSubstring("a whole number from -128 to 127"));
  CHECK_THROWS_WITH(read("small", "1.0"), ContainsSubstring("whole number"));
  CHECK_THROWS_WITH(read("large", "-1"), ContainsSubstring("whole number"));
  CHECK_THROWS_WITH(read("large", "18446744073709551616"), ContainsSubstring("whole number"));
  CHECK_THROWS_WITH(read("good", "1"), ContainsSubstring("true or false"));
  CHECK_THROWS_WITH(read("weight", "\"1\""), ContainsSubstring("a number"));
}

TEST_CASE_METHOD(one_file, "JSON lines with fields of the run time") {
  auto const s = flan::jsonl(
      put("{\"q\": \"x\", \"a\": 5, \"n\": null, \"l\": [\"u\", 1]}\n{\"l\": true, \"n\": \"\", \"a\": -0.5, \"q\": "
          "\"\", \"more\": 1}"));
  CHECK(*s.names == std::vector<std::string>{"a", "l", "n", "q"});
  CHECK(rows_of(s) == table{{"5", "[\"u\",1]", "", "x"}, {"-0.5", "true", "", ""}});
  CHECK_THROWS_WITH(flan::jsonl(put("{\"a\": 1}\n{\"b\": 1}")), ContainsSubstring(":2: the field \"a\""));
  CHECK(flan::jsonl(put("")).names->empty());
}

TEST_CASE_METHOD(one_file, "tab-separated tables are not quoted") {
  flan::table_options const columns{.columns = {"q", "a", "c"}, .unescape = {"q", "c"}};
  auto const s = flan::tsv(put("\"x\" y\\nz\t\\n\t\\\\n\\t\r\n\n\t\t\n\"\tb\tc"), columns);
  CHECK(rows_of(s) == table{{"\"x\" y\nz", "\\n", "\\\n\\t"}, {"", "", ""}, {"\"", "b", "c"}});
  CHECK(rows_of(flan::tsv(put("\xEF\xBB\xBFq\ta\n1\t2\n"))) == table{{"1", "2"}});
  CHECK(rows_of(flan::tsv(put("a\0b\tc\td"s), columns)) == table{{"a\0b"s, "c", "d"}});
  CHECK(flan::tsv(put(""), columns).size() == 0);
  CHECK(flan::tsv(put("q\ta")).size() == 0);

  auto const path = put("1\t2\t3\n1\t2\n");
  CHECK_THROWS_WITH(flan::tsv(path, columns), ContainsSubstring(path.string() + ":2: expected 3 columns, found 2"));
  CHECK_THROWS_WITH(flan::tsv(put("")), ContainsSubstring("is empty"));
  CHECK_THROWS_WITH(flan::tsv(put("a\ta\n")), ContainsSubstring(":1: two columns are called \"a\""));
  CHECK_THROWS_WITH(flan::tsv(put("a\tb\n"), {.columns = {}, .unescape = {"c"}}), ContainsSubstring("no column \"c\""));
}

TEST_CASE_METHOD(one_file, "comma-separated tables follow RFC 4180") {
  CHECK(rows_of(flan::csv(put("a,b\r\n\"x, \"\"y\"\"\r\nz\",\r\n,\"\"\r\n\r\n5\" pipe,q"))) ==
        table{{"x, \"y\"\r\nz", ""}, {"", ""}, {"5\" pipe", "q"}});
  CHECK(rows_of(flan::csv(put("a,b\n1,2"))) == table{{"1", "2"}});
  CHECK(rows_of(flan::csv(put("a,b\n1,\n"))) == table{{"1", ""}});
  CHECK(rows_of(flan::csv(put("a,b\n1,"))) == table{{"1", ""}});
  CHECK(rows_of(flan::csv(put("\xEF\xBB\xBF\"a\",b\n1,2\n"))) == table{{"1", "2"}});
  CHECK(rows_of(flan::csv(put("a\n\"\"\n\"x\"\n"))) == table{{""}, {"x"}});
  CHECK(rows_of(flan::csv(put("a\rb,c\n1,2\n"))) == table{{"1", "2"}});  // a lone CR is a character

  // The line is the row's first; line breaks inside cells count.
  auto path = put("a,b\n\"1\n\n\",2\n3\n");
  CHECK_THROWS_WITH(flan::csv(path), ContainsSubstring(path.string() + ":5: expected 2 columns, found 1"));
  path = put("a,b\n1,\"2\n3\n");
  CHECK_THROWS_WITH(flan::csv(path), ContainsSubstring(path.string() + ":2: a quoted cell is never closed"));
  path = put("a,b\n1,\"2\"x\n");
  CHECK_THROWS_WITH(flan::csv(path), ContainsSubstring(path.string() + ":2: expected a comma"));
  CHECK_THROWS_WITH(flan::csv(put("\"")), ContainsSubstring(":1: a quoted cell is never closed"));
}

TEST_CASE_METHOD(one_file, "tables become records of a type, by the names of columns") {
  auto const s = flan::csv<measured>(put("good,weight,extra,large,small,name\ntrue,1e-3,x,7,-1,n\n0,inf,,0,0,\"\"\n"));
  REQUIRE(s.size() == 2);
  CHECK((s[0].good && s[0].weight == 1e-3 && s[0].large == 7 && s[0].small == -1 && s[0].name == "n"));
  CHECK((!s[1].good && s[1].name.empty()));
  auto const labelled = flan::tsv<nli>(put("no\tp\th\n"), {.columns = {"label", "premise", "hypothesis"}});
  CHECK(labelled[0].label.text() == "no");

  auto const path = put("name,small,large,weight,good\nn,1,2,3,1\nn,300,2,3,1\n");
  CHECK_THROWS_WITH(flan::csv<measured>(path), ContainsSubstring(path.string() + ":3: the field \"small\"") &&
                                                   ContainsSubstring("-128 to 127") && ContainsSubstring("\"300\""));
  CHECK_THROWS_WITH(flan::csv<nli>(put("premise,label\n")),
                    ContainsSubstring("no column for the field \"hypothesis\""));
  for (auto const* bad :
       {"n,1x,2,3,1", "n, 1,2,3,1", "n,,2,3,1", "n,1,-2,3,1", "n,1,2,three,1", "n,1,2,3,yes", "n,1.0,2,3,1"})
    CHECK_THROWS_AS(flan::csv<measured>(put("name,small,large,weight,good\n"s + bad)), flan::error);
  CHECK_THROWS_WITH(flan::tsv<nli>(put("maybe\tp\th\n"), {.columns = {"label", "premise", "hypothesis"}}),
                    ContainsSubstring(":1: the field \"label\" should be one of \"yes\""));
}
