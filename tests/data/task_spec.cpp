/// Tasks by names of the run time: the families of the catalog without their types, formats, parts of the data.

#include "flan/data/task_spec.hpp"

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "flan/data/file_pattern.hpp"
#include "flan/data/joined.hpp"
#include "flan/data/open_task.hpp"
#include "flan/prompt/catalog.hpp"
#include "prompt/catalog_records.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {
using flan::testing::put_file;
using flan::testing::temporary_folder;
using nlohmann::json;
using strings = std::vector<std::string>;

template <class R>
std::string as_json(R const& r) {
  json object(json::value_t::object);
  flan::for_each_member(r, [&]<class T>(std::string_view name, T const& value) {
    if constexpr (std::is_same_v<T, flan::any_choice>)
      object[std::string(name)] = {{"options", value.options()}, {"right", value.index()}};
    else if constexpr (flan::is_choice<T>)
      object[std::string(name)] = std::string(value.text());
    else
      object[std::string(name)] = value;
  });
  return object.dump();
}

template <class R, std::size_t N>
void compare_family(std::string_view name, flan::instruction<R> const (&wordings)[N]) {
  auto const all = flan::testing::sample_records<R>();
  flan::task_spec s;
  s.name = "t";
  s.family = name;
  for (auto const& r : all) s.records.push_back(as_json(r));
  std::vector<flan::task_form> const forms{{},
                                           {.options = flan::option_form::varied},
                                           {.options = flan::option_form::left_out},
                                           {.exemplars = flan::exemplars::mixed, .shots = 2}};
  s.forms = forms;
  auto const erased = flan::load_task(s);
  auto const typed = flan::task<R>("t", all, wordings).with_forms(forms);
  CAPTURE(name);
  REQUIRE(erased.size() == all.size());
  REQUIRE(erased.wordings() == N);
  for (std::uint64_t i = 0; i < all.size(); ++i)
    for (std::uint32_t w = 0; w < N; ++w)
      for (std::uint32_t f = 0; f < forms.size(); ++f)
        for (std::uint64_t key = 0; key < 5; ++key) {
          auto const a = erased(i, w, f, key), b = typed(i, w, f, key);
          CHECK(a.text == b.text);
          CHECK(a.exemplars == b.exemplars);
        }
}

flan::task_spec spec(std::string family, strings records) {
  flan::task_spec s;
  s.name = "t";
  s.family = std::move(family);
  s.records = std::move(records);
  return s;
}
flan::task_spec worded(std::string input, std::string target, strings records) {
  auto s = spec("", std::move(records));
  s.templates = {{std::move(input), std::move(target)}};
  return s;
}
std::string message(flan::task_spec const& s, flan::load_task_options const& o = {}) {
  try {
    static_cast<void>(flan::open_task(s, o));
  } catch (flan::error const& e) {
    return e.what();
  }
  return "no error";
}
}  // namespace

TEST_CASE("a family of the run time words records as the typed one does, in every form") {
  std::size_t families = 0;
  flan::catalog::for_each_family([&](std::string_view name, auto const& wordings) {
    compare_family(name, wordings);
    ++families;
  });
  auto const names = flan::task_families();
  CHECK(names.size() == families + 2);
  CHECK(std::set<std::string_view>(names.begin(), names.end()).size() == names.size());
  CHECK(flan::family_fields("nli") == strings{"premise", "hypothesis", "label"});
  CHECK(flan::family_fields("natural_instructions") == strings{"definition", "input", "output"});
}

TEST_CASE("lists of more options than letters get bullets") {
  json options(json::value_t::array);
  for (int i = 0; i < 60; ++i) options.push_back("option " + std::to_string(i));
  json const record{{"text", "words"}, {"topic", {{"options", options}, {"right", 59}}}};
  auto s = spec("topic", {record.dump()});
  s.forms = {{.options = flan::option_form::varied}};
  auto const t = flan::load_task(s);
  for (std::uint64_t key = 0; key < 200; ++key) CHECK(t(0, 0, 0, key).text.target == "option 59");
}

