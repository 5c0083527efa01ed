// Every recorded way to generate: ids exactly, beam scores within 1e-4, first-step distributions after each filter.

#include <cmath>
#include <string>

#include "flan/cpu/backend.hpp"
#include "flan/reference/backend.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "support/catch.hpp"
#include "support/golden_text_model.hpp"

using namespace flan;
using flan::testing::golden_case;

namespace {

generate_options options_of(nlohmann::json const& recorded) {
  generate_options o;
  for (auto const& [key, value] : recorded.items()) {
    if (key == "max_new_tokens") {
      o.max_tokens = value.get<extent>();
    } else if (key == "min_new_tokens") {
      o.min_tokens = value.get<extent>();
    } else if (key == "num_beams") {
      o.beams = value.get<extent>();
    } else if (key == "num_return_sequences") {
      o.return_sequences = value.get<extent>();
    } else if (key == "length_penalty") {
      o.length_penalty = value.get<double>();
    } else if (key == "early_stopping") {
      o.early_stopping = value == "never" ? early_stopping::never : value ? early_stopping::yes : early_stopping::no;
    } else if (key == "repetition_penalty") {
      o.repetition_penalty = value.get<double>();
    } else if (key == "no_repeat_ngram_size") {
      o.no_repeat_ngram = value.get<extent>();
    } else if (key == "suppress_tokens") {
      o.suppressed = value.get<std::vector<token>>();
    } else if (key == "eos_token_id") {
      o.end_ids = {value.get<token>()};
    } else {
      fail("the recorded option ", key, " is not known to this test");
    }
  }
  return o;
}

/// Recorded rows begin with the start token. Behind the end token they are padded: with 0, but in beam searches with
/// the end token, since transformers takes a pad id of 0 for none there.
void check_ids(std::vector<token> const& ids, nlohmann::json const& recorded, token end, token padding) {
  auto row = recorded.get<std::vector<token>>();
  row.erase(row.begin());
  REQUIRE(ids.size() <= row.size());
  bool const ended = !ids.empty() && ids.back() == end;
  CHECK((ended || ids.size() == row.size()));
  auto padded = ids;
  padded.resize(row.size(), padding);
  CHECK(padded == row);
}

template <auto const& C = any_t5, class B>
void check_case(std::string const& name, B be, std::size_t ways) {
  golden_case const g(name);
  auto const model = testing::golden_text_model<C>(g, std::move(be));
  auto const inputs = testing::inputs_of(g);
  REQUIRE(g.numbers["generate"].size() == ways);
  for (auto const& [way, recorded] : g.numbers["generate"].items()) {
    INFO(name << ", " << way);
    auto const o = options_of(recorded["options"]);
    token const end = o.end_ids ? o.end_ids->front() : 1;
    auto const got = model.generate_ids(inputs, o);
    std::size_t row = 0;
    REQUIRE(got.size() == inputs.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      REQUIRE(got[i].size() == static_cast<std::size_t>(o.return_sequences.value_or(1)));
      for (auto const& s : got[i]) {
        INFO("row " << row);
        check_ids(s.ids, recorded["ids"].at(row), end, o.beams ? end : 0);
        if (recorded.contains("scores")) {
          // Recorded in float, summed in float: with length_penalty −1 scores are hundreds, and the sixth digit is
          // noise.
          double const score = recorded["scores"].at(row);
          CHECK(std::abs(s.score - score) < std::max(1e-4, 1e-6 * std::abs(score)));
        }
        ++row;
      }
      // Alone, without padding: the same ids and, to rounding, the same scores.
      auto const alone = model.generate_ids({inputs[i]}, o).front();
      for (std::size_t k = 0; k < alone.size(); ++k) {
        CHECK(alone[k].ids == got[i][k].ids);
        CHECK(alone[k].score == Approx(got[i][k].score).epsilon(1e-6));
      }
    }
    CHECK(row == recorded["ids"].size());
  }
}

}  // namespace

TEST_CASE("tiny models generate what transformers does, on the reference backend", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) check_case(name, reference_backend{}, 20);
}
TEST_CASE("tiny models generate what transformers does, on the cpu", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) check_case(name, cpu_backend{}, 20);
}
TEST_CASE("tiny models generate what transformers does, where the host cannot read device memory", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"})
    check_case(name, testing::unreadable_backend<cpu_backend>{}, 20);
}
TEST_CASE("long_tiny generates what transformers does") { check_case("long_tiny", cpu_backend{}, 20); }

TEST_CASE("models of full size generate what transformers does") {
  check_case<flan_t5_small>("flan_t5_small", cpu_backend{}, 3);
  check_case<t5_small>("t5_small", cpu_backend{}, 3);
  check_case<flan_t5_base>("flan_t5_base", cpu_backend{}, 3);
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
    auto const logits = s.to_host(s.step(std::vector<token>(inputs.size(), 0), std::vector<std::int32_t>{0, 1, 2}));
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
