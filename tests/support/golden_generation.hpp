#pragma once
/// Every recorded way to generate, on any backend: ids exactly, beam scores within 1e-4.

#include <cmath>
#include <set>
#include <string>

#include "support/catch.hpp"
#include "support/golden_text_model.hpp"

namespace flan::testing {

inline generate_options golden_options(nlohmann::json const& recorded) {
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
inline void check_golden_ids(std::vector<token> const& ids, nlohmann::json const& recorded, token end, token padding) {
  auto row = recorded.get<std::vector<token>>();
  row.erase(row.begin());
  REQUIRE(ids.size() <= row.size());
  bool const ended = !ids.empty() && ids.back() == end;
  CHECK((ended || ids.size() == row.size()));
  auto padded = ids;
  padded.resize(row.size(), padding);
  CHECK(padded == row);
}

/// `ways` is how many are recorded; `only`, where it is not empty, names those to check.
template <auto const& C = any_t5, class B>
void check_golden_generation(std::string const& name, B be, std::size_t ways, std::set<std::string> const& only = {}) {
  golden_case const g(name);
  auto const model = golden_text_model<C>(g, std::move(be));
  auto const inputs = inputs_of(g);
  REQUIRE(g.numbers["generate"].size() == ways);
  for (auto const& [way, recorded] : g.numbers["generate"].items()) {
    if (!only.empty() && only.count(way) == 0) continue;
    INFO(name << ", " << way);
    auto const o = golden_options(recorded["options"]);
    token const end = o.end_ids ? o.end_ids->front() : 1;
    auto const got = model.generate_ids(inputs, o);
    std::size_t row = 0;
    REQUIRE(got.size() == inputs.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      REQUIRE(got[i].size() == static_cast<std::size_t>(o.return_sequences.value_or(1)));
      for (auto const& s : got[i]) {
        INFO("row " << row);
        check_golden_ids(s.ids, recorded["ids"].at(row), end, o.beams ? end : 0);
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

}  // namespace flan::testing
