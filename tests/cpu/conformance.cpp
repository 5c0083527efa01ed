#include "flan/testing/conformance.hpp"

#include <sstream>

#include "flan/cpu/backend.hpp"
#include "support/catch.hpp"
#include "support/sanitized.hpp"

namespace {

template <class P>
void check_every_instruction_set() {
  for (auto isa : flan::instruction_sets) {
    if (!flan::available(isa)) continue;
    auto const found =
        flan::testing::conformance<P>(flan::cpu_backend{{.isa = isa}}, {.small = flan::testing::sanitized});
    std::ostringstream text;
    text << name_of(isa) << '\n' << found;
    INFO(text.str());
    CHECK(found.ok());
  }
}

}  // namespace

TEST_CASE("cpu_backend conforms in f32 on every instruction set of the machine") {
  check_every_instruction_set<flan::fp32>();
}

TEST_CASE("cpu_backend conforms in bf16 on every instruction set of the machine") {
  check_every_instruction_set<flan::bf16_mixed>();
}
