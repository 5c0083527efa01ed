/// Formats beyond lines and tables: documents of JSON and what is published in them, plain text; parts of sources.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "data/source_support.hpp"
#include "flan/data/alpaca.hpp"
#include "flan/data/as_text.hpp"
#include "flan/data/delimited.hpp"
#include "flan/data/json_records.hpp"
#include "flan/data/natural_instructions.hpp"
#include "flan/data/split.hpp"
#include "flan/data/squad.hpp"
#include "flan/data/superglue.hpp"
#include "flan/data/task.hpp"
#include "flan/data/text_file.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {
using namespace std::string_literals;

using flan::testing::one_file;
using flan::testing::rows_of;
using flan::testing::table;

struct labelled {
  std::int64_t id = 0;
  std::string first;
  flan::choice<"no", "yes"> label;
  static constexpr auto members =
      flan::members("meta.id", &labelled::id, "answers.0.text", &labelled::first, "label", &labelled::label);
};
}  // namespace

TEST_CASE_METHOD(one_file, "the elements of a list in a document become records") {
  auto const s = flan::json_records<labelled>(
      put("\xEF\xBB\xBF [ {\"meta\": {\"id\": -9007199254740993}, \"answers\": [{\"text\": \"]}\\\"{[\"}, 3], "
          "\"label\": true},\r\n"
          "{\"label\":\"no\",\"answers.0.text\":\"whole\",\"meta.id\":7,\"answers\":[{\"text\":\"path\"}]} ]\n"));
  REQUIRE(s.size() == 2);
  CHECK(s[0].id == -9007199254740993);  // beyond 2^53
  CHECK(s[0].first == "]}\"{[");
  CHECK(s[0].label.text() == "yes");
  CHECK(s[1].first == "whole");
  CHECK(s[1].id == 7);
  CHECK(flan::json_records<labelled>(put("[]")).size() == 0);
  CHECK(flan::json_records(put(" [ ] ")).size() == 0);
}

