// Encoder states, logits and losses of whole models against transformers in float64, on every backend.

#include "flan/cpu/backend.hpp"
#include "flan/reference/backend.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "support/golden_model.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("tiny models on the reference backend, float", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) check_golden_f32(reference_backend{}, name);
}
TEST_CASE("long_tiny on the reference backend, float") { check_golden_f32(reference_backend{}, "long_tiny"); }

TEST_CASE("tiny models in double are transformers' to its own rounding", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) {
    golden_case const g(name);
    auto const w = run_golden<fp64>(reference_backend{}, g, false);
    // The goldens are rounded to float, and transformers takes norms and softmax in float even in a float64 model.
    CHECK(w.encoder < 2e-6);
    CHECK(w.logits < 5e-6);
  }
}

TEST_CASE("tiny models in bf16 err no more than transformers in bf16", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) check_golden_bf16(reference_backend{}, name, false);
}

TEST_CASE("tiny models on the cpu, float, row-major and packed", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"})
    for (bool const pack : {false, true}) check_golden_f32(cpu_backend{}, name, pack);
}
TEST_CASE("long_tiny on the cpu, float") { check_golden_f32(cpu_backend{}, "long_tiny", true); }

TEST_CASE("tiny models where the host cannot read device memory", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"})
    check_golden_f32(testing::unreadable_backend<cpu_backend>{}, name, true);
}

TEST_CASE("tiny models in bf16 on the cpu", "[committed]") {
  for (char const* name : {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"}) check_golden_bf16<any_t5>(cpu_backend{}, name, true);
}

TEST_CASE("models of full size on the cpu, float, compiled for their presets") {
  check_golden_f32<flan_t5_small>(cpu_backend{}, "flan_t5_small", true);
  check_golden_f32<flan_t5_base>(cpu_backend{}, "flan_t5_base", true);
  check_golden_f32<t5_small>(cpu_backend{}, "t5_small", true);
}

TEST_CASE("models of full size on the cpu, bf16") {
  for (char const* name : {"flan_t5_small", "flan_t5_base", "t5_small"})
    check_golden_bf16<any_t5>(cpu_backend{}, name, true);
}
