// transformers' numbers: encoders, logits, gradients, generation. Those tagged [shared] need FLAN_SHARED.

#include "cuda/selftest/selftest.hpp"
#include "support/golden_generation.hpp"
#include "support/golden_gradients.hpp"
#include "support/golden_model.hpp"

using namespace flan;
using namespace flan::testing;

namespace {
constexpr char const* tiny[] = {"v1_1_tiny", "v1_0_tiny", "umt5_tiny"};
constexpr char const* full[] = {"flan_t5_small", "flan_t5_base", "t5_small"};
}  // namespace

TEST_CASE("golden: tiny models in float") {
  for (char const* name : tiny) check_golden_f32(cuda_backend{}, name, true);
}
TEST_CASE("golden: tiny models in bf16") {
  for (char const* name : tiny) check_golden_bf16(cuda_backend{}, name, true);
}
TEST_CASE("golden: gradients of tiny models") {
  for (char const* name : tiny)
    for (bool const recompute : {false, true}) check_golden_gradients<fp32, cuda_backend>(name, 1e-4, recompute);
}
TEST_CASE("golden: tiny models generate") {
  for (char const* name : tiny) check_golden_generation(name, cuda_backend{}, 20);
}
TEST_CASE("golden: long_tiny", "[shared]") {
  check_golden_f32(cuda_backend{}, "long_tiny", true);
  check_golden_gradients<fp32, cuda_backend>("long_tiny", 1e-4, true);
  check_golden_generation("long_tiny", cuda_backend{}, 20);
}
TEST_CASE("golden: models of full size in float", "[shared]") {
  for (char const* name : full) check_golden_f32(cuda_backend{}, name, true);
}
TEST_CASE("golden: models of full size in bf16", "[shared]") {
  for (char const* name : full) check_golden_bf16(cuda_backend{}, name, true);
}
TEST_CASE("golden: models of full size generate", "[shared]") {
  for (char const* name : full) check_golden_generation(name, cuda_backend{}, 3);
}