TEST_CASE_METHOD(one_file, "records of a document lie at a path") {
  auto const path = put(R"({"canary": "{[", "examples": [{"input": "a", "target": "b"}, {"input": "c", "target": ""}],
    "nested": {"x": [[1, 2], [3, {"examples": [9]}]], "e": []}, "texts": {"k\"1": "v", "k2" : ["w", null]}, "n": -1.5e3})");
  auto const rows = [&](std::string const& where) { return rows_of(flan::json_records(path, where)); };
  CHECK(rows("examples.*") == table{{"a", "b"}, {"c", ""}});
  CHECK(rows("examples.1") == table{{"c", ""}});
  CHECK(rows("nested.x.0.*") == table{{"1"}, {"2"}});
  CHECK(rows("nested.x.*.0") == table{{"1"}, {"3"}});
  CHECK(rows("nested.x.*") == table{{"[1,2]"}, {"[3,{\"examples\":[9]}]"}});
  CHECK(rows("nested.e.*").empty());
  CHECK(rows("texts.*") == table{{"k\"1", "v"}, {"k2", "[\"w\",null]"}});
  CHECK(*flan::json_records(path, "texts.*").names == std::vector<std::string>{"key", "value"});
  CHECK(rows("n") == table{{"-1500.0"}});
  CHECK(rows("texts.k2.0") == table{{"w"}});
  CHECK(rows_of(flan::json_records(path, "", {.fields = {"canary", "nested.x.1.0"}})) == table{{"{[", "3"}});
  CHECK_THROWS_WITH(rows("nothing.*"), ContainsSubstring("nothing at \"nothing.*\""));
  CHECK_THROWS_WITH(rows("nested.nothing.*"), ContainsSubstring("nothing at"));
}

TEST_CASE_METHOD(one_file, "mistakes in a document are found where they are") {
  auto const complains = [&](std::string const& text, std::string const& about) {
    INFO(text);
    auto const path = put(text);
    CHECK_THROWS_WITH(flan::json_records(path), ContainsSubstring(path.string()) && ContainsSubstring(about));
  };
  complains("", "ends before it is complete");
  complains("[1, 2", "ends before it is complete");
  complains("[1,\n2,]", ":2: byte 6: not valid JSON: expected a value, found ']'");
  complains("[1 2]", "expected a comma or the end of what is open, found '2'");
  complains("[1] 2", "expected the end of the file, found '2'");
  complains("[{\"a\": [1}]", "not valid JSON");
  complains("[\"a\nb\"]", "data:1: record 0: the record: not valid JSON");
  complains("[{\"a\": 1},\n{\"a\": x}]", "data:2: record 1: ");
  complains("[{\"a\": 1},\n{\"b\": 1}]", "data:2: record 1: the field \"a\"");
  complains(std::string(1000, '['), "nested");
  complains("{\"a\": }", "expected a value");
  complains("{\"a\" 1}", "expected a colon");
  complains("{1: 2}", "expected a key");
  complains("3", "nothing at \"*\"");
  CHECK_THROWS_WITH(flan::json_records(put("{\"example\": []}"), "examples.*"),
                    ContainsSubstring("the document has nothing at \"examples.*\""));
  CHECK_THROWS_WITH(flan::json_records<labelled>(put("[{\"meta\": {\"id\": 1.0}}]")),
                    ContainsSubstring("\"meta.id\" should be a whole number") && ContainsSubstring("is 1.0"));
  CHECK_THROWS_WITH(flan::json_records<labelled>(put("[{\"meta\": {\"id\": 1}, \"answers\": []}]")),
                    ContainsSubstring("\"answers.0.text\" is missing"));
}

TEST_CASE_METHOD(one_file, "scanning does not depend on where blocks of the file end") {
  // Blocks have a mebibyte: records, strings, escapes and numbers lie across their edges.
  for (std::size_t shift = 0; shift < 24; ++shift) {
    std::string text =
        "[\"" + std::string((1 << 20) - 20 + shift, 'a') + "\\\"\", {\"a\": \"\\\\\"}, 12345, \"\xC3\xA9\"]";
    auto const s = flan::json_records(put(text), "*", {.check = false});
    REQUIRE(s.size() == 4);
  }
  for (std::size_t shift = 0; shift < 6; ++shift) {
    std::string const wide((1 << 20) - 5 + shift, 'a');
    CHECK(flan::text_lines(put(wide + "\r\n\r\nb\r\n"))[1].values[0] == "b");
    auto const rows = flan::csv(put(wide + ",\"\"\"\r\n\"\r\n1,2\r\n"), {.columns = {"a", "b"}});
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].values[1] == "\"\r\n");
    CHECK(flan::text_paragraphs(put(wide + "\r\n\r\nb\r\n"))[1].values[0] == "b");
  }
}

TEST_CASE_METHOD(one_file, "Natural Instructions: the official layout and its relatives") {
  auto const path =
      put(R"({"Contributors": ["a"], "Definition": [" Do it.\n"], "Categories": "One", "Domains": ["d", "e"],
    "Positive Examples": [{"input": "i", "output": "o", "explanation": "e"}, {"input": "i", "output": ["p"]}],
    "Instances": [{"id": "task1-ab", "input": " x ", "output": ["y", "z", ""]}, {"output": "w", "input": ""}, {"id": 3, "input": "v", "output": [""]}],
    "Instance License": ["none"]})");
  auto const s = flan::natural_instructions(path);
  REQUIRE(s.size() == 3);
  CHECK(s.task->name == "data");
  CHECK(s.task->definition == " Do it.\n");
  CHECK(s.task->categories == std::vector<std::string>{"One"});
  CHECK(s.task->domains.size() == 2);
  REQUIRE(s.task->positive_examples.size() == 2);
  CHECK(s.task->positive_examples[0].explanation == "e");
  CHECK(s.task->positive_examples[1].explanation.empty());
  CHECK(s.task->positive_examples[1].output == "p");
  CHECK(s.task->negative_examples.empty());
  CHECK(s[0].definition == " Do it.\n");
  CHECK(s[0].input == " x ");
  CHECK(s[0].output == "y");
  CHECK(s[0].references == std::vector<std::string>{"y", "z", ""});
  CHECK(s[0].task == s.task);
  CHECK(s[1].references == std::vector<std::string>{"w"});
  CHECK(s[2].id == "3");
  CHECK(s[2].output.empty());

  CHECK_THROWS_WITH(flan::natural_instructions(put(R"({"Instances": [{"input": "a", "output": []}]})")),
                    ContainsSubstring("data:1: record 0: ") && ContainsSubstring("a reference"));
  CHECK_THROWS_WITH(flan::natural_instructions(put(R"({"Instances": [{"output": "a"}]})")),
                    ContainsSubstring("\"input\" is missing"));
  CHECK_THROWS_WITH(flan::natural_instructions(put(R"({"Definition": "a"})")), ContainsSubstring("Instances.*"));
  CHECK_THROWS_WITH(flan::natural_instructions(put(R"({"Definition": 3, "Instances": []})")),
                    ContainsSubstring("\"Definition\" should be a text or a list of texts, but is 3"));
  auto const some = flan::natural_instructions(
      put(R"({"Instances": [{"input": 1}, {"input": "a", "output": "b"}, 7], "Definition": "later"})"),
      {.bad = flan::on_bad_record::skip});
  CHECK(some.size() == 1);
  CHECK(some.skipped() == 2);
  CHECK(some[0].definition == "later");
  CHECK(flan::natural_instructions(put(R"({"Definition": "none", "Instances": []})")).task->definition == "none");

  CHECK(flan::natural_task_number("task1344_glue") == 1344);
  CHECK(!flan::natural_task_number("tasks"));
  for (auto const& [n, of_mmlu] : {std::pair{663, false},
                                   {664, true},
                                   {667, true},
                                   {668, false},
                                   {684, false},
                                   {685, true},
                                   {737, true},
                                   {738, false},
                                   {73, false},
                                   {6640, false}})
    CHECK(flan::natural_task_is_of_mmlu("task" + std::to_string(n) + "_x") == of_mmlu);
}

