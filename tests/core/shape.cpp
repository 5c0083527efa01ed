#include "flan/core/shape.hpp"

#include <optional>
#include <string>
#include <type_traits>

#include "support/catch.hpp"

using flan::flag;

TEST_CASE("a product with an open extent is open") {
  STATIC_REQUIRE(flan::times(6, 64) == 384);
  STATIC_REQUIRE(flan::times(flan::any_extent, 64) == flan::any_extent);
  STATIC_REQUIRE(flan::times(64, flan::any_extent) == flan::any_extent);
  STATIC_REQUIRE(flan::times(0, 64) == 0);
}

TEST_CASE("a found value fits an open one or its equal") {
  STATIC_REQUIRE(flan::fits(flan::any_extent, 7));
  STATIC_REQUIRE(flan::fits(7, 7));
  STATIC_REQUIRE(!flan::fits(7, 8));
  STATIC_REQUIRE(flan::fits(flag::any, flag::no));
  STATIC_REQUIRE(flan::fits(flag::yes, flag::yes));
  STATIC_REQUIRE(!flan::fits(flag::no, flag::yes));
}

TEST_CASE("logic with three values: what is certain stays certain") {
  STATIC_REQUIRE((!flag::yes) == flag::no);
  STATIC_REQUIRE((!flag::no) == flag::yes);
  STATIC_REQUIRE((!flag::any) == flag::any);
  STATIC_REQUIRE((flag::any || flag::yes) == flag::yes);
  STATIC_REQUIRE((flag::yes || flag::any) == flag::yes);
  STATIC_REQUIRE((flag::any || flag::no) == flag::any);
  STATIC_REQUIRE((flag::no || flag::no) == flag::no);
  STATIC_REQUIRE(flan::to_flag(true) == flag::yes);
  STATIC_REQUIRE(flan::to_flag(false) == flag::no);
}

namespace {
struct gated_layer {
  [[no_unique_address]] flan::only_if<flag::no, std::string> absent;
  int always = 1;
};
}  // namespace

TEST_CASE("a part that a configuration lacks costs nothing and is skipped") {
  STATIC_REQUIRE(std::is_same_v<flan::only_if<flag::no, std::string>, flan::nothing>);
  STATIC_REQUIRE(std::is_same_v<flan::only_if<flag::yes, std::string>, std::string>);
  STATIC_REQUIRE(std::is_same_v<flan::only_if<flag::any, std::string>, std::optional<std::string>>);
  STATIC_REQUIRE(sizeof(gated_layer) == sizeof(int));

  int calls = 0;
  auto const count = [&](std::string const& s) { calls += s == "here"; };
  gated_layer const layer;
  std::string part = "here";
  std::optional<std::string> open_part = "here", no_part;
  CHECK(!flan::if_present(layer.absent, count));
  CHECK(!flan::if_present(no_part, count));
  CHECK(!flan::if_present(std::as_const(no_part), count));
  CHECK(calls == 0);
  CHECK(flan::if_present(part, count));
  CHECK(flan::if_present(open_part, count));
  CHECK(flan::if_present(std::as_const(open_part), count));
  CHECK(calls == 3);
  flan::if_present(open_part, [](std::string& s) { s = "changed"; });
  CHECK(*open_part == "changed");
}
