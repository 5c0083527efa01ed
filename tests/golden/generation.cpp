// Every recorded way to generate: ids exactly, beam scores within 1e-4, first-step distributions after each filter.

#include <cmath>
#include <string>

#include "flan/cpu/backend.hpp"
#include "flan/reference/backend.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "support/golden_generation.hpp"

using namespace flan;
using flan::testing::check_golden_generation;
using flan::testing::golden_case;

TEST_CASE("tiny models generate what transformers does, on the reference backend", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"})
    check_golden_generation(name, reference_backend{}, 20);
}
TEST_CASE("tiny models generate what transformers does, on the cpu", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) check_golden_generation(name, cpu_backend{}, 20);
}
TEST_CASE("tiny models generate what transformers does, where the host cannot read device memory", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"})
    check_golden_generation(name, testing::unreadable_backend<cpu_backend>{}, 20);
}
TEST_CASE("long_tiny generates what transformers does") { check_golden_generation("long_tiny", cpu_backend{}, 20); }

TEST_CASE("models of full size generate what transformers does") {
  check_golden_generation<flan_t5_small>("flan_t5_small", cpu_backend{}, 3);
  check_golden_generation<t5_small>("t5_small", cpu_backend{}, 3);
  check_golden_generation<flan_t5_base>("flan_t5_base", cpu_backend{}, 3);
}

TEST_CASE("what each sampling filter leaves of the first step is what transformers leaves", "[committed]") {
  struct filter {
    char const* name;
    sampling s;
  };
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) {
    golden_case const g(name);
    auto const model = testing::golden_text_model(g, reference_backend{});
    session s(model.network(), model.backend());
    auto const inputs = testing::inputs_of(g);
    auto const batch = static_cast<extent>(inputs.size());
    s.begin(std::span(inputs), batch, 1);
    s.step(std::vector<token>(inputs.size(), 0), std::vector<std::int32_t>{0, 1, 2});
    auto const logits = s.host_logits();
    auto const v = static_cast<std::size_t>(g.config.vocabulary);
    std::size_t checked = 0;
    for (auto const& f : {filter{"temperature_0.7", {.temperature = 0.7}}, filter{"top_k_10", {.top_k = 10}},
                          filter{"top_p_0.9", {.top_p = 0.9}}, filter{"min_p_0.1", {.min_p = 0.1}},
                          filter{"typical_0.9", {.typical_p = 0.9}},
                          filter{"t0.5_k40_p0.95", {.temperature = 0.5, .top_k = 40, .top_p = 0.95}}}) {
      auto const& recorded = g.numbers["first_step_distributions"].at(f.name);
      for (std::size_t b = 0; b < inputs.size(); ++b, ++checked) {
        INFO(name << ", " << f.name << ", row " << b);
        std::vector<float> scores(logits.begin() + static_cast<extent>(b * v),
                                  logits.begin() + static_cast<extent>((b + 1) * v));
        detail::filter_scratch scratch;
        detail::apply_sampling(scores, f.s, scratch);
        double const z = detail::log_sum(scores);
        std::vector<token> ids;
        double worst = 0;
        for (std::size_t i = 0; i < v; ++i) {
          if (scores[i] == detail::removed) continue;
          auto const k = ids.size();
          ids.push_back(static_cast<token>(i));
          if (k < recorded[b]["p"].size())
            worst = std::max(
                worst, std::abs(std::exp(static_cast<double>(scores[i]) - z) - recorded[b]["p"][k].get<double>()));
        }
        CHECK(ids == recorded[b]["ids"].get<std::vector<token>>());
        CHECK(worst < 1e-5);
      }
    }
    CHECK(checked == 6 * inputs.size());
  }
}
