// Log-probabilities of targets against transformers' in float64.

#include <cmath>

#include "flan/cpu/backend.hpp"
#include "flan/reference/backend.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "support/catch.hpp"
#include "support/golden_text_model.hpp"

using namespace flan;
using flan::testing::golden_case;

namespace {

template <auto const& C = any_t5, class B>
void check_case(std::string const& name, B be) {
  golden_case const g(name);
  auto const model = testing::golden_text_model<C>(g, std::move(be));
  auto const inputs = testing::inputs_of(g), targets = testing::targets_of(g);
  // transformers' own float32 error on logits, twice, for the logit and for the sum.
  double const bound = 4 * g.numbers["transformers_float32_error"]["max"].get<double>();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    INFO(name << ", input " << i);
    auto const all = model.score_ids(inputs[i], targets);  // the encoder once for targets of several lengths
    REQUIRE(all.size() == targets.size());
    auto const golden = g.numbers["target_logprobs"][i].get<std::vector<double>>();
    REQUIRE(all[i].tokens.size() == golden.size());
    double sum = 0;
    for (std::size_t t = 0; t < golden.size(); ++t) {
      CHECK(std::abs(all[i].tokens[t] - golden[t]) <= bound);
      sum += golden[t];
    }
    CHECK(std::abs(all[i].sum - sum) <= bound * static_cast<double>(golden.size()));
    // Each alone: as in company.
    for (std::size_t t = 0; t < targets.size(); ++t) {
      auto const alone = model.score_ids(inputs[i], {targets[t]});
      CHECK(alone[0].sum == Approx(all[t].sum).epsilon(1e-6));
    }
  }
}

}  // namespace

TEST_CASE("targets of tiny models have transformers' log-probabilities", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) {
    check_case(name, reference_backend{});
    check_case(name, cpu_backend{});
    check_case(name, testing::unreadable_backend<cpu_backend>{});
  }
}
TEST_CASE("long targets have transformers' log-probabilities") { check_case("long_tiny", cpu_backend{}); }
TEST_CASE("targets of full-size models have transformers' log-probabilities") {
  check_case<flan_t5_small>("flan_t5_small", cpu_backend{});
  check_case<t5_small>("t5_small", cpu_backend{});
}