TEST_CASE("fields are read from where they stand") {
  auto const one = [](flan::field_spec const& f, std::string const& record, std::string const& family = "topic",
                      std::string const& field = "topic") {
    auto s = spec(family, {record});
    s.fields = {{field, f}};
    return flan::load_task(s)(0, 0).target;
  };
  using flan::field_spec;
  CHECK(one({.from = "a.b"}, R"({"text": "x", "a": {"b": {"options": ["p", "q"], "right": 1}}})") == "q");
  CHECK(one({.choices = {"p", "q"}, .right = "n"}, R"({"text": "x", "n": 1})") == "q");
  CHECK(one({.choices = {"p", "q"}, .right = "n", .first = "1"}, R"({"text": "x", "n": 1})") == "p");
  CHECK(one({.choices = {"p", "q"}, .right = "n", .first = "A"}, R"({"text": "x", "n": "B"})") == "q");
  CHECK(one({.choices = {"p", "q"}, .right = "n", .first = "A"}, R"j({"text": "x", "n": "(B)"})j") == "q");
  CHECK(one({.choices = {"p", "q"}, .right = "n"}, R"({"text": "x", "n": "q"})") == "q");
  CHECK(one({.options = {"o1", "o2"}, .right = "n"}, R"({"text": "x", "o1": "p", "o2": 7, "n": 1})") == "7");
  CHECK(one({.options = {"c.text"}, .right = "n"}, R"({"text": "x", "c": {"text": ["p", "q"]}, "n": "1"})") == "q");
  CHECK(one({.options = {"c.*.t"}, .right = "n", .first = "A"},
            R"({"text": "x", "c": [{"t": "p"}, {"t": "q"}], "n": "B"})") == "q");
  CHECK(one({.from = "n", .values = {{"1", "World"}, {"2", "Sports"}}}, R"({"text": "x", "n": 2})") == "Sports");
  // Of options that all records share: the text, the place, of two a truth; the words of a file.
  auto const yes = [&](std::string const& label, flan::field_spec const& f = {}) {
    return one(f, R"({"passage": "p", "question": "q", "answer": )" + label + "}", "boolean_qa", "answer");
  };
  CHECK(yes("\"yes\"") == "yes");
  CHECK(yes("true") == "yes");
  CHECK(yes("\"true\"") == "yes");
  CHECK(yes("false") == "no");
  CHECK(yes("1") == "yes");
  CHECK(yes("\"gewiss\"", {.values = {{"gewiss", "yes"}, {"nie", "no"}}}) == "yes");
  // Texts: a constant, several values in one, a list; a text may be empty.
  auto s = spec("", {R"({"de": "Hund", "en": "dog", "n": 3, "list": ["a", 2], "o": ""})"});
  s.fields = {{"source_language", {.text = "German"}},
              {"target_language", {.pattern = "{{{n}}} {de}"}},
              {"source", {.from = "list", .join = " + "}},
              {"target", {.from = "o"}}};
  s.templates = {{"{source_language}|{target_language}|{source}", "<{target}>"}};
  CHECK(flan::load_task(s)(0, 0) == flan::shot{"German|{3} Hund|a + 2", "<>"});
}

TEST_CASE("truths are read as yes and no, in whatever order a family has them, and as nothing else") {
  auto const label = [](std::string const& family, std::string const& written, flan::field_spec const& f = {}) {
    auto s = spec(family, {R"({"premise": "p", "hypothesis": "h", "text": "t", "label": )" + written +
                           R"(, "feeling": )" + written + "}"});
    if (!f.values.empty()) s.fields = {{"feeling", f}};
    auto const complaint = message(s);
    return complaint == "no error" ? flan::load_task(s)(0, 0).target : complaint;
  };
  CHECK(label("entailment", "true") == "yes");
  CHECK(label("entailment", "false") == "no");
  CHECK(label("entailment", "\"true\"") == "yes");
  // A number is a place in the family's own order.
  CHECK(label("entailment", "0") == "yes");
  CHECK(label("entailment", "1") == "no");
  CHECK(label("sentiment", "1") == "positive");
  for (auto const* written : {"true", "false"}) {
    CHECK(label("sentiment", written) ==
          "records[0]: the field \"feeling\" should be one of \"negative\", \"positive\", but is " +
              std::string(written) + "; \"values\" can say what it means");
    CHECK_THAT(label("nli", written), ContainsSubstring("\"values\" can say what it means"));
  }
  CHECK(label("sentiment", "true", {.values = {{"true", "positive"}, {"false", "negative"}}}) == "positive");
}

