/// Mixtures written down: rates, what parts take from what they are in, and each mistake's message.

#include "flan/data/mixture_file.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {
using flan::testing::get_file;
using flan::testing::put_file;
using flan::testing::temporary_folder;
using strings = std::vector<std::string>;

/// A task of n sums, in words that name the task.
std::string sums(std::string const& name, int n, std::string const& more = "") {
  std::string records;
  for (int i = 0; i < n; ++i)
    records +=
        std::string(i == 0 ? "" : ", ") + "{\"problem\": \"" + name + std::to_string(i) + "\", \"result\": \"r\"}";
  return "{\"name\": \"" + name + "\", \"family\": \"arithmetic\"" + more + ", \"records\": [" + records + "]}";
}
std::string worked(std::string const& name, int n, std::string const& more = "") {
  std::string records;
  for (int i = 0; i < n; ++i)
    records += std::string(i == 0 ? "" : ", ") + "{\"question\": \"" + name + std::to_string(i) +
               "\", \"answer\": \"a\", \"chain_of_thought\": \"c\"}";
  return "{\"name\": \"" + name + "\", \"family\": \"chain_of_thought\"" + more + ", \"records\": [" + records + "]}";
}
std::string mixture(std::string const& parts, std::string const& more = "") {
  return "{\"name\": \"m\"" + more + ", \"parts\": [" + parts + "]}";
}
flan::mixture_description read(std::string const& text, flan::mixture_file_options const& o = {}) {
  return flan::read_mixture_text(text, "m.json", o);
}
std::map<std::string, double> rates(flan::mixture_description const& d) {
  std::map<std::string, double> all;
  for (auto const& e : d.entries) all[e.name] = e.rate;
  return all;
}
std::string message(std::string const& text, flan::mixture_file_options const& o = {}) {
  try {
    static_cast<void>(read(text, o));
  } catch (flan::error const& e) {
    return e.what();
  }
  return "no error";
}
}  // namespace

TEST_CASE("rates: by size with cap and temperature, by weight, nested") {
  auto const capped = rates(read(mixture(sums("a", 10) + "," + sums("b", 40), ", \"cap\": 30")));
  CHECK(capped.at("a") == Approx(0.25));
  CHECK(capped.at("b") == Approx(0.75));
  auto const warm = rates(read(mixture(sums("a", 10) + "," + sums("b", 40), ", \"temperature\": 2")));
  CHECK(warm.at("b") / warm.at("a") == Approx(2));
  auto const d = read(mixture(sums("a", 10, ", \"weight\": 0.4") + ", {\"name\": \"g\", \"cap\": 20, \"parts\": [" +
                              sums("b", 20) + ", " + sums("c", 80) + "]}, " + sums("d", 40)));
  auto const nested = rates(d);
  // g has 100 records beside d's 40; within g both count 20.
  CHECK(nested.at("a") == Approx(0.4));
  CHECK(nested.at("g/b") == Approx(0.6 * 100 / 140 / 2));
  CHECK(nested.at("g/c") == Approx(0.6 * 100 / 140 / 2));
  CHECK(nested.at("d") == Approx(0.6 * 40 / 140));
  REQUIRE(d.entries.size() == 4);
  CHECK(d.name == "m");
  CHECK_FALSE(d.entries[0].cap);
  CHECK(d.entries[1].cap == 20u);
  CHECK(d.entries[2].records == 80);
  CHECK(d.entries[2].task == "c");
  CHECK(d.entries[2].family == "arithmetic");
  CHECK(d.entries[2].format == "jsonl");
  // A share of 0 leaves a part out.
  auto const without = read(mixture(sums("a", 1, ", \"weight\": 0") + "," + sums("b", 1, ", \"weight\": 2")));
  CHECK(without.mixture->tasks().size() == 1);
  CHECK(rates(without).at("b") == 1);
  CHECK(without.entries[0].present);
}

