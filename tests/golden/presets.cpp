/// Presets and objectives against real files: which tasks of the paper's mixtures published folders hold, and T5's
/// sentinels.

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "flan/data/mixture_preset.hpp"
#include "flan/data/natural_names.hpp"
#include "flan/data/objective.hpp"
#include "flan/text/sentencepiece.hpp"
#include "support/catch.hpp"
#include "support/shared.hpp"

TEST_CASE("the files of the preset's tasks are found, each for one task") {
  std::map<std::string, std::string> found;  // task to file, of tasks that have one
  int niv2 = 0, mmlu = 0;
  auto const folder = flan::testing::shared_folder().value() / "data";
  for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    auto const path = entry.path().generic_string();
    int owners = 0;
    for (auto const& t : flan::preset_tasks) {
      if (!flan::is_file_of(t, path)) continue;
      ++owners;
      if (t.name == "niv2") {
        ++(flan::natural_task_is_of_mmlu(entry.path().stem().string()) ? mmlu : niv2);
      } else {
        INFO(path);
        CHECK(found.emplace(t.name, path).second);
      }
    }
    CHECK(owners <= 1);
  }
  CHECK((niv2 == 7 && mmlu == 57));
  std::set<std::string> names;
  for (auto const& [name, path] : found) names.insert(name);
  CHECK(names == std::set<std::string>{"aqua", "bool_q", "cb", "copa", "creak", "ecqa", "gsm8k", "multirc",
                                       "openbookqa", "qasc", "record", "rte", "sensemaking", "strategyqa", "wic",
                                       "wsc"});
}

TEST_CASE("T5's sentinels count down from 32099, and its mode words leave room in a window") {
  flan::sentencepiece_tokenizer const t5(flan::testing::shared_folder().value() / "tokenizers" / "t5");
  auto const ids = flan::objective_ids_of(t5);
  REQUIRE(ids.sentinels.size() == 100);
  for (std::size_t i = 0; i < 100; ++i) CHECK(ids.sentinels[i] == 32'099 - static_cast<flan::token>(i));
  CHECK(ids.end == 1);

  // A vocabulary that knows none of them, and one that is told to.
  auto const plain = flan::testing::shared_folder().value() / "tokenizers" / "small" / "sentencepiece_test_model.model";
  CHECK(flan::sentinels_of(flan::sentencepiece_tokenizer(plain, 0)).empty());
  CHECK(flan::sentinels_of(flan::sentencepiece_tokenizer(plain, 7)).size() == 7);

  auto const text = t5.encode("Thank you for inviting me to your party last week, and for the cake that you baked.");
  auto const e = flan::corrupt_spans(1, 0, text, {}, ids);
  CHECK(t5.decode(e.target, false).starts_with("<extra_id_0>"));
  CHECK(t5.decode(flan::fill_spans(e.input, e.target, ids)) == t5.decode(text));

  flan::objective const ul2r(flan::ul2r_denoisers, t5);
  auto const window = flan::longest_window(ul2r, 512, 512);
  CHECK(window == 512 - static_cast<std::int64_t>(t5.encode("[S2S]").size()));
  CHECK_NOTHROW(ul2r.check_window(window));
}