TEST_CASE("null is no text, and what must say something is not empty") {
  auto const of = [](std::string family, std::string const& record, std::vector<flan::task_spec> const& like = {}) {
    auto s = spec(std::move(family), {record});
    if (!like.empty()) s.fields = like[0].fields, s.templates = like[0].templates;
    return message(s);
  };
  auto const with = [&](flan::field_spec const& f, std::string const& record) {
    flan::task_spec like;
    like.templates = {{"{a}", "{b}"}};
    like.fields = {{"a", f}};
    return of("", record, {like});
  };
  CHECK(of("chain_of_thought", R"({"question": "q", "answer": null, "chain_of_thought": "c"})") ==
        "records[0]: the field \"answer\" is null");
  CHECK(of("arithmetic", R"({"problem": null, "result": "r"})") == "records[0]: the field \"problem\" is null");
  CHECK(of("arithmetic", R"({"problem": "", "result": "r"})") == "no error");
  CHECK(
      of("nli", R"({"premise": "p", "hypothesis": "h", "label": null})") ==
      "records[0]: the field \"label\" should be one of \"yes\", \"it is not possible to tell\", \"no\", but is null; "
      "\"values\" can say what it means");
  CHECK(of("", R"({"a": "x", "b": null})", {worded("{a}", "{b}", {})}) == "records[0]: the field \"b\" is null");
  CHECK(with({.pattern = "<{x}>"}, R"({"x": null, "b": "y"})") == "records[0]: the field \"x\" is null");
  CHECK(with({.from = "x", .join = " "}, R"({"x": ["1", null], "b": "y"})") == "records[0]: the field \"x\" is null");
  CHECK(with({.from = "x", .join = " "}, R"({"x": null, "b": "y"})") == "records[0]: the field \"x\" is null");
  CHECK(with({.options = {"x", "z"}, .right = "n"}, R"({"x": null, "z": "1", "n": 1, "b": "y"})") ==
        "records[0]: the field \"x\" is null");
  CHECK(with({.options = {"x", "z"}, .right = "n"}, R"({"x": "", "z": "1", "n": 1, "b": "y"})") == "no error");
  CHECK(with({.options = {"x", "z"}, .right = "n"}, R"({"x": "", "z": "1", "n": 0, "b": "y"})") ==
        "records[0]: the right option of the field \"a\" is empty");
  CHECK(of("topic", R"({"text": "t", "topic": {"options": ["", "b"], "right": 0}})") ==
        "records[0]: the right option of the field \"topic\" is empty");
  // The parts of a worked answer say something; an input of Alpaca and texts of Natural Instructions need not.
  for (auto const* record : {R"({"question": "", "answer": "a", "chain_of_thought": "c"})",
                             R"({"question": "q", "answer": "", "chain_of_thought": "c"})",
                             R"({"question": "q", "answer": "a", "chain_of_thought": ""})"})
    CHECK_THAT(of("chain_of_thought", record), ContainsSubstring("\" is empty"));
  CHECK(of("answer_directly", R"({"question": "q", "answer": "a", "chain_of_thought": ""})") == "no error");
  CHECK_THAT(of("answer_directly", R"({"question": "q", "answer": "", "chain_of_thought": "c"})"),
             ContainsSubstring("the field \"answer\" is empty"));
  CHECK(of("alpaca", R"({"instruction": "i", "input": null, "output": "o"})") == "no error");
  CHECK(of("alpaca", R"({"instruction": "i", "output": null})") == "records[0]: the field \"output\" is null");
  CHECK(of("natural_instructions", R"({"definition": "d", "input": "", "output": ""})") == "no error");
  // As any bad record, it is skipped and counted where that is asked for.
  auto s = spec("arithmetic", {R"({"problem": "1", "result": null})", R"({"problem": "1", "result": "1"})"});
  flan::load_task_options o;
  o.read.bad = flan::on_bad_record::skip;
  CHECK(flan::open_task(s, o).skipped == 1);
  CHECK(flan::open_task(s, o).task.size() == 1);
}

TEST_CASE("templates of the run time may list options") {
  auto s = worded("{q}\n{a:options}", "{a}", {R"({"q": "Which?", "x": "this", "y": "that", "right": "B"})"});
  s.fields = {{"a", {.options = {"x", "y"}, .right = "right", .first = "A"}}};
  s.forms = {{}, {.options = flan::option_form::left_out}, {.options = flan::option_form::varied}};
  auto const t = flan::load_task(s);
  CHECK(t(0, 0, 0, 1).text == flan::shot{"Which?\nOPTIONS:\n- this\n- that", "that"});
  CHECK(t(0, 0, 1, 1).text == flan::shot{"Which?", "that"});
  std::set<std::string> targets;
  for (std::uint64_t key = 0; key < 60; ++key) targets.insert(t(0, 0, 2, key).text.target);
  CHECK(targets.size() > 10);  // "that", "(B)", "2.", …
  // A field that is no choice has none.
  s.fields.clear();
  s.templates = {{"{q:options}", "{q}"}};
  CHECK(message(s) == "templates[0]: in the template \"{q:options}\": the field \"q\" is no choice and has no options");
}

