#include "flan/data/draws.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace {

using flan::detail::floor_sum;
using flan::detail::u128;

// |count − n·share|: how far the first n fractions are from even over [first, last]. Exact but for the last division.
double deviation(flan::draws const& d, std::uint64_t first, std::uint64_t last, std::uint64_t n) {
  u128 const count = u128{d.in_order(first, last, n).value} << 64, even = (u128{last - first} + 1) * n;
  return static_cast<double>(count > even ? count - even : even - count) * 0x1p-64;
}

// Denominators of the convergents of α, up to `most`; checks that its partial quotients up to there are small.
std::vector<std::uint64_t> convergents(std::uint64_t most) {
  std::vector<std::uint64_t> q{0, 1};
  for (u128 a = u128{1} << 64, b = flan::draws::step; b != 0 && q.back() <= most;) {
    auto const quotient = static_cast<std::uint64_t>(a / b);
    CHECK(quotient <= 4);
    q.push_back(quotient * q.back() + q[q.size() - 2]);
    u128 const rest = a % b;
    a = b, b = rest;
  }
  q.pop_back();
  return q;
}

std::vector<double> uneven(std::size_t n) {
  std::vector<double> weights;
  for (std::size_t i = 0; i < n; ++i)
    weights.push_back(std::min(5000.0, std::floor(std::exp(12 * flan::uniform(3, i))) + 1));
  return weights;
}

// Shares that make trouble for sequences: rational ones, tiny ones, many.
std::vector<std::vector<double>> troublesome() {
  return {{1},
          {1, 1},
          {1, 2},
          {1, 1, 1},
          {3, 5},
          {1, 1e-9},
          {1e-12, 1e-6, 1, 1e-3},
          std::vector<double>(1024, 1),
          std::vector<double>(1000, 0.1),
          {0.6180339887498949, 0.3819660112501051},
          {0.46, 0.279, 0.018, 0.242},
          uneven(1836)};
}
}  // namespace

TEST_CASE("a floor sum is the sum") {
  for (std::uint64_t key = 0; key < 2000; ++key) {
    auto const small = [&](std::uint64_t counter, std::uint64_t most) {
      return flan::uniform_below(flan::mix64(key), counter, most);
    };
    std::uint64_t const n = small(0, 40), m = 1 + small(1, 30), a = small(2, 90), b = small(3, 90);
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < n; ++i) sum += (a * i + b) / m;
    REQUIRE(floor_sum(n, m, a, b).value == sum);
  }
  // With operands of 64 bits, where products need 128: all n values of a·i mod 2^64 below n·a / 2^64 rounded.
  static_assert(floor_sum(3, u128{1} << 64, ~0ull, ~0ull).value == 0 + 1 + 2);
  static_assert(floor_sum(~0ull, u128{1} << 64, 1, 0).value == 0);
  static_assert(floor_sum(~0ull, u128{1} << 64, 1, 2).value == 1);
}

TEST_CASE("shares are intervals, exact to the last bits") {
  flan::shares const halves({1, 1}), thirds({5, 5, 5}), one({0.25});
  CHECK((halves.first(0) == 0 && halves.last(0) == (1ull << 63) - 1));
  CHECK((halves.first(1) == 1ull << 63 && halves.last(1) == ~0ull));
  CHECK((one.first(0) == 0 && one.last(0) == ~0ull));
  CHECK(thirds.first(1) == 0x5555555555555555u);
  CHECK(thirds.first(2) == 0xaaaaaaaaaaaaaaaau);
  CHECK(thirds.holder(0x5555555555555554u) == 0);
  CHECK(thirds.holder(0x5555555555555555u) == 1);
  CHECK(thirds.holder(~0ull) == 2);
  for (auto const& weights : troublesome()) {
    flan::shares const s(weights);
    double sum = 0;
    for (double const w : weights) sum += w;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      CHECK(std::abs((static_cast<double>(s.last(i) - s.first(i)) + 1) * 0x1p-64 - weights[i] / sum) < 1e-15);
      CHECK((s.holder(s.first(i)) == i && s.holder(s.last(i)) == i));
    }
  }
  CHECK_THROWS_WITH(flan::shares({}), ContainsSubstring("need a weight"));
  CHECK_THROWS_WITH(flan::shares({1, 0}), ContainsSubstring("the weight 0; expected a number above 0"));
  CHECK_THROWS_WITH(flan::shares({1, std::nan("")}), ContainsSubstring("expected a number above 0"));
  CHECK_THROWS_WITH(flan::shares({1, 1e-30}), ContainsSubstring("too little beside the others"));
}

TEST_CASE("counts are exact: a million draws one by one") {
  for (auto const& weights : {std::vector<double>{1, 1}, {1, 2}, {0.46, 0.279, 0.018, 0.242}, {1e-4, 1, 1e-6}}) {
    flan::shares const s(weights);
    flan::draws const d(s, 11);
    std::vector<std::uint64_t> counts(weights.size());
    std::uint64_t checked = 0;
    for (std::uint64_t n = 0; n < 1'000'000; ++n) {
      if (n % 997 == 0 || n < 300)
        for (std::size_t part = 0; part < weights.size(); ++part, ++checked)
          REQUIRE(d.in_order(s.first(part), s.last(part), n).value == counts[part]);
      ++counts[s.holder(d.fraction(n))];
    }
    CHECK(checked > 2000);
  }
}

