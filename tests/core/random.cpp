#include "flan/core/random.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "support/catch.hpp"

TEST_CASE("mix64 is splitmix64's step") {
  // The first three outputs of splitmix64 seeded with 0, as published with it: the state advances by a constant.
  STATIC_REQUIRE(flan::mix64(0) == 0xe220a8397b1dcdafu);
  STATIC_REQUIRE(flan::mix64(0x9e3779b97f4a7c15u) == 0x6e789e6aa1b965f4u);
  STATIC_REQUIRE(flan::mix64(2 * 0x9e3779b97f4a7c15u) == 0x06c45d188009454fu);
}

TEST_CASE("mix32 is a bijection that spreads every bit") {
  // Exhaustive on 2^16 inputs of each half: no two outputs agree.
  for (int shift : {0, 16}) {
    std::vector<std::uint32_t> outputs;
    for (std::uint32_t i = 0; i < 0x10000; ++i) outputs.push_back(flan::mix32(i << shift));
    std::sort(outputs.begin(), outputs.end());
    CHECK(std::adjacent_find(outputs.begin(), outputs.end()) == outputs.end());
  }
  for (int bit = 0; bit < 32; ++bit) {
    int flipped = 0;
    for (std::uint32_t i = 0; i < 4096; ++i) flipped += std::popcount(flan::mix32(i) ^ flan::mix32(i ^ (1u << bit)));
    CHECK(std::abs(flipped / 4096.0 - 16.0) < 1.0);
  }
}

TEST_CASE("a key depends on every part and on their order") {
  std::vector<std::uint64_t> keys{flan::key_of(1),       flan::key_of(1, 2),    flan::key_of(2, 1),
                                  flan::key_of(1, 2, 3), flan::key_of(1, 3, 2), flan::key_of(1, 2, 0),
                                  flan::key_of(1, 0),    flan::key_of(1, 0, 0)};
  std::sort(keys.begin(), keys.end());
  CHECK(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
  STATIC_REQUIRE(flan::key_of(7, 8, 9) == flan::key_of(7, 8, 9));
}

TEST_CASE("uniform has the moments of the uniform distribution, and stays below one") {
  double sum = 0, squares = 0, serial = 0, last = 0.5, least = 1, most = 0;
  int const n = 1 << 20;
  for (int i = 0; i < n; ++i) {
    double const u = flan::uniform(42, static_cast<std::uint64_t>(i));
    sum += u, squares += u * u, serial += (u - 0.5) * (last - 0.5), last = u;
    least = std::min(least, u), most = std::max(most, u);
  }
  // Five standard deviations of each mean.
  CHECK(std::abs(sum / n - 0.5) < 5 * std::sqrt(1.0 / 12 / n));
  CHECK(std::abs(squares / n - 1.0 / 3) < 5 * std::sqrt(4.0 / 45 / n));
  CHECK(std::abs(serial / n) < 5 * (1.0 / 12) / std::sqrt(n));
  CHECK(least >= 0);
  CHECK(most < 1);
}

TEST_CASE("normal has the moments of the normal distribution") {
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  int const n = 1 << 19;
  for (int i = 0; i < n; ++i) {
    double const z = flan::normal(7, static_cast<std::uint64_t>(i));
    m1 += z, m2 += z * z, m3 += z * z * z, m4 += z * z * z * z;
  }
  CHECK(std::abs(m1 / n) < 5 * std::sqrt(1.0 / n));
  CHECK(std::abs(m2 / n - 1) < 5 * std::sqrt(2.0 / n));
  CHECK(std::abs(m3 / n) < 5 * std::sqrt(15.0 / n));
  CHECK(std::abs(m4 / n - 3) < 5 * std::sqrt(96.0 / n));
}

TEST_CASE("uniform_below reaches every value and no other") {
  std::vector<int> counts(7);
  for (std::uint64_t i = 0; i < 70'000; ++i) {
    auto const k = flan::uniform_below(3, i, 7);
    REQUIRE(k < 7);
    ++counts[k];
  }
  double chi_squared = 0;
  for (int c : counts) chi_squared += (c - 1e4) * (c - 1e4) / 1e4;
  CHECK(chi_squared < 30);  // six degrees of freedom: exceeded once in 25,000
  CHECK(flan::uniform_below(1, 2, 1) == 0);
}

TEST_CASE("dropout's bits: the right rate along rows, columns and sites, and neighbours do not agree") {
  std::uint32_t const threshold = 0x1999999a;  // a tenth
  int dropped_row = 0, dropped_column = 0, dropped_site = 0, together = 0;
  int const n = 1 << 18;
  for (std::uint32_t i = 0; i < n; ++i) {
    bool const here = flan::dropout_bits(5, 9, i) < threshold;
    dropped_row += here;
    dropped_column += flan::dropout_bits(i, 9, 5) < threshold;
    dropped_site += flan::dropout_bits(5, i, 9) < threshold;
    together += here && flan::dropout_bits(5, 9, i + 1) < threshold;
  }
  double const slack = 5 * std::sqrt(0.09 / n);
  CHECK(std::abs(dropped_row / double{n} - 0.1) < slack);
  CHECK(std::abs(dropped_column / double{n} - 0.1) < slack);
  CHECK(std::abs(dropped_site / double{n} - 0.1) < slack);
  CHECK(std::abs(together / double{n} - 0.01) < 5 * std::sqrt(0.0099 / n));
}