TEST_CASE("formats: by name, by the file's name, by its beginning") {
  temporary_folder const folder;
  auto const open = [&](std::string const& name, std::string const& content, auto&& change) {
    auto s = worded("{q}", "{a}", {});
    s.files = {folder / name};
    put_file(s.files[0], content);
    change(s);
    return flan::load_task(s);
  };
  auto const same = [](flan::task_spec&) {};
  flan::shot const expected{"1?", "yes"};
  CHECK(open("a.jsonl", "{\"q\": \"1?\", \"a\": \"yes\"}\n", same)(0, 0) == expected);
  CHECK(open("a.json", "[{\"q\": \"1?\", \"a\": \"yes\"}]", same)(0, 0) == expected);
  CHECK(open("lines.json", "{\"q\": \"1?\", \"a\": \"yes\"}\n{\"q\": \"2?\", \"a\": \"no\"}\n", same).size() == 2);
  CHECK(open("crlf.json", "{\"q\": \"1?\", \"a\": \"yes\"}\r\n\r\n{\"q\": \"2?\", \"a\": \"no\"}", same).size() == 2);
  CHECK(open("a.tsv", "q\ta\n1?\tyes\n", same)(0, 0) == expected);
  CHECK(open("b.tsv", "yes\t1?\\n2?\n", [](auto& s) {
          s.columns = {"a", "q"};
          s.unescape = {"q"};
        })(0, 0) == flan::shot{"1?\n2?", "yes"});
  CHECK(open("a.csv", "q,a\r\n\"1?\",yes\r\n", same)(0, 0) == expected);
  CHECK(open("deep.json", "{\"all\": [{\"q\": \"1?\", \"a\": \"yes\"}]}", [](auto& s) {
          s.format = "json";
          s.where = "all.*";
        })(0, 0) == expected);
  CHECK(open("a.txt", "one\n\ntwo\n", [](auto& s) { s.templates = {{"{text}", "{text}"}}; }).size() == 2);
  CHECK(open("p.txt", "one\nmore\n\ntwo\n", [](auto& s) {
          s.format = "paragraphs";
          s.templates = {{"{text}", "{text}"}};
        })(0, 0) == flan::shot{"one\nmore", "one\nmore"});
  auto const cot = open("c.tsv", "1?\\n2?\tyes\\n\tso\\nso\n", [](auto& s) {
    s.format = "cot";
    s.templates.clear();
    s.family = "answer_directly";
  });
  CHECK(cot(0, 0) == flan::shot{"1?\n2?\nAnswer:", "yes\\n"});
  for (auto const& f : flan::task_formats()) CHECK_FALSE(f.about.empty());
  // A packed file is what unpacks to.
  auto s = worded("{q}", "{a}", {});
  s.files = {folder / "packed.tsv.gz"};
  flan::load_task_options o;
  o.unpack = [&](std::filesystem::path const& packed) {
    CHECK(packed == s.files[0]);
    return folder / "a.tsv";
  };
  CHECK(flan::load_task(s, o)(0, 0) == expected);
}

