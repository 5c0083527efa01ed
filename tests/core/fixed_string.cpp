#include "flan/core/fixed_string.hpp"

#include <type_traits>

#include "flan/core/config.hpp"
#include "support/catch.hpp"

namespace {
template <flan::fixed_string S>
struct named {
  static constexpr auto name = S.view();
};
}  // namespace

TEST_CASE("a literal is a template argument: equal text, equal type") {
  STATIC_REQUIRE(named<"yes">::name == "yes");
  STATIC_REQUIRE(named<"">::name.empty());
  STATIC_REQUIRE(named<"a\0b">::name.size() == 3);
  STATIC_REQUIRE(std::is_same_v<named<"yes">, named<"yes">>);
  STATIC_REQUIRE(!std::is_same_v<named<"yes">, named<"yes ">>);
}

TEST_CASE("the version is one number in three parts") {
  STATIC_REQUIRE(flan::version == flan::version_number{FLAN_VERSION_MAJOR, FLAN_VERSION_MINOR, FLAN_VERSION_PATCH});
}