TEST_CASE_METHOD(one_file, "SQuAD: a record a question, offsets in code points") {
  std::string const document = R"({"version": "x", "data": [{"title": "t", "paragraphs": [
    {"qas": [{"id": "q1", "question": "a?", "answers": [{"text": "ü", "answer_start": 2}, {"answer_start": 0, "text": "é€"}]},
             {"id": 5, "question": "b?", "answers": [], "is_impossible": true}], "context": "é€ü😀z"},
    {"context": "none", "qas": []}]},
    {"paragraphs": [{"context": "c", "qas": [{"question": "c?", "answers": [{"text": "c", "answer_start": 0}], "id": "q3"}]}], "title": "u"}]})";
  auto const s = flan::squad(put(document));
  REQUIRE(s.size() == 3);
  CHECK(s[0].id == "q1");
  CHECK(s[0].answer == "ü");
  REQUIRE(s[0].answers.size() == 2);
  CHECK(s[0].answers[1].start == 0);
  CHECK(s[1].id == "5");
  CHECK(s[1].answer.empty());
  CHECK(s[1].context == "é€ü😀z");
  CHECK(s[2].question == "c?");
  CHECK(s.content_hash(0) == s.content_hash(1));
  CHECK(s.content_hash(0) != s.content_hash(2));

  auto wrong = document;
  wrong.replace(wrong.find("\"answer_start\": 2"), 17, "\"answer_start\": 5");
  CHECK_THROWS_WITH(flan::squad(put(wrong)), ContainsSubstring("data:2: record 0: ") &&
                                                 ContainsSubstring("the answer \"ü\"") &&
                                                 ContainsSubstring("code point 5") && ContainsSubstring("stands \"\""));
  auto const rest = flan::squad(put(wrong), {.bad = flan::on_bad_record::skip});
  CHECK(rest.size() == 1);
  CHECK(rest.skipped() == 1);
  CHECK_THROWS_WITH(flan::squad(put(R"({"data": [{"paragraphs": [{"context": "c"}]}]})")),
                    ContainsSubstring("\"qas\""));
  CHECK(flan::byte_of_code_point("é€", 1) == 2);
  CHECK(flan::byte_of_code_point("é€", 2) == 5);
  CHECK(flan::byte_of_code_point("é€", 3) == std::string_view::npos);
}

TEST_CASE_METHOD(one_file, "Alpaca: with and without input") {
  auto const s = flan::alpaca(put(R"([{"instruction": "i", "input": "", "output": "o"},
    {"instruction": "j", "input": "k", "output": ""}, {"instruction": "l", "output": "m"}])"));
  REQUIRE(s.size() == 3);
  CHECK(s[0].request == "i");
  CHECK(s[1].request == "j\n\nk");
  CHECK(s[2].input.empty());
  auto const with = flan::select(s, [](auto const& r) { return !r.input.empty(); });
  REQUIRE(with.size() == 1);
  CHECK(with[0].input == "k");
  CHECK_THROWS_WITH(with[1], ContainsSubstring("record 1 of a source of 1"));
}

