// Elementwise ops of the CPU backend, and the functions that its kernels compute by themselves.
#include "flan/cpu/elementwise.hpp"

#include <cstring>
#include <limits>

#include "flan/reference/backend.hpp"
#include "numbers.hpp"
#include "support/catch.hpp"

// exp as kernels have it, reachable from outside.
namespace flan::detail {
template <instruction_set>
struct test_kernels;
}
#define FLAN_KERNELS "cpu/exp_kernel.inc"
#include "flan/cpu/kernels/stamp.inc"

using namespace flan;
using namespace flan::testing;

namespace {

/// |a − exact| in units of a float's last place at the exact value.
double ulps(float a, long double exact) {
  if (std::isinf(a) || exact == 0) return static_cast<long double>(a) == exact ? 0 : INFINITY;
  int exponent;
  (void)std::frexp(static_cast<double>(exact), &exponent);
  double const unit = std::ldexp(1.0, std::max(exponent, -125) - 24);
  return static_cast<double>(std::abs(static_cast<long double>(a) - exact)) / unit;
}

constexpr activation activations[] = {activation::relu, activation::gelu, activation::gelu_new, activation::silu};

/// Arguments that matter: a fine grid, wide ones, subnormals.
std::vector<float> arguments() {
  std::vector<float> x;
  for (int i = -6000; i <= 6000; ++i) x.push_back(static_cast<float>(i) * 0.0021f);
  for (float s : {1e-38f, 1e-20f, 1e-8f, 20.0f, 50.0f, 88.0f, 104.0f, 1e4f, 1e10f, 1e19f, 3e38f}) {
    x.push_back(s);
    x.push_back(-s);
  }
  x.push_back(0.0f);
  return x;
}

}  // namespace

TEST_CASE("exp is within 1.5 ulp where it is normal, 0 at -infinity and infinite past a float", "[cpu][elementwise]") {
  std::vector<float> x;
  for (int i = -170'000; i <= 90'000; ++i) x.push_back(static_cast<float>(i) * 0.00100013f);
  for (float f : {-INFINITY, INFINITY, -1e38f, 1e38f, -0.0f, 0.0f, 1e-30f}) x.push_back(f);
  while (x.size() % 16 != 0) x.push_back(0.0f);
  for (auto isa : sets_of_kernels()) {
    std::vector<float> y(x.size());
    flan::detail::with_kernels(isa, [&](auto set) {
      using kernels = flan::detail::test_kernels<set()>;
      kernels::exp(y.data(), x.data(), static_cast<extent>(x.size()));
      std::vector<float> nans(16, NAN), out(16);
      kernels::exp(out.data(), nans.data(), 16);
      for (float f : out) REQUIRE(std::isnan(f));
    });
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      CAPTURE(name_of(isa), x[i], y[i]);
      long double const exact = std::exp(static_cast<long double>(x[i]));
      if (x[i] > 88.73f || x[i] < -87.3f) {  // infinite, or subnormal: within the smallest step
        REQUIRE((x[i] > 0 ? std::isinf(y[i]) : std::abs(y[i] - static_cast<float>(exact)) <= 1.5e-45f));
      } else if (x[i] < 88.72f) {
        worst = std::max(worst, ulps(y[i], exact));
        REQUIRE(ulps(y[i], exact) < 1.5);
      }
    }
    INFO("largest error of exp, " << name_of(isa) << ": " << worst << " ulp");
    CHECK(worst < 1.5);
  }
}

TEST_CASE("activations are as near to long double as they say", "[cpu][elementwise]") {
  auto x = arguments();
  extent const n = static_cast<extent>(x.size());
  for (auto isa : sets_of_kernels())
    for (auto a : activations) {
      flan::detail::cpu_elementwise be(isa);
      std::vector<float> y(x.size()), slope(x.size()), one(x.size(), 1.0f);
      be.activate(as_matrix(y, 1, n), in(as_matrix(x, 1, n)), a);
      be.activate_backward(as_matrix(slope, 1, n), in(as_matrix(one, 1, n)), in(as_matrix(x, 1, n)), a);
      for (std::size_t i = 0; i < x.size(); ++i) {
        long double const v = x[i], value = flan::detail::apply(a, static_cast<double>(x[i]));
        long double const exact_value = a == activation::gelu ? v * 0.5L * std::erfc(-v / std::sqrt(2.0L)) : value;
        CAPTURE(name_of(isa), name_of(a), x[i], y[i], slope[i]);
        // Relative, and absolute where the value is next to nothing: far out, e^(−x²/2) magnifies the rounding of x².
        double const error = static_cast<double>(std::abs(static_cast<long double>(y[i]) - exact_value));
        REQUIRE(error <= std::max(2e-6 * std::abs(static_cast<double>(exact_value)), 1e-8));
        double const exact_slope =
            std::abs(x[i]) > 1e3f ? (x[i] > 0 ? 1.0 : 0.0) : flan::detail::derivative(a, static_cast<double>(x[i]));
        REQUIRE(std::abs(static_cast<double>(slope[i]) - exact_slope) <= 8e-7);
      }
    }
}

