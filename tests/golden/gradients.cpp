/// Every gradient of the tiny models against torch's in float64, and the loss.

#include "flan/cpu/backend.hpp"
#include "flan/reference/backend.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "support/golden_gradients.hpp"

using namespace flan;
using namespace flan::testing;

TEMPLATE_TEST_CASE("gradients equal torch's", "[committed]", cpu_backend, reference_backend,
                   unreadable_backend<cpu_backend>) {
  check_golden_gradients<fp32, TestType>(GENERATE("v1_1_tiny", "v1_0_tiny", "umt5_tiny"), 1e-4, GENERATE(false, true));
}

TEMPLATE_TEST_CASE("gradients of long inputs equal torch's", "", cpu_backend, reference_backend) {
  check_golden_gradients<fp32, TestType>("long_tiny", 1e-4, true);
}

TEST_CASE("gradients in double equal torch's to the rounding of the record", "[committed]") {
  check_golden_gradients<fp64, reference_backend>(GENERATE("v1_1_tiny", "v1_0_tiny", "umt5_tiny"), 1e-6, false);
}
