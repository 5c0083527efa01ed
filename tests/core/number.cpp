#include "flan/core/number.hpp"

#include <bit>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "support/catch.hpp"

namespace {

/// A binary format by its three numbers. Double holds every value of both formats, and every midpoint, exactly.
struct format {
  int significant, least_exponent;  // binary digits with the hidden one; exponent of the least normal number
  double largest;
};
constexpr format bf16_format{8, -126, 0x1.fep127};
constexpr format f16_format{11, -14, 65504.0};

/// x in the format, to nearest, ties to even; by division and nearbyint, sharing nothing with the code under test.
double rounded(double x, format f) {
  if (x == 0 || std::isinf(x)) return x;
  int const exponent = std::max(std::ilogb(x), f.least_exponent);
  double const step = std::ldexp(1.0, exponent - f.significant + 1);
  double const r = std::nearbyint(x / step) * step;
  return std::abs(r) > f.largest ? std::copysign(std::numeric_limits<double>::infinity(), x) : r;
}

/// The value that 16 bits stand for: sign, exponent, fraction.
double meaning(std::uint16_t bits, int fraction_bits) {
  int const exponent_bits = 15 - fraction_bits, bias = (1 << (exponent_bits - 1)) - 1;
  int const exponent = (bits & 0x7fff) >> fraction_bits, fraction = bits & ((1 << fraction_bits) - 1);
  double const sign = bits & 0x8000 ? -1.0 : 1.0;
  if (exponent == (1 << exponent_bits) - 1)
    return fraction ? std::numeric_limits<double>::quiet_NaN() : sign * std::numeric_limits<double>::infinity();
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

template <class T>
T from_bits(unsigned bits) {
  T x;
  x.bits = static_cast<std::uint16_t>(bits);
  return x;
}

/// Counts instead of CHECKs per value: 65,536 assertions are slow to record.
template <class T>
void every_value_means_what_its_bits_say(int fraction_bits) {
  int wrong = 0;
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    double const expected = meaning(static_cast<std::uint16_t>(bits), fraction_bits);
    float const found = static_cast<float>(from_bits<T>(bits));
    if (std::isnan(expected) ? !std::isnan(found) : found != expected || std::signbit(found) != std::signbit(expected))
      ++wrong;
  }
  CHECK(wrong == 0);
}

template <class T>
void every_value_survives_a_round_trip() {
  int wrong = 0;
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    float const wide = static_cast<float>(from_bits<T>(bits));
    T const again(wide);
    if (std::isnan(wide) ? !std::isnan(static_cast<float>(again)) : again.bits != bits) ++wrong;
  }
  CHECK(wrong == 0);
}

/// Rounding can only go wrong at a value, at the midpoint to the next one, or one float beside either: tries all of
/// them.
template <class T>
void every_boundary_rounds_as_the_oracle_does(format f) {
  auto const infinity = std::numeric_limits<float>::infinity();
  int wrong = 0;
  auto const try_one = [&](float x) {
    float const found = static_cast<float>(T(x));
    double const expected = rounded(x, f);
    if (found != expected || std::signbit(found) != std::signbit(expected)) ++wrong;
  };
  for (unsigned bits = 0; bits < 0x7fff; ++bits) {
    float const low = static_cast<float>(from_bits<T>(bits)), high = static_cast<float>(from_bits<T>(bits + 1));
    if (std::isnan(low) || std::isnan(high)) break;
    // Above the largest finite value the next one, had the exponent gone on, is one step on.
    double const next =
        std::isinf(high) ? f.largest + std::ldexp(1.0, std::ilogb(f.largest) - f.significant + 1) : high;
    float const middle = static_cast<float>((static_cast<double>(low) + next) / 2);
    for (float x : {low, middle})
      for (float y : {x, std::nextafter(x, infinity), std::nextafter(x, -infinity)})
        for (float z : {y, -y}) try_one(z);
  }
  for (float x : {infinity, -infinity, std::numeric_limits<float>::max(), std::numeric_limits<float>::denorm_min()})
    for (float y : {x, -x}) try_one(y);
  CHECK(wrong == 0);
}

template <class T>
void every_kind_of_nan_stays_one() {
  int wrong = 0;
  // One payload bit at a time, the low ones included: those are cut off.
  for (int bit = 0; bit < 23; ++bit)
    for (std::uint32_t sign : {0u, 0x80000000u}) {
      float const nan = std::bit_cast<float>(sign | 0x7f800000u | (1u << bit));
      T const stored(nan);
      if (!std::isnan(static_cast<float>(stored)) || (stored.bits & 0x8000u) << 16 != sign) ++wrong;
    }
  float const all_ones = std::bit_cast<float>(0x7fffffffu);
  if (!std::isnan(static_cast<float>(T(all_ones)))) ++wrong;
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("bf16 and f16: every bit pattern means what the format says") {
  every_value_means_what_its_bits_say<flan::bf16>(7);
  every_value_means_what_its_bits_say<flan::f16>(10);
}

TEST_CASE("bf16 and f16: every value survives a round trip through float") {
  every_value_survives_a_round_trip<flan::bf16>();
  every_value_survives_a_round_trip<flan::f16>();
}

TEST_CASE("bf16 and f16: every boundary rounds to nearest, ties to even") {
  every_boundary_rounds_as_the_oracle_does<flan::bf16>(bf16_format);
  every_boundary_rounds_as_the_oracle_does<flan::f16>(f16_format);
}

TEST_CASE("bf16 and f16: a NaN stays a NaN and keeps its sign") {
  every_kind_of_nan_stays_one<flan::bf16>();
  every_kind_of_nan_stays_one<flan::f16>();
}

TEST_CASE("the edges of f16, by their published values") {
  CHECK(flan::f16(65504.0f).bits == 0x7bff);
  CHECK(flan::f16(65519.996f).bits == 0x7bff);
  CHECK(flan::f16(65520.0f).bits == 0x7c00);
  CHECK(flan::f16(0x1p-14f).bits == 0x0400);    // least normal
  CHECK(flan::f16(0x1p-24f).bits == 0x0001);    // least subnormal
  CHECK(flan::f16(0x1p-25f).bits == 0x0000);    // halfway to it: ties to even
  CHECK(flan::f16(0x1.8p-24f).bits == 0x0002);  // halfway between 1 and 2 of them
  CHECK(flan::f16(-0.0f).bits == 0x8000);
}

TEST_CASE("conversions are constant expressions") {
  STATIC_REQUIRE(flan::bf16(1.0f).bits == 0x3f80);
  STATIC_REQUIRE(static_cast<float>(flan::f16(-1.5f)) == -1.5f);
  STATIC_REQUIRE(flan::bf16(0.5f) == flan::narrow<flan::bf16>(0.5f));
}

TEST_CASE("what is stored narrow is computed wide") {
  STATIC_REQUIRE(std::is_same_v<flan::wide_t<flan::bf16>, float>);
  STATIC_REQUIRE(std::is_same_v<flan::wide_t<flan::f16>, float>);
  STATIC_REQUIRE(std::is_same_v<flan::wide_t<float>, float>);
  STATIC_REQUIRE(std::is_same_v<flan::wide_t<std::complex<double>>, std::complex<double>>);
  STATIC_REQUIRE(std::is_same_v<decltype(flan::widen(flan::bf16{})), float>);
  CHECK(flan::widen(flan::bf16(3.0f)) == 3.0f);
  CHECK(flan::number_name<flan::bf16> == "BF16");
  CHECK(flan::number_name<flan::f16> == "F16");
  CHECK(flan::number_name<float> == "F32");
  CHECK(flan::number_name<double> == "F64");
}
