// Products with q8 weights on the emulated device: exact sums of products of integers, the same as the CPU's.

#include <cmath>
#include <cstring>
#include <limits>

#include "emulated.hpp"
#include "flan/cpu/backend.hpp"

using namespace flan;
using namespace flan::testing;

namespace {

std::vector<float> numbers(extent count, std::uint64_t key) {
  std::vector<float> v(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>(normal(key, i));
  return v;
}
bool same_bits(std::vector<float> const& a, std::vector<float> const& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::memcmp(&a[i], &b[i], sizeof(float)) != 0 && !(std::isnan(a[i]) && std::isnan(b[i]))) return false;
  return a.size() == b.size();
}

/// The portable kernels of the CPU quantise activations in the same way, and sums of integers have no order.
void check_product(extent m, extent n, extent k) {
  CAPTURE(m, n, k);
  cuda_backend be;
  cpu_backend host{{.isa = instruction_set::portable}};
  auto of_w = numbers(n * k, 3), x = numbers(m * k, 4), y = numbers(m * n, 5);
  if (n > 3 && k > 3) of_w[static_cast<std::size_t>(2 * k)] = std::numeric_limits<float>::quiet_NaN();
  if (m > 2 && k > 3) {
    x[static_cast<std::size_t>(k + 1)] = -std::numeric_limits<float>::infinity();
    for (extent c = 0; c < k; ++c) x[static_cast<std::size_t>(2 * k + c)] = 1e-37f;  // no normal scale
  }
  auto const rows = to_backend(be, of_w.data(), n, k);
  auto w = be.allocate_weight<q8>(n, k), expected_w = host.allocate_weight<q8>(n, k);
  be.quantize(w, 0, in(rows.view));
  host.quantize(expected_w, 0, matrix<float const>(of_w.data(), n, k));
  auto const there = to_backend(be, x.data(), m, k);
  for (bool accumulate : {false, true}) {
    CAPTURE(accumulate);
    auto const to = to_backend(be, y.data(), m, n);
    auto expected = y;
    matmul_options const o{.accumulate = accumulate, .scale = 0.75};
    be.matmul(to.view, in(there.view), w, o);
    host.matmul(matrix<float>(expected.data(), m, n), matrix<float const>(x.data(), m, k), expected_w, o);
    auto const got = to_host(be, to.view);
    if (!accumulate) CHECK(same_bits(got, expected));
    bool near = true;
    for (std::size_t i = 0; i < got.size(); ++i)
      near = near && (std::isnan(expected[i]) ? std::isnan(got[i])
                                              : std::abs(got[i] - expected[i]) <= 1e-6f * (1 + std::abs(expected[i])));
    CHECK(near);
  }
}

}  // namespace

TEST_CASE("cuda: products of quantised weights are the CPU's, bit for bit") {
  struct shape {
    extent m, n, k;
  };
  using emulator::order;
  for (auto o : {order::ascending, order::descending, order::shuffled}) {
    emulator::reset();
    emulator::device().threads = o;
    for (shape s : {shape{1, 1, 1},
                    {1, 33, 256},
                    {1, 200, 300},
                    {2, 40, 257},
                    {3, 31, 40},
                    {4, 70, 5},
                    {5, 70, 170},
                    {8, 96, 255},
                    {9, 5, 9},
                    {13, 65, 260},
                    {70, 130, 30},
                    {3, 40, 0},
                    {20, 40, 0},
                    {0, 4, 4}})
      check_product(s.m, s.n, s.k);
  }
  emulator::reset();
  check_product(3, 16390, 12);  // by whole panels
}

TEST_CASE("cuda: a quantised product's row has the same bits alone and among others") {
  emulator::reset();
  cuda_backend be;
  extent const n = 40, k = 70;
  auto const of_w = numbers(n * k, 1), x = numbers(12 * k, 2);
  auto w = be.allocate_weight<q8>(n, k);
  auto const rows = to_backend(be, of_w.data(), n, k), there = to_backend(be, x.data(), 12, k);
  be.quantize(w, 0, in(rows.view));
  tensor<float> alone(be, 1, n);
  be.matmul(alone.view, in(there.view.row_range(2, 1)), w, matmul_options{});
  auto const expected = to_host(be, alone.view);
  for (extent m = 3; m <= 12; ++m) {
    tensor<float> y(be, m, n);
    be.matmul(y.view, in(there.view.row_range(0, m)), w, matmul_options{});
    auto const got = to_host(be, y.view.row_range(2, 1));
    CAPTURE(m);
    CHECK(same_bits(got, expected));
  }
}

TEST_CASE("cuda: the longest sums of a quantised product do not overflow") {
  emulator::reset();
  cuda_backend be;
  extent const k = flan::detail::most_q8_columns;
  std::vector<float> const ones(static_cast<std::size_t>(k), 1.0f);
  auto w = be.allocate_weight<q8>(1, k);
  auto const x = to_backend(be, ones.data(), 1, k);
  be.quantize(w, 0, in(x.view));
  tensor<float> y(be, 1, 1);
  be.matmul(y.view, in(x.view), w, {.scale = -1});
  CHECK(to_host(be, y.view)[0] == Approx(-65536.0f).epsilon(1e-6));
  CHECK_THROWS_WITH(be.matmul(y.view, in(x.view), w, {.transpose = true}), ContainsSubstring("no transpose"));
}
