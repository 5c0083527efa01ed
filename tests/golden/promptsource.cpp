/// promptsource's template files: each template compiles, and where its data set is at hand, all rows render what
/// Jinja2 rendered (tests/golden/make_promptsource_goldens.py).

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/data/adapters.hpp"
#include "flan/data/promptsource.hpp"
#include "flan/data/promptsource_task.hpp"
#include "flan/text/json.hpp"
#include "support/catch.hpp"
#include "support/checksum.hpp"
#include "support/shared.hpp"
#include "support/temporary_folder.hpp"

namespace {

using checksum = flan::testing::crc32;
using flan::detail::json;

std::filesystem::path promptsource() { return flan::testing::shared_folder().value() / "data" / "promptsource"; }

std::vector<json> golden_rows(char const* name) {
  std::vector<json> rows;
  auto const bytes = flan::testing::get_file(std::filesystem::path(FLAN_TEST_FOLDER) / "golden" / "data" / name);
  flan::testing::each_line(bytes, [&](std::size_t number, std::string const& line) {
    rows.push_back(flan::detail::parse_json_object(line, name + std::to_string(number)));
  });
  return rows;
}

flan::promptsource_file file_of(std::string const& set) {
  return flan::read_promptsource(promptsource() / "templates" / set / "templates.yaml");
}

flan::promptsource_template const& template_of(flan::promptsource_file const& file, std::string const& id) {
  for (auto const& t : file.templates)
    if (t.id == id) return t;
  flan::fail("no template ", id);
}

}  // namespace

TEST_CASE("every template file of promptsource reads and compiles") {
  int files = 0;
  std::map<std::string, std::uint32_t> sums;
  for (auto const& entry : std::filesystem::recursive_directory_iterator(promptsource() / "templates")) {
    if (entry.path().filename() != "templates.yaml") continue;
    INFO(entry.path().string());
    ++files;
    auto const file = flan::read_promptsource(entry.path());
    auto const set = std::filesystem::relative(entry.path().parent_path(), promptsource() / "templates").string();
    CHECK(set == (file.subset ? file.dataset + "/" + *file.subset : file.dataset));
    CHECK(!file.templates.empty());
    for (auto const& t : file.templates) {
      INFO(t.name);
      CHECK_NOTHROW(t.compile());
      CHECK(t.languages == std::vector<std::string>{"en"});
      checksum sum;
      sum.add(t.id).add(std::string_view("\0", 1)).add(t.name).add(std::string_view("\0", 1)).add(t.jinja);
      sum.add(std::string_view("\0", 1))
          .add(t.answer_choices.value_or(""))
          .add(std::string_view("\0", 1))
          .add(t.reference);
      for (auto const& metric : t.metrics) sum.add(std::string_view("\0", 1)).add(metric);
      sums[set + " " + t.id] = sum.value();
    }
  }
  CHECK(files > 20);
  // Strings, tags, anchors and aliases read as PyYAML reads them. Sets may be absent: what is there is compared.
  std::size_t compared = 0;
  for (auto const& row : golden_rows("promptsource_templates.jsonl")) {
    auto const found = sums.find(row.at("set").get<std::string>() + " " + row.at("id").get<std::string>());
    if (found == sums.end()) continue;
    INFO(found->first);
    CHECK(found->second == row.at("crc").get<std::uint32_t>());
    ++compared;
  }
  CHECK(compared > 100);
}

TEST_CASE("metadata that two templates share is read for both") {
  auto const file = file_of("squad_v2");
  int squad = 0;
  for (auto const& t : file.templates) squad += t.metrics == std::vector<std::string>{"Squad"};
  CHECK(squad > 1);
  for (auto const& t : file.templates) CHECK(!t.metrics.empty());
}