TEST_CASE("an index draws, and its part was drawn so often before: a million indices") {
  flan::shares const s(uneven(50));
  flan::draws const d(s, 5);
  flan::draw_cursor at(d);
  std::vector<std::uint64_t> counts(s.size());
  for (std::uint64_t i = 0; i < 1'000'000; ++i) {
    auto const now = at(i);
    REQUIRE(now.part == s.holder(d.fraction_at(i)));
    REQUIRE(now.before == counts[now.part]++);
    if (i % 4999 == 0 || i == 1023 || i == 1024) {
      auto const direct = d(i);
      REQUIRE((direct.part == now.part && direct.before == now.before));
    }
  }
}

TEST_CASE("a cursor may go anywhere") {
  flan::shares const s(uneven(1836));
  flan::draws const d(s, 6);
  flan::draw_cursor at(d);
  std::uint64_t const far = 1'000'000'000'000, all = ~0ull;
  for (std::uint64_t i : {far, far + 1, far + 1023, far + 1024, far + 2048, far + 1500, std::uint64_t{0}, all / 2, far,
                          std::uint64_t{1023}, std::uint64_t{1024}, std::uint64_t{7000}}) {
    auto const here = at(i), direct = d(i);
    CHECK((here.part == direct.part && here.before == direct.before));
  }
  // Going through blocks from far out, each part goes on by one.
  flan::draw_cursor steady(d);
  std::vector<std::uint64_t> next(s.size());
  for (std::uint64_t i = far; i < far + 20'000; ++i) {
    auto const now = steady(i);
    if (next[now.part] > 0) REQUIRE(now.before == next[now.part]);
    next[now.part] = now.before + 1;
  }
}