TEST_CASE("forms and optional parts come from what a part is in") {
  auto const d = read(mixture(sums("a", 3) +
                                  ", {\"name\": \"g\", \"forms\": [{\"exemplars\": \"mixed\", \"shots\": 3}], "
                                  "\"parts\": [" +
                                  sums("b", 3) + ", " +
                                  sums("c", 3, ", \"forms\": [{\"options\": \"varied\", \"rate\": 0.5}, {}]") + "]}",
                              ", \"forms\": [{\"options\": \"left out\"}]"));
  using flan::task_form;
  CHECK(d.entries[0].forms == std::vector<task_form>{{.options = flan::option_form::left_out}});
  CHECK(d.entries[1].forms == std::vector<task_form>{{.exemplars = flan::exemplars::mixed, .shots = 3}});
  CHECK(d.entries[2].forms == std::vector<task_form>{{.options = flan::option_form::varied, .rate = 0.5}, task_form{}});
  for (std::size_t i = 0; i < 3; ++i) CHECK(d.mixture->tasks()[i].forms() == d.entries[i].forms);
}

TEST_CASE("an inversion weighs beside 1, and changes nothing outside") {
  for (auto const& text :
       {mixture(worked("w", 10, ", \"inversion\": 0.3") + ", " + sums("s", 10)),
        mixture("{\"name\": \"g\", \"inversion\": 0.3, \"parts\": [" + worked("w", 10) + "]}, " + sums("s", 10))}) {
    auto const d = read(text);
    REQUIRE(d.entries.size() == 3);
    CHECK(d.entries[1].task == "w/inverted");
    CHECK(d.entries[1].family == "input_inversion");
    CHECK(d.entries[0].rate == Approx(0.5 / 1.3));
    CHECK(d.entries[1].rate == Approx(0.5 * 0.3 / 1.3));
    CHECK(d.entries[2].rate == Approx(0.5));
  }
  // In a group each weighs beside itself; what cannot be turned round stays as it is.
  auto const d = rates(read(
      mixture(worked("a", 10) + ", " + worked("b", 30) + ", " + sums("s", 40), ", \"inversion\": 0.25, \"cap\": 30")));
  CHECK(d.at("a") == Approx(10 / 80.0));
  CHECK(d.at("s") == Approx(30 / 80.0));
  CHECK(d.at("a/inverted") == Approx(0.25 * 10 / 80));
  CHECK(d.at("b/inverted") == Approx(0.25 * 30 / 80));
  CHECK(d.count("s/inverted") == 0);
  // A group within keeps its own rule and its weight.
  auto const nested =
      rates(read(mixture("{\"name\": \"g\", \"weight\": 0.5, \"cap\": 1, \"parts\": [" + worked("a", 10) + ", " +
                             worked("b", 30) + "]}, " + worked("c", 7, ", \"weight\": 0.5"),
                         ", \"inversion\": 1")));
  CHECK(nested.at("g/a") == Approx(0.125));
  CHECK(nested.at("g/b/inverted") == Approx(0.125));
  CHECK(nested.at("c/inverted") == Approx(0.25));
}

