#include "flan/core/error.hpp"

#include <limits>
#include <string>

#include "support/catch.hpp"

TEST_CASE("a sentence joins text, characters, truth values and numbers") {
  std::string const name = "wi_0";
  CHECK(flan::sentence("tensor ", name, ": expected ", 3, 'x', -4L, ", gated ", true, false) ==
        "tensor wi_0: expected 3x-4, gated truefalse");
  CHECK(flan::sentence(std::string_view("a\0b", 3)) == std::string("a\0b", 3));
  CHECK(flan::sentence(0xffffffffffffffffu) == "18446744073709551615");
  CHECK(flan::sentence().empty());
}

TEST_CASE("a real number is the shortest text that reads back as it") {
  CHECK(flan::sentence(0.001, ' ', 1e-9, ' ', 1e30, ' ', 0.1, ' ', 1.0, ' ', -2.5) == "0.001 1e-09 1e+30 0.1 1 -2.5");
  CHECK(flan::sentence(0.1f, ' ', 1e-6f) == "0.1 1e-06");
  CHECK(flan::sentence(std::numeric_limits<double>::quiet_NaN(), ' ', -std::numeric_limits<double>::infinity(), ' ',
                       std::numeric_limits<double>::denorm_min(), ' ',
                       -std::numeric_limits<double>::max()) == "nan -inf 5e-324 -1.7976931348623157e+308");
}

TEST_CASE("fail throws the joined sentence as a runtime_error") {
  CHECK_THROWS_AS(flan::fail("x"), flan::error);
  CHECK_THROWS_AS(flan::fail("x"), std::runtime_error);
  CHECK_THROWS_WITH(flan::fail("expected ", 2, " found ", 3), "expected 2 found 3");
}