TEST_CASE("published layouts stand for a family") {
  temporary_folder const folder;
  auto const open = [&](std::string const& format, std::string const& content) {
    flan::task_spec s;
    s.name = "t";
    s.format = format;
    s.files = {folder / "data"};
    put_file(s.files[0], content);
    return flan::open_task(s);
  };
  auto const copa = open("superglue/copa",
                         "{\"premise\": \"It rained.\", \"choice1\": \"He got wet.\", \"choice2\": \"He sang.\", "
                         "\"question\": \"effect\", \"label\": 0}\n");
  CHECK(copa.family == "commonsense");
  CHECK(copa.task(0, 0) ==
        flan::shot{"It rained. Because of this\nWhat comes next?\nOPTIONS:\n- He got wet.\n- He sang.", "He got wet."});
  auto const cb = open("superglue/cb", "{\"premise\": \"p\", \"hypothesis\": \"h\", \"label\": \"neutral\"}\n");
  CHECK(cb.family == "nli");
  CHECK(cb.task(0, 0).target == "it is not possible to tell");
  auto const rte =
      open("superglue/rte", "{\"premise\": \"p\", \"hypothesis\": \"h\", \"label\": \"not_entailment\"}\n");
  CHECK(rte.task(0, 0).target == "no");
  auto const boolq = open("superglue/boolq", "{\"passage\": \"p\", \"question\": \"q\", \"label\": true}\n");
  CHECK(boolq.task(0, 0).target == "yes");
  auto const wic =
      open("superglue/wic", "{\"word\": \"w\", \"sentence1\": \"a\", \"sentence2\": \"b\", \"label\": false}\n");
  CHECK(wic.task(0, 0).target == "no");
  auto const wsc =
      open("superglue/wsc",
           "{\"text\": \"Al saw Bo; he ran.\", \"target\": {\"span1_text\": \"Al\", \"span2_text\": \"he\"}, "
           "\"label\": true}\n");
  CHECK(wsc.task(0, 0) ==
        flan::shot{"Al saw Bo; he ran.\n\nQuestion: Does \"he\" refer to \"Al\"?\nOPTIONS:\n- no\n- yes", "yes"});
  auto const multirc =
      open("superglue/multirc",
           "{\"idx\": 0, \"passage\": {\"text\": \"p\", \"questions\": [{\"idx\": 0, \"question\": \"Q?\", "
           "\"answers\": [{\"idx\": 0, \"text\": \"x\", \"label\": 0}, {\"idx\": 1, \"text\": \"y\", "
           "\"label\": 1}]}]}}\n");
  CHECK(multirc.task.size() == 2);
  CHECK(multirc.task(1, 0) ==
        flan::shot{"p\n\nQuestion: Q? Would \"y\" be a right answer?\nOPTIONS:\n- no\n- yes", "yes"});
  auto const record =
      open("superglue/record",
           "{\"passage\": {\"text\": \"Al met Bo.\", \"entities\": [{\"start\": 0, \"end\": 1}, {\"start\": "
           "7, \"end\": 8}]}, \"qas\": [{\"idx\": 0, \"query\": \"@placeholder was met.\", \"answers\": "
           "[{\"text\": \"Bo\"}]}]}\n");
  CHECK(record.family == "reading_comprehension");
  CHECK(record.task(0, 0).target == "Bo");
  auto const squad =
      open("squad",
           "{\"data\": [{\"paragraphs\": [{\"context\": \"Al ran.\", \"qas\": [{\"id\": \"1\", \"question\": "
           "\"Who?\", \"answers\": [{\"text\": \"Al\", \"answer_start\": 0}]}]}]}]}");
  CHECK(squad.family == "extractive_qa");
  CHECK(squad.task(0, 0) == flan::shot{"Al ran.\n\nWho?", "Al"});
  auto const alpaca = open("alpaca",
                           "[{\"instruction\": \"Add.\", \"input\": \"1, 2\", \"output\": \"3\"}, {\"instruction\": "
                           "\"Sing.\", \"output\": \"La\"}]");
  CHECK(alpaca.task(0, 1) == flan::shot{"Instruction: Add.\nInput: 1, 2\nResponse:", "3"});
  auto const lines = flan::load_task(spec("alpaca", {R"({"instruction": "Sing.", "output": "La", "input": null})"}));
  CHECK(lines(0, 1) == flan::shot{"Instruction: Sing.\nResponse:", "La"});
  CHECK(lines(0, 9) == flan::shot{"A request got the answer that you see here. What was the request?\n\nLa", "Sing."});
  CHECK(alpaca.task(1, 1) == flan::shot{"Instruction: Sing.\nResponse:", "La"});
}

TEST_CASE("Natural Instructions draw a reference by the key, and all of them count") {
  temporary_folder const folder;
  flan::task_spec s;
  s.name = "t";
  s.format = "niv2";
  s.files = {folder / "task1_x.json"};
  put_file(s.files[0],
           "{\"Definition\": [\"Do.\"], \"Instances\": [{\"id\": \"a\", \"input\": \"i\", \"output\": [\"x\", "
           "\"y\", \"z\"]}]}");
  auto const report = flan::open_task(s);
  CHECK(report.family == "natural_instructions");
  CHECK(report.task(0, 0) == flan::shot{"Do.\n\ni", "x"});
  CHECK(report.task.targets(0, 0) == strings{"x", "y", "z"});
  std::set<std::string> drawn;
  for (std::uint64_t key = 0; key < 60; ++key) drawn.insert(report.task(0, 0, 0, key).text.target);
  CHECK(drawn == std::set<std::string>{"x", "y", "z"});
  s.templates = {{"{definition} {input}", "{output}!"}};
  CHECK(flan::load_task(s)(0, 0) == flan::shot{"Do. i", "x!"});
  CHECK(flan::load_task(s).targets(0, 0) == strings{"x!", "y!", "z!"});
  flan::natural_instruction const one{"d", "i", "x", "id", {"x", "y"}, nullptr};
  CHECK(one.with_reference(1).output == "y");
  CHECK_THROWS_WITH(one.with_reference(2), "the instance id has 2 references; asked for 2");
}