TEST_CASE_METHOD(one_file, "records of a type as records of text") {
  auto const typed = flan::natural_instructions(
      put(R"({"Definition": "d", "Instances": [{"input": "i", "output": ["o", "p"], "id": "x"}, {"input": 1}]})"),
      {.bad = flan::on_bad_record::skip});
  auto const s = flan::as_text(typed);
  CHECK(*s.names == std::vector<std::string>{"definition", "input", "output", "id"});
  CHECK(rows_of(s) == table{{"d", "i", "o", "x"}});
  CHECK(s.skipped() == 1);
  CHECK(s.content_hash(0) == typed.content_hash(0));
  flan::fingerprinter a, b;
  s.add_to(a);
  typed.add_to(b);
  CHECK(a.value() == b.value());
  auto const task = flan::text_task("t", s, "{definition}: {input}", "{output}");
  CHECK(task(0, 0).input == "d: i");
  auto const numbers = flan::as_text(flan::source<labelled>(std::vector<labelled>{{-5, "a", "yes"}}));
  CHECK(rows_of(numbers) == table{{"-5", "a", "yes"}});
}

TEST_CASE_METHOD(one_file, "plain text by lines and by paragraphs") {
  auto const path =
      put("BENCHMARK DATA … canary GUID 26\n-----\nAbout  \n this.\n\n \t\r\nQ: a\xE2\x80\xA8?\r\nA: b.\r\n\r\n\nlast");
  CHECK(rows_of(flan::text_paragraphs(path)) == table{{"About  \n this."}, {"Q: a\xE2\x80\xA8?\r\nA: b."}, {"last"}});
  CHECK(rows_of(flan::text_lines(path)).size() == 8);
  CHECK(*flan::text_lines(path).names == std::vector<std::string>{"text"});
  CHECK(flan::text_lines(put("")).size() == 0);
  CHECK(flan::text_paragraphs(put("\n \n")).size() == 0);
  CHECK(flan::without_canary("x canary GUID y\n---\nrest\n") == "rest\n");
  CHECK(flan::without_canary("x canary GUID y\n-a\n") == "-a\n");
  CHECK(flan::without_canary("no GUID\n---\n") == "no GUID\n---\n");
  CHECK(flan::without_canary("canary GUID") == "");
  CHECK(flan::without_canary("") == "");
}

TEST_CASE_METHOD(one_file, "a held-out part is chosen by content, or by an id") {
  std::string lines;
  for (int i = 0; i < 4000; ++i) lines += "record " + std::to_string(i % 2000) + "\n";  // each of them twice
  auto const all = flan::text_lines(put(lines));
  auto const parts = flan::split(all, 7, 0.1);
  CHECK(parts.train.size() + parts.held_out.size() == 4000);
  CHECK(parts.held_out.size() > 300);  // 400 ± 27 of pairs, by chance
  CHECK(parts.held_out.size() < 500);
  std::set<std::string> train, held_out;
  for (std::uint64_t i = 0; i < parts.train.size(); ++i) train.insert(parts.train[i].values[0]);
  for (std::uint64_t i = 0; i < parts.held_out.size(); ++i) held_out.insert(parts.held_out[i].values[0]);
  CHECK(train.size() + held_out.size() == 2000);  // equal records are on one side
  CHECK(*parts.held_out.names == std::vector<std::string>{"text"});

  // Other records leave the choice as it is; another key does not.
  auto const grown = flan::split(flan::text_lines(put("new\n" + lines)), 7, 0.1);
  std::set<std::string> again;
  for (std::uint64_t i = 0; i < grown.held_out.size(); ++i) again.insert(grown.held_out[i].values[0]);
  again.erase("new");
  CHECK(again == held_out);
  auto const file = flan::text_lines(put(lines));
  auto const other = flan::split(file, 8, 0.1);
  std::set<std::string> otherwise;
  for (std::uint64_t i = 0; i < other.held_out.size(); ++i) otherwise.insert(other.held_out[i].values[0]);
  CHECK(otherwise != held_out);
  flan::fingerprinter a, b;
  flan::split(file, 7, 0.1).train.add_to(a);
  other.train.add_to(b);
  CHECK(a.value() != b.value());

  CHECK(flan::split(file, 7, 0.0).held_out.size() == 0);
  CHECK(flan::split(file, 7, 1.0).train.size() == 0);
  CHECK_THROWS_WITH(flan::split(file, 7, 1.5), ContainsSubstring("from 0 to 1, but is 1.5"));

  flan::source<labelled> const memory(std::vector<labelled>{{1, "a", {}}, {1, "b", {}}, {2, "c", {}}, {2, "d", {}}});
  for (std::uint64_t key = 0; key < 20; ++key) {
    auto const by_id = flan::split(memory, key, 0.5, [](labelled const& r) { return std::to_string(r.id); });
    CHECK(by_id.train.size() % 2 == 0);
  }
}