TEST_CASE("files, patterns, collections, and what is absent") {
  temporary_folder const folder;
  std::filesystem::create_directories(folder / "data");
  for (auto const* name : {"x1.jsonl", "x2.jsonl", "task3_a.json", "task700_mmmlu.json"})
    put_file(folder / ("data/" + std::string(name)),
             std::string(name).ends_with("l")
                 ? "{\"problem\": \"1\", \"result\": \"2\"}\n"
                 : "{\"Definition\": \"D\", \"Instances\": [{\"input\": \"i\", \"output\": \"o\"}]}");
  std::string const both = "{\"name\": \"x\", \"files\": \"x*.jsonl\", \"family\": \"arithmetic\"}";
  std::string const gone = "{\"name\": \"gone\", \"files\": \"y*.jsonl\", \"family\": \"arithmetic\", \"weight\": 0.5}";
  std::string const each =
      "{\"name\": \"n\", \"each\": true, \"files\": \"task*.json\", \"format\": \"niv2\", "
      "\"without_mmlu\": true, \"cap\": 5}";
  auto const file = folder / "m.json";
  put_file(file, mixture(both + ", " + gone + ", " + each, ", \"data\": \"data\", \"optional\": true"));
  auto const d = flan::read_mixture_file(file);
  REQUIRE(d.entries.size() == 4);
  CHECK(d.entries[0].records == 2);
  CHECK(d.entries[0].files.size() == 2);
  CHECK_FALSE(d.entries[1].present);
  CHECK(d.entries[1].absent_because == "no file matches " + (folder / "data/y*.jsonl").string());
  CHECK(d.entries[1].rate == 0);
  CHECK(d.entries[2].name == "n/task3_a");
  CHECK(d.entries[2].family == "natural_instructions");
  CHECK(d.entries[2].cap == 5u);
  CHECK(d.entries[3].absent_because == "it is left out, since MMLU is made of its questions");
  CHECK(d.entries[0].rate + d.entries[2].rate == Approx(1));
  // The caller's folder counts before the file's; absent parts are an error unless somebody says otherwise.
  flan::mixture_file_options o;
  o.data = folder / "elsewhere";
  auto const nothing = flan::read_mixture_file(file, o);
  CHECK_FALSE(nothing.mixture);
  CHECK(nothing.entries.size() == 3);
  o.data = folder / "data";
  CHECK(message(mixture(both + ",\n" + gone), o) == "m.json:2: parts[1].files: no file matches " +
                                                        (folder / "data/y*.jsonl").string() +
                                                        "; \"optional\": true lets a mixture do without");
  o.absent_is_error = false;
  CHECK(read(mixture(both + ", " + gone), o).entries[0].rate == 1);
  CHECK(message(mixture("{\"name\": \"x\", \"files\": \"x3.jsonl\", \"family\": \"arithmetic\"}"), {})
            .find("there is no file") != std::string::npos);
}