TEST_CASE("the templates render what Jinja2 renders on SuperGLUE and OpenBookQA") {
  std::map<std::string, flan::promptsource_file> files;
  std::map<std::string, std::vector<flan::jinja_value>> data;
  std::size_t rendered = 0;
  for (auto const& row : golden_rows("promptsource.jsonl")) {
    auto const set = row.at("set").get<std::string>(), name = row.at("file").get<std::string>();
    if (!std::filesystem::exists(promptsource() / "data" / name)) continue;  // what is there is compared
    if (!files.contains(set)) files[set] = file_of(set);
    if (!data.contains(set + name)) {
      auto const path = promptsource() / "data" / name;
      data[set + name] = set == "openbookqa/main" ? flan::open_book_qa_records(path)
                                                  : flan::super_glue_records(set.substr(set.find('/') + 1), path);
    }
    auto const& records = data[set + name];
    auto const& t = template_of(files[set], row.at("id").get<std::string>());
    INFO(set << ": " << t.name << ": " << name);
    REQUIRE(records.size() == row.at("rows").get<std::size_t>());
    auto const instruction = t.compile();
    auto const& first = row.at("first");
    std::size_t skipped = 0;
    checksum whole;
    for (std::size_t i = 0; i < records.size(); ++i) {
      auto const shot = instruction(records[i], i);
      std::string const written = shot ? shot->input + '\0' + shot->target + '\0' : std::string("skipped\0", 8);
      skipped += !shot;
      whole.add(written);
      if (i < first.size()) {
        INFO(i << ": " << written);
        CHECK(checksum().add(written).value() == first[i].get<std::uint32_t>());
      }
      ++rendered;
    }
    CHECK(skipped == row.at("skipped").get<std::size_t>());
    CHECK(whole.value() == row.at("crc").get<std::uint32_t>());
  }
  CHECK(rendered > 50'000);
}

TEST_CASE("tasks by name: the templates word the records that the adapters make") {
  auto const folder = flan::testing::shared_folder().value() / "data" / "promptsource";
  flan::load_task_options o;
  o.read.cache = false;
  o.promptsource = flan::open_promptsource_task;
  struct set {
    char const *prompts, *file, *format, *subset;
  };
  std::size_t opened = 0;
  for (auto const& x : {set{"super_glue/rte", "super_glue/RTE/val.jsonl", "superglue/rte", "rte"},
                        set{"super_glue/cb", "super_glue/CB/val.jsonl", "superglue/cb", "cb"},
                        set{"super_glue/multirc", "super_glue/MultiRC/train.jsonl", "superglue/multirc", "multirc"},
                        set{"super_glue/record", "super_glue/ReCoRD/train.jsonl", "superglue/record", "record"},
                        set{"super_glue/wsc.fixed", "super_glue/WSC/val.jsonl", "superglue/wsc", "wsc.fixed"},
                        set{"openbookqa/main", "openbookqa/dev.tsv", "", ""}}) {
    flan::task_spec s;
    s.name = x.prompts;
    s.prompts = folder / "templates" / x.prompts / "templates.yaml";
    s.files = {folder / "data" / x.file};
    s.format = x.format;
    if (!std::filesystem::exists(s.prompts) || !std::filesystem::exists(s.files[0])) continue;
    CAPTURE(x.prompts);
    auto const task = flan::load_task(s, o);
    auto const records =
        *x.subset == '\0' ? flan::open_book_qa_records(s.files[0]) : flan::super_glue_records(x.subset, s.files[0]);
    auto const prompts = flan::read_promptsource(s.prompts);
    REQUIRE(task.size() == records.size());
    REQUIRE(task.wordings() == prompts.templates.size());
    std::size_t worded = 0;
    for (std::uint32_t w = 0; w < task.wordings(); ++w) {
      auto const instruction = prompts.templates[w].compile();
      for (std::uint64_t i = 0; i < task.size(); i += 7) {
        auto const expected = instruction(records[static_cast<std::size_t>(i)], 0);
        auto const found = task(i, w);
        worded += expected.has_value();
        if (expected ? found != *expected : !found.target.empty()) FAIL_CHECK("record " << i << ", template " << w);
      }
    }
    CHECK(worded > 0);
    ++opened;
  }
  CHECK(opened > 0);
}

TEST_CASE("what is no template file is an error with file and line") {
  flan::testing::temporary_folder const folder;
  auto const message = [&](std::string const& yaml) -> std::string {
    flan::testing::put_file(folder / "templates.yaml", yaml);
    try {
      flan::read_promptsource(folder / "templates.yaml");
    } catch (flan::error const& e) {
      return e.what();
    }
    return "read";
  };
  std::string const head = "dataset: d\ntemplates:\n  x: ";
  std::string const good =
      "!Template\n    id: x\n    name: yes\n    jinja: \"a\\xFC\\\n      \\ b ||| c\"\n    answer_choices: null\n"
      "    reference: ''\n    metadata: !TemplateMetadata\n      original_task: true\n";
  CHECK(message(head + good) == "read");
  auto const file = flan::read_promptsource(folder / "templates.yaml");
  CHECK(file.templates.at(0).jinja == "a\u00fc b ||| c");
  CHECK(file.templates.at(0).name == "yes");
  CHECK(file.templates.at(0).original_task == true);
  CHECK_FALSE(file.templates.at(0).answer_choices);
  CHECK_FALSE(file.templates.at(0).choices_in_prompt);
  // What PyYAML reads: empty lines before the closing quote, which yaml-cpp 0.7 takes for one.
  auto const jinja = [&](std::string const& scalar) {
    flan::testing::put_file(
        folder / "q.yaml",
        head + "!Template\n    id: x\n    name: n\n    metadata: !TemplateMetadata {}\n    jinja: " + scalar + "\n");
    return flan::read_promptsource(folder / "q.yaml").templates.at(0).jinja;
  };
  CHECK(jinja("'x\n\n\n      '") == "x\n\n");
  CHECK(jinja("'x''\n\n      '") == "x'\n");
  CHECK(jinja("'x  \n\n\n\n      '") == "x\n\n\n");
  CHECK(jinja("' \n\n      '") == "\n");
  CHECK(jinja("'x\n      '") == "x ");
  CHECK(jinja("'x\n\n\n      y '") == "x\n\ny ");
  CHECK(jinja("\"x\\n\\n\n\n\n      \"") == "x\n\n\n\n");
  CHECK(jinja("\"x\\\"\n\n\n      \"") == "x\"\n\n");
  CHECK(jinja("\"x\\\n\n      \"") == "x\n");
  CHECK(jinja("|\n      x\n\n      y\n") == "x\n\ny\n");
  CHECK(jinja(">-\n      x\n      y\n") == "x y");
  CHECK(message("a: [").find("templates.yaml:1: not valid YAML") != std::string::npos);
  CHECK(message("[1]").find("templates.yaml:1: expected a mapping with dataset and templates") != std::string::npos);
  CHECK(message("templates: {}").find("the field \"dataset\" is missing") != std::string::npos);
  CHECK(message("dataset: d\ntemplates: [1]").find(":2: expected templates as a mapping") != std::string::npos);
  CHECK(message(head + "{id: x}\n").find(":3: expected a mapping with the tag !Template") != std::string::npos);
  CHECK(message(head + "!Template\n    id: [1]\n").find(":4: expected a text for \"id\"") != std::string::npos);
  CHECK(message("").find("expected a mapping") != std::string::npos);
  CHECK(message(std::string(100'000, '[')).find("not valid YAML") != std::string::npos);
}