TEST_CASE("NaN and infinity pass through activations as through the oracle", "[cpu][elementwise]") {
  std::vector<float> x{NAN, INFINITY, -INFINITY, -0.0f, 1.0f};
  auto wide = doubles(x);
  reference_backend oracle;
  for (auto isa : sets_of_kernels())
    for (auto a : activations) {
      CAPTURE(name_of(isa), name_of(a));
      flan::detail::cpu_elementwise be(isa);
      std::vector<float> y(5);
      std::vector<double> expected(5);
      be.activate(as_matrix(y, 1, 5), in(as_matrix(x, 1, 5)), a);
      oracle.activate(as_matrix(expected, 1, 5), in(as_matrix(wide, 1, 5)), a);
      REQUIRE(distance(y, expected) < 1e-6);
      REQUIRE(std::isnan(y[0]));
    }
}

TEMPLATE_TEST_CASE("elementwise ops follow the oracle at every width", "[cpu][elementwise]", float, bf16) {
  using T = TestType;
  double const bound = std::is_same_v<T, bf16> ? 8e-3 : 1e-6;
  reference_backend oracle;
  for (auto isa : sets_of_kernels()) {
    flan::detail::cpu_elementwise be(isa);
    for (extent columns : {0, 1, 3, 4, 7, 8, 15, 16, 17, 33, 100})
      for (extent rows : {0, 1, 5}) {
        CAPTURE(name_of(isa), rows, columns);
        extent const stride = columns + 3, size = rows * stride;
        auto const strided = [&](auto& v) {
          return matrix<std::remove_reference_t<decltype(v[0])>>{v.data(), rows, columns, stride};
        };
        auto g = normals<T>(1, size), u = normals<T>(2, size), dy = normals<T>(3, size);
        auto g_wide = doubles(g), u_wide = doubles(u), dy_wide = doubles(dy);
        for (auto a : activations) {
          auto y = u, dg = u, du = g;  // what lies between the rows must stay
          auto y_wide = u_wide, dg_wide = u_wide, du_wide = g_wide;
          be.gate(strided(y), in(strided(g)), in(strided(u)), a);
          oracle.gate(strided(y_wide), in(strided(g_wide)), in(strided(u_wide)), a);
          REQUIRE(distance(y, y_wide) < bound);
          be.gate_backward(strided(dg), strided(du), in(strided(dy)), in(strided(g)), in(strided(u)), a);
          oracle.gate_backward(strided(dg_wide), strided(du_wide), in(strided(dy_wide)), in(strided(g_wide)),
                               in(strided(u_wide)), a);
          REQUIRE(distance(dg, dg_wide) < 2 * bound);
          REQUIRE(distance(du, du_wide) < 2 * bound);

          auto in_place = dy;
          be.activate_backward(strided(in_place), in(strided(in_place)), in(strided(g)), a);
          auto apart = dy;
          be.activate_backward(strided(apart), in(strided(dy)), in(strided(g)), a);
          REQUIRE(in_place == apart);
          in_place = dy;  // dg may be dy
          be.gate_backward(strided(in_place), strided(du), in(strided(in_place)), in(strided(g)), in(strided(u)), a);
          REQUIRE(distance(in_place, [&] {
                    auto mixed = doubles(dy);
                    oracle.gate_backward(strided(mixed), strided(du_wide), in(strided(dy_wide)), in(strided(g_wide)),
                                         in(strided(u_wide)), a);
                    return mixed;
                  }()) < 2 * bound);
        }
        auto f = normals<float>(4, size);
        auto f_wide = doubles(f);
        auto y = g;
        auto y_wide = g_wide;
        be.add(strided(y), in(strided(f)));
        oracle.add(strided(y_wide), in(strided(f_wide)));
        REQUIRE(distance(y, y_wide) < bound);
        be.copy(strided(f), in(strided(g)));
        oracle.copy(strided(f_wide), in(strided(g_wide)));
        REQUIRE(distance(f, f_wide) == 0);
        be.fill(strided(y), 2.5);
        oracle.fill(strided(y_wide), 2.5);
        REQUIRE(distance(y, y_wide) < bound);
      }
  }
}