TEST_CASE("worked answers turned round beside themselves") {
  auto s = spec("chain_of_thought", {R"({"question": "q", "answer": "a", "chain_of_thought": "c"})"});
  s.inverted = true;
  auto const report = flan::open_task(s);
  REQUIRE(report.inverted);
  CHECK(report.inverted->name() == "t/inverted");
  CHECK((*report.inverted)(0, 0).target == "q");
  CHECK(report.inverted->fingerprint() != report.task.fingerprint());
}

TEST_CASE("several files are one source; parts are told by a hash; wordings are chosen by number") {
  temporary_folder const folder;
  auto s = worded("{q}", "{q}", {});
  for (int f = 0; f < 3; ++f) {
    std::string lines;
    for (int i = 0; i < 200; ++i) lines += "{\"q\": \"" + std::to_string(f * 200 + i) + "\"}\n";
    s.files.push_back(folder / (std::to_string(f) + ".jsonl"));
    put_file(s.files.back(), lines);
  }
  auto const whole = flan::load_task(s);
  REQUIRE(whole.size() == 600);
  for (std::uint64_t i = 0; i < 600; ++i) CHECK(whole(i, 0).input == std::to_string(i));
  s.split = flan::split_spec{flan::split_spec::part::train, 0.25, 5};
  auto const train = flan::load_task(s);
  s.split->which = flan::split_spec::part::held_out;
  auto const held = flan::load_task(s);
  CHECK(train.size() + held.size() == 600);
  CHECK(held.size() > 100);
  CHECK(held.size() < 200);
  std::set<std::string> all;
  for (auto const* t : {&train, &held})
    for (std::uint64_t i = 0; i < t->size(); ++i) all.insert((*t)(i, 0).input);
  CHECK(all.size() == 600);
  CHECK(train.fingerprint() != held.fingerprint());

  auto chosen = spec("arithmetic", {R"({"problem": "1 + 1?", "result": "2"})"});
  chosen.wordings = {3, 0};
  auto const t = flan::load_task(chosen);
  CHECK(t.wordings() == 2);
  CHECK(t(0, 0).input == "1 + 1? What do you get?");
  CHECK(t(0, 1).input == "1 + 1?");
  CHECK_THROWS_WITH(flan::joined(std::vector<flan::source<flan::option_record>>{}), ContainsSubstring("found none"));
}

TEST_CASE("bad records stop or are counted, and say where they are") {
  temporary_folder const folder;
  auto s = worded("{q}", "{a}", {});
  s.files = {folder / "x.jsonl"};
  put_file(s.files[0], "{\"q\": \"1\", \"a\": \"2\"}\n{\"q\": \"1\"}\n{\"q\": \"3\", \"a\": \"4\"}\n");
  CHECK(message(s) == s.files[0].string() + ":2: the field \"a\" is missing; the record has \"q\"");
  flan::load_task_options o;
  o.read.bad = flan::on_bad_record::skip;
  auto const report = flan::open_task(s, o);
  CHECK(report.task.size() == 2);
  CHECK(report.skipped == 1);
  auto in_memory = worded("{q}", "{a}", {R"({"q": "1", "a": "2"})", R"({"q": "1"})"});
  CHECK(message(in_memory) == "records[1]: the field \"a\" is missing; the record has \"q\"");
  CHECK(flan::open_task(in_memory, o).skipped == 1);
}

TEST_CASE("the kept index knows of the fields") {
  temporary_folder const folder;
  std::string lines;
  for (int i = 0; i < 2000; ++i) lines += "{\"q\": \"1\", \"a\": " + std::string(i == 7 ? "5" : "1") + "}\n";
  auto s = worded("{q}", "{a}", {});
  s.files = {folder / "x.jsonl"};
  put_file(s.files[0], lines);
  flan::load_task_options o;
  o.read.bad = flan::on_bad_record::skip;
  CHECK(flan::open_task(s, o).skipped == 0);
  s.fields = {{"a", {.values = {{"1", "one"}}}}};
  CHECK(flan::open_task(s, o).skipped == 1);
  s.fields[0].second.values.push_back({"5", "five"});
  CHECK(flan::open_task(s, o).skipped == 0);
}