TEST_CASE("what a collection lacks is listed, what is in it has a name of its own, and a folder is no file") {
  temporary_folder const folder;
  std::string const record = "{\"problem\": \"1\", \"result\": \"2\"}\n";
  for (auto const* name : {"a", "b"}) {
    std::filesystem::create_directories(folder / name);
    put_file(folder / (std::string(name) + "/train.jsonl"), record);
  }
  put_file(folder / "own.jsonl", record);
  put_file(folder / "own.jsonl.copy", record);
  flan::mixture_file_options o;
  o.data = folder.path;
  auto const each = [](std::string const& files, std::string const& more = "") {
    return mixture("\n{\"name\": \"n\", \"each\": true, \"family\": \"arithmetic\", \"files\": " + files + more + "}");
  };
  auto const names = [](flan::mixture_description const& d) {
    strings all;
    for (auto const& e : d.entries) all.push_back(e.name + (e.present ? "" : " absent"));
    return all;
  };
  CHECK(names(read(each(R"(["a/*.jsonl", "b/*.jsonl", "own.jsonl"])"), o)) ==
        strings{"n/a/train", "n/b/train", "n/own"});
  CHECK(message(each(R"(["a/*.jsonl", "./a/train.jsonl"])"), o).find("would both be the task \"a/train\"") !=
        std::string::npos);
  auto const gone = R"(["a/*.jsonl", "c/*.jsonl"])";
  CHECK(message(each(gone), o) == "m.json:2: parts[0].files: no file matches " + (folder / "c/*.jsonl").string() +
                                      "; \"optional\": true lets a mixture do without");
  auto const some = read(each(gone, ", \"optional\": true"), o);
  CHECK(names(some) == strings{"n/c/*.jsonl absent", "n/train"});
  CHECK(some.entries[1].rate == 1);
  CHECK(message(each(R"("a")"), o) == "m.json:2: parts[0].files: " + (folder / "a").string() +
                                          " is a folder; name the files in it, as in \"a/*.json\"");
  CHECK(read(each(R"("./own.jsonl")"), o).entries[0].files == std::vector{folder / "own.jsonl"});
}

TEST_CASE("a task without records says why, and a mixture may do without it") {
  temporary_folder const folder;
  put_file(folder / "empty.jsonl", "");
  put_file(folder / "bad.jsonl", "{}\n{}\n");
  put_file(folder / "good.jsonl", "{\"problem\": \"1\", \"result\": \"2\"}\n");
  flan::mixture_file_options o;
  o.data = folder.path;
  auto const part = [](std::string const& files, std::string const& more = "") {
    return "{\"name\": \"x\", \"family\": \"arithmetic\", \"files\": \"" + files + "\"" + more + "}";
  };
  auto const file = [&](char const* name) { return (folder / name).string(); };
  CHECK(message(mixture(part("empty.jsonl")), o) ==
        "m.json:1: parts[0]: the task x has no records: there are none in " + file("empty.jsonl"));
  CHECK(message(mixture(part("bad.jsonl", ", \"bad\": \"skip\"")), o) ==
        "m.json:1: parts[0]: the task x has no records: all 2 in " + file("bad.jsonl") + " are bad and skipped");
  CHECK(message(mixture(part("good.jsonl", R"(, "split": {"part": "held out", "share": 1e-9})")), o) ==
        "m.json:1: parts[0]: the task x has no records: its split, \"held out\", has none of the 1 in " +
            file("good.jsonl"));
  auto const d =
      read(mixture(part("empty.jsonl", ", \"optional\": true") + ", " +
                   "{\"name\": \"n\", \"each\": true, \"family\": \"arithmetic\", \"files\": [\"good.jsonl\", "
                   "\"empty.jsonl\"]}"),
           o);
  REQUIRE(d.entries.size() == 3);
  CHECK(d.entries[0].absent_because == "it has no records: there are none in " + file("empty.jsonl"));
  CHECK(d.entries[1].rate == 1);
  CHECK_FALSE(d.entries[2].present);
}

TEST_CASE("a mixture of another file is a group; circles are found") {
  temporary_folder const folder;
  put_file(folder / "inner.json", mixture(sums("a", 1) + ", " + sums("b", 3)));
  auto const outer = [&](std::string const& text) {
    put_file(folder / "outer.json", text);
    return flan::read_mixture_file(folder / "outer.json");
  };
  auto const d = rates(outer(mixture("{\"include\": \"inner.json\", \"weight\": 0.6}, " + sums("c", 9))));
  CHECK(d.at("m/a") == Approx(0.15));
  CHECK(d.at("m/b") == Approx(0.45));
  CHECK(d.at("c") == Approx(0.4));
  CHECK(rates(outer(mixture("{\"include\": \"inner.json\", \"name\": \"renamed\"}"))).count("renamed/a") == 1);
  // Errors point into the file that has them.
  put_file(folder / "inner.json", mixture("\n" + sums("a", 1, ", \"wieght\": 1")));
  CHECK_THROWS_WITH(
      outer(mixture("{\"include\": \"inner.json\"}")),
      (folder / "inner.json").string() + ":2: parts[0].wieght: unknown key \"wieght\"; did you mean \"weight\"?");
  put_file(folder / "inner.json", mixture("{\"include\": \"./outer.json\"}"));
  CHECK_THROWS_WITH(
      outer(mixture("\n{\"include\": \"inner.json\"}")),
      (folder / "inner.json").string() +
          ":1: parts[0].include: a mixture cannot contain itself: outer.json includes inner.json includes "
          "outer.json");
  CHECK_THROWS_WITH(outer(mixture("{\"include\": \"outer.json\"}")),
                    ContainsSubstring("outer.json includes outer.json"));
  CHECK_THROWS_WITH(outer(mixture("{\"include\": \"no.json\"}")),
                    ContainsSubstring("parts[0].include: there is no file"));
  auto const optional = outer(mixture("{\"include\": \"no.json\", \"optional\": true}, " + sums("c", 1)));
  REQUIRE(optional.entries.size() == 2);
  CHECK(optional.entries[0].absent_because == "there is no file " + (folder / "no.json").string());
  CHECK(optional.entries[1].rate == 1);
  // Twice the same is no circle, but its tasks' names are taken.
  put_file(folder / "inner.json", mixture(sums("a", 1)));
  CHECK_THROWS_WITH(outer(mixture("{\"include\": \"inner.json\"}, {\"include\": \"inner.json\", \"name\": \"again\"}")),
                    ContainsSubstring("the task's name \"a\" is taken by m/a"));
}

TEST_CASE("each mistake has a message with its place") {
  auto const part = [](std::string const& text) { return message(mixture("\n" + text)); };
  std::string const records = "\"records\": [{\"premise\": \"p\", \"hypothesis\": \"h\", \"label\": \"yes\"}]";
  CHECK_THAT(message("{\"name\": \"m\",,}"),
             ContainsSubstring("m.json: not valid JSON: parse error at line 1, column"));
  CHECK(message("[]") == "m.json: expected a JSON object, found array");
  CHECK(message("{\"name\": \"m\", \"name\": \"n\"}") == "m.json: the key \"name\" appears twice");
  CHECK(message("{\"name\": \"m\"}") == "m.json:1: the key \"parts\" is missing");
  CHECK(message("{\"parts\": []}") == "m.json:1: the key \"name\" is missing");
  CHECK(message("{\"name\": \"\", \"parts\": []}") == "m.json:1: name: expected a text, found an empty one");
  CHECK(message(mixture("")) == "m.json:1: parts: expected a part, found an empty list");
  CHECK(message(mixture("", ", \"tempratur\": 1")) ==
        "m.json:1: tempratur: unknown key \"tempratur\"; did you mean \"temperature\"?");
  CHECK(message(mixture(sums("a", 1), ",\n\"cap\": 0")) == "m.json:2: cap: expected a whole number from 1 on, found 0");
  CHECK(message(mixture(sums("a", 1), ",\n\"temperature\": -1")) ==
        "m.json:2: temperature: expected a number above 0, found -1");
  CHECK(message(mixture(sums("a", 1), ",\n\"temperature\": 1e-3")) ==
        "m.json:2: temperature: expected a temperature from 0.1 to a million, found 0.001");
  CHECK(message("\xEF\xBB\xBF{\"name\": \"m\",\n\"parts\": 7}") == "m.json:2: parts: expected a list, found 7");
  CHECK(part(sums("a", 1, ", \"weight\": 1e300")) ==
        "m.json:2: parts[0].weight: expected a number of at most a billion, found 1e+300");
  CHECK(part("7") == "m.json:2: parts[0]: expected an object, found 7");
  CHECK(part("{\"name\": \"x\"}") ==
        "m.json:2: parts[0]: a part needs \"files\" or \"records\", or is a group with \"parts\", or an \"include\"");
  CHECK(part("{\"name\": \"x\", \"part\": []}") ==
        "m.json:2: parts[0].part: unknown key \"part\"; did you mean \"parts\"?");
  CHECK(part("{\"name\": \"x\",\n\"famly\": \"nli\", " + records + "}") ==
        "m.json:3: parts[0].famly: unknown key \"famly\"; did you mean \"family\"?");
  CHECK(part("{\"name\": \"x\", \"colour\": 1, " + records + "}").find("expected one of name, about, weight") !=
        std::string::npos);
  CHECK(part("{\"name\": \"x\",\n\"family\": \"nil\", " + records + "}") ==
        "m.json:3: parts[0].family: there is no family \"nil\"; did you mean \"nli\"?");
  CHECK(part("{\"name\": \"x\", " + records + "}") ==
        "m.json:2: parts[0].family: the format jsonl stands for no family; expected a family, or templates");
  CHECK(part("{\"name\": \"x\", \"family\": 1, " + records + "}") ==
        "m.json:2: parts[0].family: expected a text, found 1");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"fields\": {\n\"lable\": \"gold\"}, " + records + "}") ==
        "m.json:3: parts[0].fields.lable: the family nli has no field \"lable\"; did you mean \"label\"?");
  CHECK(
      part(
          "{\"name\": \"x\", \"family\": \"nli\", \"fields\": {\n\"label\": {\"field\": \"gold\",\n\"valeus\": {}}}, " +
          records + "}") == "m.json:4: parts[0].fields.label.valeus: unknown key \"valeus\"; did you mean \"values\"?");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"fields\": {\"label\": {\"first\": 1}}, " + records + "}") ==
        "m.json:2: parts[0].fields.label.first: \"first\" says how \"right\" counts, which is missing");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"fields\": {\"label\": {\"values\": {\"1\": [0]}}}, " + records +
             "}") == "m.json:2: parts[0].fields.label.values.1: expected a text, found [0]");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"records\": [\n{\"premise\": \"p\"}]}") ==
        "m.json:3: parts[0].records[0]: the field \"hypothesis\" is missing; the record has \"premise\"");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"records\": [\n7]}") ==
        "m.json:3: parts[0].records[0]: expected a record as an object, found 7");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"records\": []}") ==
        "m.json:2: parts[0].records: expected a record, found an empty list");
  CHECK(part("{\"name\": \"x\", \"files\": \"\", \"family\": \"nli\"}") ==
        "m.json:2: parts[0].files: expected the name of a file, found an empty text");
  CHECK(part("{\"name\": \"x\", \"files\": [], \"family\": \"nli\"}") ==
        "m.json:2: parts[0].files: expected a text or a list of texts, found an empty list");
  CHECK(part("{\"name\": \"x\", \"wordings\": [\n99], \"family\": \"nli\", " + records + "}") ==
        "m.json:2: parts[0].wordings: nli has 12 wordings, numbered from 0; there is no number 99");
  CHECK(part("{\"name\": \"x\", \"wordings\": [\n-1], \"family\": \"nli\", " + records + "}") ==
        "m.json:3: parts[0].wordings[0]: expected a whole number from 0 on, found -1");
  CHECK(part("{\"name\": \"x\", \"templates\": [\n{\"input\": \"{premis}\", \"target\": \"{label}\"}], " + records +
             "}") ==
        "m.json:3: parts[0].records[0]: the field \"premis\" is missing; the record has \"hypothesis\", \"label\", "
        "\"premise\"");
  CHECK(part("{\"name\": \"x\", \"templates\": [\n{\"input\": \"{premise\", \"target\": \"{label}\"}], " + records +
             "}") ==
        "m.json:3: parts[0].templates[0]: in the template \"{premise\": a brace is left open at \"{premise\" (\"{{\" "
        "is a "
        "brace)");
  CHECK(part("{\"name\": \"x\", \"templates\": [{\"input\": \"a\"}], " + records + "}") ==
        "m.json:2: parts[0].templates[0]: the key \"target\" is missing");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"weight\": -1, " + records + "}") ==
        "m.json:2: parts[0].weight: expected a number of 0 or more, found -1");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"weight\": 1e999, " + records + "}")
            .find("m.json: not valid JSON") == 0);
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"forms\": [{\"exemplars\": \"few\"}], " + records + "}") ==
        "m.json:2: parts[0].forms[0].exemplars: expected one of \"none\", \"fixed\", \"mixed\", \"pruned\", found "
        "\"few\"");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"forms\": [{\"shots\": 3}], " + records + "}") ==
        "m.json:2: parts[0].forms[0].shots: only fixed and mixed exemplars have a number of shots");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"forms\": [], " + records + "}") ==
        "m.json:2: parts[0].forms: expected a form, found an empty list");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"forms\": [{\"exemplars\": \"pruned\"}], " + records + "}")
            .find("m.json:2: parts[0]: the task x has a form with 0 to 10 exemplars") == 0);
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"split\": {\"share\": 0.5}, " + records + "}") ==
        "m.json:2: parts[0].split: the key \"part\" is missing");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"split\": {\"part\": \"held out\",\n\"share\": 2}, " + records +
             "}") == "m.json:3: parts[0].split.share: the share to hold out should lie between 0 and 1, but is 2");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"split\": {\"part\": \"held out\", \"share\": 1e-9}, " + records +
             "}") ==
        "m.json:2: parts[0]: the task x has no records: its split, \"held out\", has none of the 1 in its list of "
        "records");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"inversion\": 0.3, " + records + "}") ==
        "m.json:2: parts[0].inversion: only worked answers (the family chain_of_thought) can be turned round");
  CHECK(
      part("{\"name\": \"g\", \"inversion\": 0.3, \"parts\": [" + sums("a", 1) + "]}") ==
      "m.json:2: parts[0].inversion: none of the tasks has worked answers (the family chain_of_thought) to turn round");
  CHECK(part("{\"name\": \"g\", \"inversion\": 0.3, \"parts\": [" + worked("a", 1, ", \"inversion\": 1") + "]}") ==
        "m.json:2: parts[0].parts[0].inversion: the group around it is turned round already");
  CHECK(part("{\"name\": \"x\", \"each\": false, \"files\": \"a\"}") ==
        "m.json:2: parts[0].each: expected true, or no such key");
  CHECK(part("{\"name\": \"x\", \"each\": true, " + records + "}") ==
        "m.json:2: parts[0].records: a collection has a task for each of its files, not records");
  CHECK(part("{\"name\": \"x\", \"family\": \"nli\", \"bad\": \"ignore\", " + records + "}") ==
        "m.json:2: parts[0].bad: expected one of \"stop\", \"skip\", found \"ignore\"");
  // Of several parts together.
  CHECK(part(sums("a", 1) + ",\n" + sums("a", 1)) == "m.json:3: parts[1]: the task's name \"a\" is taken by a");
  CHECK(part("{\"name\": \"g\", \"parts\": [" + sums("a", 1, ", \"weight\": 0") + "]}") ==
        "m.json:2: parts[0]: the shares of all parts of a mixture are 0; at least one should be above 0");
  CHECK(part(sums("a", 1, ", \"weight\": 1") + ", " + sums("b", 1)) ==
        "m.json:1: the fixed shares of a mixture add up to 1 and leave nothing for its other parts");
  CHECK(part(sums("a", 1, ", \"weight\": 1e-30") + ", " + sums("b", 1, ", \"weight\": 1"))
            .find("too little ever to be drawn") != std::string::npos);
}

TEST_CASE("a bad file's error names both files; bad records may be skipped") {
  temporary_folder const folder;
  put_file(folder / "x.jsonl", "{\"problem\": \"1\", \"result\": \"2\"}\n{\"problem\": \"1\"}\n");
  flan::mixture_file_options o;
  o.data = folder.path;
  std::string const task = "\"name\": \"x\", \"files\": \"x.jsonl\", \"family\": \"arithmetic\"";
  CHECK(message(mixture("{" + task + "}"), o) == "m.json:1: parts[0]: " + (folder / "x.jsonl").string() +
                                                     ":2: the field \"result\" is missing; the record has \"problem\"");
  // Even where the file's path begins as a key of the mixture does.
  std::filesystem::create_directories(folder / "fields.d");
  put_file(folder / "fields.d/x.jsonl", "{}\n");
  auto const back = std::filesystem::current_path();
  std::filesystem::current_path(folder.path);
  o.data = "fields.d";
  auto const complaint = message(mixture("{" + task + "}"), o);
  std::filesystem::current_path(back);
  CHECK(complaint ==
        "m.json:1: parts[0]: fields.d/x.jsonl:1: the field \"problem\" is missing; the record has no fields");
  o.data = folder.path;
  auto const d = read(mixture("{" + task + ", \"bad\": \"skip\"}"), o);
  CHECK(d.entries[0].records == 1);
  CHECK(d.entries[0].skipped == 1);
}

TEST_CASE("lines are found in documents of any form") {
  std::string const text =
      "{ \"a\\\"]\" : [1, {\"x\": \"}{\\\\\",\n \"y\":\n[ [], {} ,\n  true ]}],\n\"b\"\n:\n-1.5e3}";
  using step = flan::detail::json_step;
  auto const line = [&](std::vector<step> const& path) { return flan::detail::json_walker(text).line_of(path); };
  CHECK(line({}) == 1);
  CHECK(line({{"a\"]"}}) == 1);
  CHECK(line({{"a\"]"}, {"", 1, true}, {"y"}}) == 3);
  CHECK(line({{"a\"]"}, {"", 1, true}, {"y"}, {"", 2, true}}) == 4);
  CHECK(line({{"b"}}) == 7);
  // As far as there is something.
  CHECK(line({{"a\"]"}, {"", 1, true}, {"z"}}) == 1);
  CHECK(line({{"b"}, {"c"}}) == 7);
  CHECK(line({{"a\"]"}, {"", 9, true}}) == 1);
}

TEST_CASE("the schema has the keys that are read, and no others") {
  auto const schema = nlohmann::json::parse(
      get_file(std::filesystem::path(FLAN_TEST_FOLDER).parent_path() / "docs" / "mixture.schema.json"));
  auto const same = [](nlohmann::json const& object, std::vector<std::string_view> keys) {
    std::set<std::string> in_schema, read(keys.begin(), keys.end());
    for (auto const& [key, value] : object.at("properties").items()) in_schema.insert(key);
    CHECK(in_schema == read);
    CHECK(object.at("additionalProperties") == false);
  };
  auto const list = [](auto const& keys) { return std::vector<std::string_view>(std::begin(keys), std::end(keys)); };
  auto const& defs = schema.at("$defs");
  using namespace flan::detail;
  same(schema, list(mixture_keys));
  same(defs.at("group"), list(group_keys));
  same(defs.at("include"), list(include_keys));
  same(defs.at("task"), list(task_keys));
  auto collection = list(task_keys);
  collection.erase(std::find(collection.begin(), collection.end(), "records"));
  collection.insert(collection.end(), std::begin(collection_keys), std::end(collection_keys));
  same(defs.at("collection"), collection);
  same(defs.at("form"), list(form_keys));
  same(defs.at("template"), list(template_keys));
  same(defs.at("split"), list(split_keys));
  same(defs.at("field"), list(field_keys));
  auto const words = [](nlohmann::json const& at) { return at.at("enum").get<strings>(); };
  auto const texts = [](auto const& keys) { return strings(std::begin(keys), std::end(keys)); };
  CHECK(words(defs.at("form").at("properties").at("exemplars")) == texts(exemplar_words));
  CHECK(words(defs.at("form").at("properties").at("options")) == texts(option_words));
  CHECK(words(defs.at("split").at("properties").at("part")) == texts(split_words));
  CHECK(words(defs.at("task").at("properties").at("bad")) == texts(bad_words));
}

TEST_CASE("the quickstart mixture needs no file") {
  auto const file = std::filesystem::path(FLAN_TEST_FOLDER).parent_path() / "examples" / "mixtures" / "quickstart.json";
  auto const d = flan::read_mixture_file(file);
  REQUIRE(d.mixture);
  CHECK(d.entries.size() == 4);
  std::set<std::string> drawn;
  for (std::uint64_t i = 0; i < 200; ++i) {
    auto const e = d.mixture->at(3, i);
    CHECK_FALSE(e.input.empty());
    CHECK_FALSE(e.target.empty());
    drawn.insert(e.task);
  }
  CHECK(drawn == std::set<std::string>{"capitals", "feelings", "reasons", "reasons/inverted"});
}