TEST_CASE("at the end of every block each part has had its share, give or take 16") {
  double worst = 0;
  auto const denominators = convergents(1'000'000'000'000);
  std::vector<std::uint64_t> ends{1024, 2048, 1'000'000 / 1024 * 1024, 1'000'000'000'000 / 1024 * 1024};
  for (auto const q : denominators) ends.push_back(q / 1024 * 1024);
  for (std::uint64_t i = 0; i < 20; ++i) ends.push_back(flan::uniform_below(1, i, 1'000'000'000) * 1000 / 1024 * 1024);
  for (auto const& weights : troublesome()) {
    flan::shares const s(weights);
    double sum = 0;
    for (double const w : weights) sum += w;
    std::size_t const stride = 1 + weights.size() / 60;
    for (std::uint64_t seed : {0u, 9u})
      for (auto const n : ends)
        for (std::size_t part = 0; part < s.size(); part += stride) {
          flan::draws const d(s, seed);
          worst = std::max(worst, deviation(d, s.first(part), s.last(part), n));
          // And against the share that was asked for.
          double const count = static_cast<double>(d.before_block(part, n / 1024));
          REQUIRE(std::abs(count - static_cast<double>(n) * (weights[part] / sum)) <= 16);
        }
  }
  INFO("worst deviation " << worst);
  CHECK(worst <= 16);
  CHECK(worst > 0.5);
}

TEST_CASE("no interval and no count up to 10^12 is further off than 16, for an adversary who looks for one") {
  std::uint64_t const most = 1'000'000'000'000;
  flan::shares const any({1});
  flan::draws const d(any, 0);
  // The worst intervals end at points of the sequence. So there are three numbers to choose, the places of two points
  // and the count, and they are chosen digit by digit in the number system that α makes (Ostrowski's: the digits'
  // values are the denominators of the convergents, and a digit is at most the partial quotient). What a digit adds to
  // the deviation depends on its neighbours, and less and less on digits further off. So of all choices that agree in
  // the last two digits of each number, the worst is kept. Keeping three of them, or those of each three last digits
  // (11 million trials), finds the same 13.913.
  struct choice {
    std::array<std::uint64_t, 3> numbers{};  // places of the interval's ends, the count
    std::array<unsigned, 2> last{};          // digits, 3 × 3 bits
    double off = 0;
  };
  auto const off = [&](std::array<std::uint64_t, 3> const& x) {
    auto const [first, last] = std::minmax({d.fraction(x[0]), d.fraction(x[1])});
    if (first == last) return 0.0;
    // Both ends within, or neither: more points than even, or fewer.
    return std::max(deviation(d, first, last, x[2]), last - first > 1 ? deviation(d, first + 1, last - 1, x[2]) : 0.0);
  };
  auto const q = convergents(most);
  std::vector<choice> kept(1);
  double worst = 0;
  for (std::size_t k = 1; k < q.size(); ++k) {
    // q[k+1] = quotient·q[k] + q[k-1]; after the last one that is small enough, any digit that is.
    auto const quotient = static_cast<unsigned>(k + 1 < q.size() ? (q[k + 1] - q[k - 1]) / q[k] : 4);
    std::map<std::array<unsigned, 2>, choice> best;
    for (auto const& c : kept)
      for (unsigned digits = 0; digits < (quotient + 1) * (quotient + 1) * (quotient + 1); ++digits) {
        std::array<unsigned, 3> const digit{digits % (quotient + 1), digits / (quotient + 1) % (quotient + 1),
                                            digits / (quotient + 1) / (quotient + 1)};
        if (c.numbers[0] == c.numbers[1] && digit[0] > digit[1]) continue;  // the ends are alike
        choice next = c;
        for (std::size_t n = 0; n < 3; ++n) next.numbers[n] += digit[n] * q[k];
        if (next.numbers[2] > most) continue;
        next.last = {c.last[1], digit[0] | digit[1] << 3 | digit[2] << 6};
        next.off = off(next.numbers);
        worst = std::max(worst, next.off);
        if (auto& b = best[next.last]; next.off >= b.off) b = next;
      }
    kept.clear();
    for (auto const& [last, c] : best) kept.push_back(c);
  }
  INFO("the worst found: " << worst);
  CHECK(worst <= 16);
  CHECK(worst > 13.9);  // a search that finds less is no adversary
}

TEST_CASE("to count the draws before an index takes some fifty rounds of Euclid's algorithm, however large it is") {
  flan::shares const s(uneven(1836));
  flan::draws const d(s, 1);
  int most = 0, far = 0;
  for (std::size_t part = 0; part < s.size(); ++part) {
    most = std::max(most, d.in_order(s.first(part), s.last(part), 1'000'000'000'000).rounds);
    far = std::max(far, d.in_order(s.first(part), s.last(part), ~0ull).rounds);
  }
  CHECK(most <= 2 * 60);  // two sums, each as long as the continued fraction of α up to 10^12
  CHECK(far <= 2 * 100);
}

TEST_CASE("the key decides the order, and neighbours are not regular") {
  flan::shares const s({1, 1});
  auto const sequence = [&](std::uint64_t key) {
    flan::draw_cursor at(flan::draws(s, key));
    std::vector<int> all;
    for (std::uint64_t i = 0; i < 40'000; ++i) all.push_back(at(i).part == 0 ? 1 : -1);
    return all;
  };
  auto const a = sequence(1), b = sequence(2);
  auto const correlation = [](std::vector<int> const& x, std::vector<int> const& y, std::size_t lag) {
    double sum = 0;
    for (std::size_t i = 0; i + lag < x.size(); ++i) sum += x[i] * y[i + lag];
    return sum / static_cast<double>(x.size() - lag);
  };
  // Five standard deviations of 40,000 independent signs.
  for (std::size_t lag = 1; lag <= 60; ++lag) CHECK(std::abs(correlation(a, a, lag)) < 0.025);
  for (std::size_t lag = 0; lag <= 20; ++lag) CHECK(std::abs(correlation(a, b, lag)) < 0.025);
  // What the first indices draw follows the shares over keys, too.
  flan::shares const uneven_pair({1, 3});
  int first = 0;
  for (std::uint64_t key = 0; key < 4000; ++key) first += flan::draws(uneven_pair, flan::mix64(key))(0).part == 0;
  CHECK(std::abs(first - 1000) < 5 * 28);
}

TEST_CASE("the next index that draws a part is found without going through those between, to the last index of all") {
  for (auto const& weights : {std::vector<double>{1, 2}, {1, 1e-3}, {1e-4, 1, 0.1}}) {
    flan::shares const s(weights);
    flan::draws const d(s, 7);
    for (std::uint64_t const begin : {std::uint64_t{0}, std::uint64_t{5'000'000'000'123}, ~std::uint64_t{0} - 20'000}) {
      std::vector<std::optional<std::uint64_t>> next(s.size());
      std::uint64_t wrong = 0;
      for (std::uint64_t i = begin + 20'000;; --i) {  // backwards: what comes next is known
        next[s.holder(d.fraction_at(i))] = i;
        for (std::size_t part = 0; part < s.size(); ++part)
          if (next[part] && (i % 997 == 0 || i % 1024 == 0)) wrong += d.next_of(part, i) != next[part];
        if (i == begin) break;
      }
      CHECK(wrong == 0);
    }
  }
  flan::shares const s({1, 1e-15});
  flan::draws const d(s, 7);
  std::uint64_t at = 0;
  for (std::uint64_t before = 0; before < 100; ++before) {
    auto const found = d.next_of(1, at);
    REQUIRE(found);
    CHECK(d(*found).part == 1);
    CHECK(d(*found).before == before);
    at = *found + 1;
  }
  CHECK(std::abs(static_cast<double>(at) * 1e-15 - 100) < 16);
  CHECK(!d.next_of(1, ~std::uint64_t{0}));
}