TEST_CASE("storing bf16 rounds as bf16 does, NaN and infinity too", "[cpu][elementwise]") {
  std::vector<float> x;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    float f;
    std::uint32_t const bits = i < 10 ? 0x7f7fffffu + i : mix32(i);
    std::memcpy(&f, &bits, sizeof f);
    x.push_back(f);
  }
  for (float f : {NAN, -NAN, INFINITY, -INFINITY, 1.00390625f, 1.01171875f, 0.0f, -0.0f}) x.push_back(f);
  extent const n = static_cast<extent>(x.size());
  for (auto isa : sets_of_kernels()) {
    flan::detail::cpu_elementwise be(isa);
    std::vector<bf16> y(x.size());
    be.copy(as_matrix(y, 1, n), in(as_matrix(x, 1, n)));
    for (std::size_t i = 0; i < x.size(); ++i) {
      CAPTURE(name_of(isa), i, x[i]);
      REQUIRE(y[i].bits == bf16(x[i]).bits);
    }
  }
}

TEST_CASE("dropout keeps what dropout_bits says, element by element", "[cpu][elementwise]") {
  reference_backend oracle;
  for (auto isa : sets_of_kernels()) {
    flan::detail::cpu_elementwise be(isa);
    for (bool accumulate : {false, true})
      for (extent columns : {1, 15, 16, 67}) {
        CAPTURE(name_of(isa), accumulate, columns);
        extent const rows = 40;
        auto x = normals<float>(1, rows * columns), y = normals<float>(2, rows * columns);
        auto x_wide = doubles(x), y_wide = doubles(y);
        std::vector<std::uint32_t> keys;
        for (std::uint32_t r = 0; r < 40; ++r) keys.push_back(mix32(r));
        dropout_options const o{0.25, 1234, in(as_vector(keys))};
        be.dropout(as_matrix(y, rows, columns), in(as_matrix(x, rows, columns)), o, accumulate);
        oracle.dropout(as_matrix(y_wide, rows, columns), in(as_matrix(x_wide, rows, columns)), o, accumulate);
        REQUIRE(distance(y, y_wide) < 1e-6);
        // Without dropout: a copy or a sum.
        be.dropout(as_matrix(y, rows, columns), in(as_matrix(x, rows, columns)), {}, false);
        REQUIRE(y == x);
      }
  }
}

TEST_CASE("a row's elementwise bits do not depend on the rows beside it", "[cpu][elementwise]") {
  for (auto isa : sets_of_kernels()) {
    flan::detail::cpu_elementwise be(isa);
    extent const rows = 70, columns = 1029;  // several chunks, and an end of row
    auto x = normals<float>(1, rows * columns);
    for (auto a : activations) {
      std::vector<float> y(x.size()), one(static_cast<std::size_t>(columns));
      be.activate(as_matrix(y, rows, columns), in(as_matrix(x, rows, columns)), a);
      for (extent r = 0; r < rows; r += 23) {
        be.activate(as_matrix(one, 1, columns), in(as_matrix(x, rows, columns)).row_range(r, 1), a);
        REQUIRE(std::memcmp(one.data(), y.data() + r * columns, one.size() * sizeof(float)) == 0);
      }
    }
  }
}

TEST_CASE("elementwise ops say what does not fit", "[cpu][elementwise]") {
  flan::detail::cpu_elementwise be(instruction_set::portable);
  std::vector<float> x(12);
  REQUIRE_THROWS_WITH(be.copy(as_matrix(x, 3, 4), in(as_matrix(x, 4, 3))), ContainsSubstring("4 x 3 but found 3 x 4"));
  REQUIRE_THROWS_WITH(be.activate(as_matrix(x, 3, 4), in(as_matrix(x, 3, 4)), activation::any),
                      ContainsSubstring("activation::any"));
}