TEST_CASE("files by a pattern") {
  temporary_folder const folder;
  for (auto const* name :
       {"a/train.jsonl", "a/test.jsonl", "b/train.jsonl", ".hidden/train.jsonl", "c d/train.jsonl"}) {
    std::filesystem::create_directories((folder / name).parent_path());
    put_file(folder / name, "");
  }
  auto const found = [&](std::string const& pattern) {
    strings all;
    for (auto const& f : flan::matching_files(folder.path, pattern))
      all.push_back(f.lexically_relative(folder.path).generic_string());
    return all;
  };
  CHECK(found("*/train.jsonl") == strings{"a/train.jsonl", "b/train.jsonl", "c d/train.jsonl"});
  CHECK(found("a/*.jsonl") == strings{"a/test.jsonl", "a/train.jsonl"});
  CHECK(found("a/t*st*") == strings{"a/test.jsonl"});
  CHECK(found("a/train.jsonl") == strings{"a/train.jsonl"});
  CHECK(found("a/none.jsonl").empty());
  CHECK(found("a").empty());
  CHECK(found("*").empty());
  CHECK(flan::matching_files("", (folder / "b/*").string()).size() == 1);
  CHECK(flan::detail::name_matches("*a*b", "xaxxab"));
  CHECK_FALSE(flan::detail::name_matches("*a*b", "xaxxabc"));
  // A hostile pattern takes no exponential time.
  CHECK_FALSE(flan::detail::name_matches("*a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST_CASE("a specification that makes no sense says why") {
  strings const one{R"({"premise": "p", "hypothesis": "h", "label": "yes"})"};
  CHECK(message(spec("nil", one)) == "family: there is no family \"nil\"; did you mean \"nli\"?");
  CHECK_THAT(message(spec("rhetoric", one)), ContainsSubstring("expected one of nli, entailment"));
  CHECK(message(spec("", one)) == "family: the format jsonl stands for no family; expected a family, or templates");
  CHECK(message(spec("nli", {})) == "files: the task t needs files, or records of its own");
  auto s = spec("nli", one);
  s.files = {"x.jsonl"};
  CHECK(message(s) == "records: the task t has files and records of its own; expected one of them");
  s = spec("nli", one);
  s.name = "";
  CHECK(message(s) == "name: a task needs a name");
  s = spec("nli", one);
  s.templates = {{"a", "b"}};
  CHECK_THAT(message(s), ContainsSubstring("more than one of family, templates and prompts"));
  s = spec("nli", one);
  s.format = "jsnl";
  CHECK(message(s) == "format: there is no format \"jsnl\"; did you mean \"jsonl\"?");
  s.format = "jsonl";
  s.columns = {"a"};
  CHECK(message(s) == "columns: the format jsonl is no table of any columns");
  s.columns.clear();
  s.where = "*";
  CHECK_THAT(message(s), ContainsSubstring("where: only the format json"));
  s = spec("nli", one);
  s.wordings = {0, 99};
  CHECK(message(s) == "wordings: nli has 12 wordings, numbered from 0; there is no number 99");
  s.wordings = {1, 1};
  CHECK(message(s) == "wordings: number 1 stands twice");
  s = spec("nli", one);
  s.inverted = true;
  CHECK_THAT(message(s), ContainsSubstring("inversion: only worked answers"));
  s = spec("nli", one);
  s.split = flan::split_spec{flan::split_spec::part::train, 1.5, 0};
  CHECK(message(s) == "split.share: the share to hold out should lie between 0 and 1, but is 1.5");
  s = worded("{q", "{a}", one);
  CHECK_THAT(message(s), ContainsSubstring("templates[0]: in the template \"{q\": a brace is left open"));
  s = spec("nli", {});
  s.files = {"x.jsonl.gz"};
  CHECK_THAT(message(s), ContainsSubstring("is packed, and this program was built without what unpacks it"));
  s.files = {"x.parquet"};
  CHECK(message(s) == "format: the name of x.parquet does not tell what it is; say its format");
  s.files = {"x.jsonl"};
  s.prompts = "templates.yaml";
  s.family = "";
  CHECK_THAT(message(s), ContainsSubstring("prompts: promptsource's templates need yaml-cpp"));
  s = spec("nli", one);
  s.forms = {{.exemplars = flan::exemplars::pruned}};
  CHECK_THAT(message(s), ContainsSubstring("nothing that counts their tokens"));
  temporary_folder const folder;
  s = spec("nli", {});
  s.files = {folder / "x.json"};
  for (auto const* text : {"{\n \"a\": 1\n}", "{\"a\": {}, \"b\": [\n{}]}", "{\"a\": 1}", "{", "", "7"}) {
    put_file(s.files[0], text);
    CHECK_THAT(message(s), ContainsSubstring("is neither a list nor an object a line"));
  }
  CHECK_THROWS_WITH(flan::family_fields("nli2"), ContainsSubstring("did you mean \"nli\"?"));
}

TEST_CASE("a field's specification that makes no sense says why") {
  using flan::field_spec;
  auto const complaint = [&](std::string const& name, field_spec const& f, std::string const& family = "nli") {
    auto s = spec(family,
                  {R"({"premise": "p", "hypothesis": "h", "label": "yes", "text": "t", "n": "1", "o": ["1", "0"]})"});
    s.fields = {{name, f}};
    return message(s);
  };
  CHECK(complaint("lable", {}) == "fields.lable: the family nli has no field \"lable\"; did you mean \"label\"?");
  CHECK(complaint("label", {.values = {{"yes", "Yes"}}}) ==
        "fields.label: \"yes\" is said to mean \"Yes\"; did you mean \"yes\"?");
  CHECK_THAT(
      complaint("label", {.choices = {"a"}, .right = "n"}),
      ContainsSubstring("fields.label: it is one of \"yes\", \"it is not possible to tell\", \"no\" in all records"));
  CHECK_THAT(complaint("label", {.pattern = "{premise}"}), ContainsSubstring("not a text that can be put"));
  CHECK_THAT(complaint("label", {.text = "maybe"}), ContainsSubstring("\"maybe\" is none of its options"));
  CHECK_THAT(complaint("premise", {.text = "a", .join = "b"}), ContainsSubstring("only one of text, template"));
  CHECK_THAT(complaint("premise", {.from = "n", .text = "a"}),
             ContainsSubstring("read from the field \"n\" or made up"));
  CHECK_THAT(complaint("premise", {.pattern = "{n:options}"}), ContainsSubstring("lists no options"));
  CHECK_THAT(complaint("premise", {.pattern = "{n"}), ContainsSubstring("a mistake with a brace at \"{n\""));
  CHECK_THAT(complaint("topic", {.choices = {"a"}}, "topic"), ContainsSubstring("options need \"right\""));
  CHECK_THAT(complaint("topic", {.right = "n"}, "topic"), ContainsSubstring("\"right\" needs \"options\""));
  CHECK_THAT(complaint("topic", {.text = "a"}, "topic"), ContainsSubstring("a single text does not give"));
  CHECK_THAT(complaint("topic", {.choices = {"a"}, .right = "n", .first = "first"}, "topic"),
             ContainsSubstring("\"first\" should be a number or a letter, but is \"first\""));
  // What only a record shows.
  CHECK_THAT(
      complaint("topic", {.choices = {"a"}, .right = "n"}, "topic"),
      ContainsSubstring("records[0]: the field \"n\" should say which of 1 options is right, the first being \"0\", "
                        "but is \"1\""));
  CHECK_THAT(complaint("topic", {.options = {"o"}, .right = "n"}, "topic"),
             ContainsSubstring("is one option's text and another's place"));
  CHECK_THAT(complaint("topic", {.options = {"text"}, .right = "n"}, "topic"),
             ContainsSubstring("the field \"text\" should be a list, but is \"t\""));
  CHECK_THAT(complaint("topic", {.from = "text"}, "topic"),
             ContainsSubstring("\"options\" and \"right\" can say where"));
  CHECK_THAT(complaint("premise", {.from = "o"}), ContainsSubstring("\"join\" makes one text of a list"));
  CHECK_THAT(complaint("premise", {.from = "o.9"}), ContainsSubstring("the field \"o.9\" is missing; the record has"));
  CHECK_THAT(complaint("label", {.from = "text"}),
             ContainsSubstring(
                 "should be one of \"yes\", \"it is not possible to tell\", \"no\", but is \"t\"; \"values\" can"));
  CHECK_THAT(complaint("label", {.from = "text", .values = {{"x", "yes"}}}),
             ContainsSubstring("the field \"text\" is \"t\", which \"values\" does not explain; it explains \"x\""));
}

TEST_CASE("wordings of Natural Instructions and Alpaca differ") {
  auto const different = [](std::vector<std::string> const& all) {
    REQUIRE(all.size() >= 10);
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) {
        CAPTURE(all[i], all[j]);
        CHECK(flan::detail::edit_distance(all[i], all[j]) * 5 > std::max(all[i].size(), all[j].size()));
      }
  };
  strings natural, with, alone;
  for (auto const& w : flan::natural_instruction_wordings) natural.emplace_back(w.input.text());
  for (auto const& w : flan::alpaca_wordings) {
    with.emplace_back(w.input.text());
    alone.emplace_back(w.alone.text());
    CHECK(w.alone.text().find("{input}") == std::string_view::npos);
  }
  different(natural);
  different(with);
  different(alone);
}