TEST_CASE_METHOD(one_file, "SuperGLUE: labels of every type become the choice's positions") {
  using namespace flan::superglue;
  CHECK(flan::jsonl<boolq>(put(R"({"passage": "p", "question": "q", "label": true, "idx": 3})"))[0].label.index() == 1);
  CHECK(
      flan::jsonl<copa>(put(R"({"premise": "p", "choice1": "a", "choice2": "b", "question": "effect", "label": 1})"))[0]
          .label.text() == "choice2");
  CHECK(flan::jsonl<cb>(put(R"({"premise": "p", "hypothesis": "h", "label": "contradiction"})"))[0].label.index() == 1);
  auto const coreference = flan::jsonl<wsc>(put(
      R"({"text": "t", "target": {"span2_index": 2, "span1_index": 1, "span1_text": "a", "span2_text": "b"}, "label": false})"))
      [0];
  CHECK((coreference.span2 == "b" && coreference.index1 == 1 && coreference.label.index() == 0));
  CHECK_THROWS_WITH(flan::jsonl<cb>(put(R"({"premise": "p", "hypothesis": "h", "label": true})")),
                    ContainsSubstring("\"label\" should be one of \"entailment\""));

  auto const answers = multirc_answers(put(
      R"({"idx": 9, "version": 1.1, "passage": {"text": "p", "questions": [{"question": "q", "answers": [{"text": "a", "idx": 1, "label": 0}, {"text": "b", "idx": 2, "label": 1}], "idx": 4}, {"question": "r", "answers": [], "idx": 5}, {"question": "s", "idx": 6, "answers": [{"text": "c", "idx": 3, "label": 1}]}]}})"));
  REQUIRE(answers.size() == 3);
  CHECK((answers[1].question == "q" && answers[1].answer == "b" && answers[1].label.text() == "yes"));
  CHECK((answers[2].question_number == 6 && answers[2].paragraph_number == 9 && answers[2].answer_number == 3));

  auto const queries = record_queries(put(
      R"({"passage": {"text": "Éa met Bob. Bob ran.", "entities": [{"start": 0, "end": 1}, {"start": 7, "end": 9}, {"start": 12, "end": 14}]}, "qas": [{"query": "@placeholder ran", "idx": 2, "answers": [{"start": 7, "end": 9, "text": "Bob"}, {"start": 12, "end": 14, "text": "Bob"}]}, {"query": "x", "idx": 3}]})"));
  REQUIRE(queries.size() == 2);
  CHECK(queries[0].entities == std::vector<std::string>{"Éa", "Bob"});
  CHECK(queries[0].answers == std::vector<std::string>{"Bob"});
  CHECK(queries[1].answer.empty());
  CHECK_THROWS_WITH(
      record_queries(put(
          R"({"passage": {"text": "a", "entities": [{"start": 0, "end": 1}]}, "qas": [{"query": "x", "idx": 3}]})")),
      ContainsSubstring("data:1: an entity from code point 0 to 1 is not in the passage"));
  for (char const* ends : {R"("start": 1, "end": 0)", R"("start": 0, "end": 18446744073709551615)"})
    CHECK_THROWS_WITH(record_queries(put(flan::sentence(R"({"passage": {"text": "ab", "entities": [{)", ends,
                                                        R"(}]}, "qas": [{"query": "x", "idx": 3}]})"))),
                      ContainsSubstring("is not in the passage"));
}
