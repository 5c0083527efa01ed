// Products of numbers against the reference backend, on the emulated device: our kernels, and the way to cuBLASLt.

#include <cstring>

#include "emulated.hpp"
#include "emulator/cublasLt.h"

using namespace flan;
using namespace flan::testing;

TEST_CASE("cuda: matmul conforms") {
  conforms_in_every_order([](cuda_session& s) {
    testing::detail::check_matmul<float, float, float>(s, false);
    testing::detail::check_matmul<bf16, bf16, bf16>(s, false);
    testing::detail::check_matmul<float, bf16, bf16>(s, true);
  });
}

TEST_CASE("cuda: weight_gradient conforms") {
  conforms_in_every_order([](cuda_session& s) {
    testing::detail::check_weight_gradient<float, float, float>(s);
    testing::detail::check_weight_gradient<float, bf16, bf16>(s);
  });
}

namespace {

/// Rows of a product by themselves, and among others that are not numbers.
template <class T>
void check_rows_alone(extent least, extent most) {
  emulator::reset();
  cuda_backend be;
  extent const n = 70, k = 600;
  std::vector<T> x(static_cast<std::size_t>(most * k)), of_w(static_cast<std::size_t>(n * k));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = narrow<T>(static_cast<float>(normal(1, i)));
  for (std::size_t i = 0; i < of_w.size(); ++i) of_w[i] = narrow<T>(static_cast<float>(normal(2, i)));
  auto const w = be.adopt(matrix<T const>(of_w.data(), n, k), memory{});
  // Rows that begin at round addresses and rows that do not take other ways to the same bits.
  auto const rows = [&](extent m, extent mine, extent stride) {
    std::vector<T> host(static_cast<std::size_t>(m * stride), narrow<T>(std::numeric_limits<float>::quiet_NaN()));
    std::memcpy(host.data() + mine * stride, x.data(), static_cast<std::size_t>(k) * sizeof(T));
    auto const there = to_backend(be, host.data(), m, stride);
    tensor<float> y(be, m, n);
    be.matmul(y.view, matrix<T const>(there.view.data, m, k, stride), w, matmul_options{});
    auto const all = to_host(be, y.view);
    return std::vector<float>(all.begin() + mine * n, all.begin() + (mine + 1) * n);
  };
  auto const first = rows(least, 0, k);
  for (extent m = least; m <= most; ++m)
    for (extent mine : {extent{0}, m - 1}) {
      CAPTURE(m, mine);
      CHECK(rows(m, mine, k) == first);
      CHECK(rows(m, mine, 601) == first);
    }
}

}  // namespace

TEST_CASE("cuda: a row's product has the same bits whatever the other rows and wherever it lies") {
  check_rows_alone<float>(1, flan::detail::skinny_rows);
  check_rows_alone<bf16>(1, flan::detail::skinny_rows);
  check_rows_alone<float>(flan::detail::skinny_rows + 1, flan::detail::skinny_rows + 2);
  check_rows_alone<bf16>(flan::detail::skinny_rows + 1, flan::detail::skinny_rows + 2);
}

namespace {

/// A product of each kind that is worth the library, against the reference backend.
template <class T>
void check_large(cuda_session& s) {
  extent const m = 33, n = 140, k = 520;
  for (auto p : {placement::aligned, placement::ragged}) {
    auto x = s.make<T>(m, k, p), dy = s.make<T>(m, n, p), dx = s.make<T>(m, k, p);
    auto y = s.make<float>(m, n, p), dw = s.make<float>(n, k, p);
    auto const w = s.weights<T>(n, k);
    for (bool accumulate : {false, true}) {
      matmul_options const o{.accumulate = accumulate, .scale = 0.5};
      s.run(
          "matmul", "large", [&](auto& be) { be.matmul(y.view, in(x.view), w, o); }, y);
      s.run(
          "matmul", "large, transposed",
          [&](auto& be) { be.matmul(dx.view, in(dy.view), w, {.accumulate = accumulate, .transpose = true}); }, dx);
    }
    s.run(
        "weight_gradient", "large", [&](auto& be) { be.weight_gradient(dw.view, in(dy.view), in(x.view), 0.5); }, dw);
  }
}

}  // namespace

TEST_CASE("cuda: large products go to cuBLASLt, which is asked once for each kind") {
  static_assert(flan::detail::worth_library(33, 140, 520));
  auto& library = emulator::library();
  library = {};
  library.supports = true;
  {
    emulator::reset();
    cuda_session s(cuda_backend{}, 1, true);
    check_large<float>(s);
    check_large<bf16>(s);
    std::ostringstream text;
    text << s.result;
    INFO(text.str());
    CHECK(s.result.ok());
    CHECK(library.handles == 1);
    CHECK(library.heuristics == 12);  // two types, two placements, three products
    CHECK(library.products == 40);    // each twice, and products with weights also accumulated
  }
  CHECK(library.alive == 0);
  library = {};
}

TEST_CASE("cuda: where cuBLASLt supports nothing, large products are our own") {
  auto& library = emulator::library();
  library = {};
  conforms_in_every_order([](cuda_session& s) {
    check_large<float>(s);
    check_large<bf16>(s);
  });
  CHECK(library.handles == 3);
  CHECK(library.products == 0);
  CHECK(library.alive == 0);
  library = {};
}
