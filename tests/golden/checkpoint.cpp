// Folders that transformers wrote: opened, saved, opened again.
#include <algorithm>
#include <cmath>
#include <string>

#include "flan/checkpoint/read.hpp"
#include "flan/checkpoint/save_folder.hpp"
#include "flan/checkpoint/write.hpp"
#include "flan/model/presets.hpp"
#include "flan/reference/backend.hpp"
#include "support/catch.hpp"
#include "support/golden_case.hpp"
#include "support/temporary_folder.hpp"

using namespace flan;

TEST_CASE("a folder of transformers holds the configuration and the weights it was made with") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "long_tiny", "umt5_tiny"}) {
    INFO(name);
    auto const folder = testing::golden(name);
    testing::golden_case const g(name);
    auto const files = read_model_files(folder);
    CHECK(files.config == g.config);
    reference_backend be;
    auto const model = read_t5<any_t5, fp32>(be, files);
    CHECK(count_parameters(model) == parameter_count(files.config));
    for_each_parameter(
        [&](std::string const& parameter, auto const& w) {
          auto const [mean, width] = testing::fill_width(parameter, g.config);
          INFO(parameter);
          auto const values = to_host(be, w.view());
          auto const formula = testing::formula_values<float>(parameter, w.size(), mean, width);
          REQUIRE(values.size() == formula.size());
          // The formula's last bit depends on the order in which its width is multiplied up.
          double worst = 0;
          for (std::size_t i = 0; i < values.size(); ++i)
            worst = std::max(worst, std::abs(static_cast<double>(values[i]) - formula[i]));
          CHECK(worst <= 1e-7 * (mean + width));
        },
        model);
  }
}

TEST_CASE("saved again, a folder of transformers keeps every tensor's bits and every key") {
  testing::temporary_folder const t;
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "long_tiny", "umt5_tiny"}) {
    INFO(name);
    auto const files = read_model_files(testing::golden(name));
    reference_backend be;
    auto const model = read_t5<any_t5, fp32>(be, files);
    save_folder(t / name, [&](auto const& folder) {
      write_model(be, model, files.generation, folder, {}, {files.config_text, files.generation_text});
    });
    auto const again = read_model_files(t / name);
    CHECK(again.config == files.config);
    CHECK(again.generation == files.generation);
    REQUIRE(again.tensors.size() == files.tensors.size());
    for (auto const& [tensor, stored] : files.tensors) {
      auto const& other = again.tensors.at(tensor);
      CHECK(other.shape == stored.shape);
      CHECK(other.format == stored.format);
      CHECK(std::equal(stored.data, stored.data + stored.bytes, other.data, other.data + other.bytes));
    }
    auto const before = nlohmann::json::parse(files.config_text), after = nlohmann::json::parse(again.config_text);
    for (auto const& [key, value] : before.items()) {
      INFO(key);
      CHECK(after.at(key) == value);
    }
  }
}

TEST_CASE("a real folder in PyTorch's format is refused with the way to convert it") {
  auto const shared = testing::shared_folder();
  REQUIRE(shared);
  auto const folder = *shared / "checkpoints" / "caikit-T5ForConditionalGeneration";
  CHECK_THROWS_WITH(read_model_files(folder), ContainsSubstring("PyTorch's pickle format") &&
                                                  ContainsSubstring("AutoModelForSeq2SeqLM.from_pretrained(\"" +
                                                                    folder.string() + "\").save_pretrained("));
}
