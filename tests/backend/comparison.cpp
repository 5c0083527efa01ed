#include "flan/backend/comparison.hpp"

#include "support/catch.hpp"

namespace {
template <class T>
flan::comparison compare(std::vector<double> const& got, std::vector<double> const& expected,
                         std::vector<double> const& before = {}, double floor = 0, bool exact = false) {
  std::vector<T> stored;
  for (double g : got) stored.push_back(flan::narrow<T>(static_cast<flan::wide_t<T>>(g)));
  return flan::detail::compare("op", "y", stored, expected, before, floor, exact,
                               [](flan::extent i) { return flan::sentence("(", i, ")"); });
}
double const none = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
}  // namespace

TEST_CASE("rounding to the stored format is no error, one part in a thousand is") {
  CHECK(compare<float>({0.1, 2.7}, {0.1, 2.7}).error == 0);
  CHECK(compare<flan::bf16>({0.1, 2.7}, {0.1, 2.7}).error == 0);
  auto const wrong = compare<float>({0.1, 2.7027}, {0.1, 2.7});
  CHECK_FALSE(wrong.ok());
  CHECK_THAT(wrong.sentence(),
             ContainsSubstring("op differs from its oracle: y(1) is 2.7026") && ContainsSubstring(", expected 2.7 "));
}

TEST_CASE("a small element is measured against the size of the others, or of the terms that cancelled in it") {
  CHECK(compare<float>({1e-7, 1}, {0, 1}).ok());
  CHECK_FALSE(compare<float>({1e-7, 0}, {0, 0}).ok());
  CHECK(compare<float>({1e-7, 0}, {0, 0}, {}, 1).ok());
}

TEST_CASE("what an op adds is measured, not the sum") {
  // 1000 + 1e-3, where the op added nothing: nearly right as a sum, wholly wrong as an addition.
  CHECK(compare<double>({1000}, {1000.001}).error < 2e-6);
  CHECK(compare<double>({1000}, {1000.001}, {1000}).error > 0.9);
}

TEST_CASE("NaN must meet NaN and an infinity its like") {
  CHECK(compare<float>({none, infinity, -infinity}, {none, infinity, -infinity}).ok());
  CHECK(compare<float>({infinity}, {1e300}).ok());  // what float makes of it
  CHECK_FALSE(compare<float>({none}, {1}).ok());
  CHECK_FALSE(compare<float>({1}, {none}).ok());
  CHECK_FALSE(compare<float>({infinity}, {-infinity}).ok());
  CHECK_FALSE(compare<float>({infinity}, {3}).ok());
}

TEST_CASE("values that are only moved must be the very ones") {
  CHECK(compare<float>({0.1, none}, {static_cast<double>(0.1f), none}, {}, 0, true).ok());
  CHECK_FALSE(compare<float>({1.0000001}, {1}, {}, 0, true).ok());
}
