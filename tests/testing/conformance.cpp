#include "flan/testing/conformance.hpp"

#include <sstream>

#include "flan/testing/unreadable_backend.hpp"
#include "support/catch.hpp"
#include "support/sanitized.hpp"

namespace {
template <class P, class B>
void conforms(bool small = flan::testing::sanitized) {
  auto const found = flan::testing::conformance<P>(B{}, {.small = small});
  INFO(found);
  CHECK(found.ok());
  CHECK(found.ops.size() == 26);
}
using far = flan::testing::unreadable_backend<flan::reference_backend>;
}  // namespace

TEST_CASE("the reference backend conforms in float") { conforms<flan::fp32, flan::reference_backend>(); }
TEST_CASE("the reference backend conforms in bf16 with float") {
  conforms<flan::bf16_mixed, flan::reference_backend>();
}
TEST_CASE("the reference backend conforms in double") { conforms<flan::fp64, flan::reference_backend>(); }
TEST_CASE("the suite reads no memory but through the backend") { conforms<flan::fp32, far>(true); }

TEST_CASE("a report prints every op") {
  std::ostringstream text;
  text << flan::testing::conformance(flan::reference_backend{}, {.small = true});
  CHECK_THAT(text.str(), ContainsSubstring("matmul"));
  CHECK_THAT(text.str(), ContainsSubstring("every op agrees with its oracle"));
}
