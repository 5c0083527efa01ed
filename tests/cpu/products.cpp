#include "flan/cpu/products.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "flan/core/random.hpp"
#include "numbers.hpp"
#include "support/catch.hpp"

using namespace flan;
using namespace flan::testing;

namespace {

/// rows × columns of uniform numbers in a buffer with some columns to spare, filled with NaN: nobody may read them.
template <class T>
struct padded {
  std::vector<T> store;
  extent rows, columns, stride;

  padded(extent r, extent c, std::uint64_t key, extent spare = 3)
      : store(static_cast<std::size_t>(r * (c + spare) + 1), T(std::numeric_limits<float>::quiet_NaN())),
        rows(r),
        columns(c),
        stride(c + spare) {
    for (extent i = 0; i < r; ++i)
      for (extent j = 0; j < c; ++j)
        at(i, j) = narrow<T>(static_cast<wide_t<T>>(2 * uniform(key, static_cast<std::uint64_t>(i * c + j)) - 1));
  }
  T& at(extent i, extent j) { return store[static_cast<std::size_t>(i * stride + j)]; }
  double value(extent i, extent j) { return static_cast<double>(widen(at(i, j))); }
  matrix<T> view() { return {store.data(), rows, columns, stride}; }
  matrix<T const> in() const { return {store.data(), rows, columns, stride}; }
  bool spare_untouched() {
    for (extent i = 0; i < rows; ++i)
      for (extent j = columns; j < stride; ++j)
        if (!std::isnan(value(i, j))) return false;
    return true;
  }
};

template <class W>
weight<W> owned(padded<W>& values) {
  host_memory host;
  auto w = host.allocate_weight<W>(values.rows, values.columns);
  for (extent i = 0; i < values.rows; ++i)
    for (extent j = 0; j < values.columns; ++j) w.data[i * values.columns + j] = values.at(i, j);
  return w;
}

/// How far a sum of `terms` products of numbers below 1 may be off in the kernels' order, then stored as Y. Products of
/// bf16 are exact in float and only their sums are rounded, so the dot products of avx512_dot keep the same bound.
template <class Y>
double bound(extent terms, double magnitude) {
  double const sum = 1.2e-7 * (std::sqrt(static_cast<double>(terms)) + 8) * std::sqrt(static_cast<double>(terms) + 1);
  return sum + (std::is_same_v<Y, bf16>     ? 0.004 * std::abs(magnitude)
                : std::is_same_v<Y, double> ? 0
                                            : 1.2e-7 * std::abs(magnitude));
}

template <class Y, class X, class W>
void check_matmul(instruction_set isa, extent m, extent n, extent k, std::uint64_t key) {
  CAPTURE(name_of(isa), m, n, k);
  flan::detail::cpu_products be(isa);
  flan::detail::cpu_weights weights;
  for (bool transpose : {false, true}) {
    padded<X> x(m, transpose ? n : k, key_of(key, 1));
    padded<W> wv(n, k, key_of(key, 2));
    extent const terms = transpose ? n : k, outputs = transpose ? k : n;
    std::vector<double> sums;
    for (extent i = 0; i < m; ++i)
      for (extent j = 0; j < outputs; ++j) {
        double sum = 0;
        for (extent t = 0; t < terms; ++t) sum += x.value(i, t) * (transpose ? wv.value(t, j) : wv.value(j, t));
        sums.push_back(sum);
      }
    for (bool packed : {false, true})
      for (bool accumulate : {false, true}) {
        auto w = owned(wv);
        if (packed) weights.pack(w);
        padded<Y> y(m, outputs, key_of(key, 3)), before = y;
        be.matmul(y.view(), x.in(), w, {.accumulate = accumulate, .transpose = transpose, .scale = 0.75});
        bool good = true;
        for (extent i = 0; i < m; ++i)
          for (extent j = 0; j < outputs; ++j) {
            double const right =
                0.75 * sums[static_cast<std::size_t>(i * outputs + j)] + (accumulate ? before.value(i, j) : 0);
            good = good && std::abs(y.value(i, j) - right) <= bound<Y>(terms, right);
          }
        CAPTURE(transpose, packed, accumulate);
        CHECK(good);
        CHECK(y.spare_untouched());
      }
  }
}

}  // namespace

TEST_CASE("products agree with an oracle in double, on ragged shapes and every instruction set") {
  for (auto isa : available_sets()) {
    struct shape {
      extent m, n, k;
    };
    for (shape s : {shape{1, 1, 1},
                    {1, 32, 256},
                    {1, 200, 300},
                    {2, 33, 257},
                    {3, 31, 40},
                    {4, 64, 512},
                    {5, 70, 17},
                    {7, 129, 600},
                    {8, 96, 255},
                    {9, 5, 9},
                    {11, 40, 33},
                    {13, 65, 260},
                    {64, 48, 100},
                    {150, 37, 290},
                    {300, 100, 20}}) {
      check_matmul<float, float, float>(isa, s.m, s.n, s.k, 1);
      check_matmul<bf16, bf16, bf16>(isa, s.m, s.n, s.k, 2);
      check_matmul<float, bf16, bf16>(isa, s.m, s.n, s.k, 3);
    }
    for (std::uint64_t i = 0; i < 30; ++i) {
      auto const below = [&](std::uint64_t what, extent n) {
        return 1 + static_cast<extent>(uniform_below(key_of(99, what), i, static_cast<std::uint64_t>(n)));
      };
      check_matmul<float, float, float>(isa, below(1, 40), below(2, 200), below(3, 700), 4 + i);
      check_matmul<float, float, bf16>(isa, below(4, 40), below(5, 200), below(6, 700), 4 + i);
      check_matmul<float, bf16, bf16>(isa, below(7, 40), below(8, 200), below(9, 700), 4 + i);
    }
  }
}

TEST_CASE("weight gradients agree with an oracle in double and accumulate") {
  auto const check = [](instruction_set isa, auto d, auto x_type, extent m, extent n, extent k) {
    using D = decltype(d);
    using X = decltype(x_type);
    flan::detail::cpu_products be(isa);
    padded<D> dy(m, n, 11);
    padded<X> x(m, k, 12);
    padded<float> dw(n, k, 13), before = dw;
    be.weight_gradient(dw.view(), dy.in(), x.in(), 0.5);
    bool good = true;
    for (extent i = 0; i < n; ++i)
      for (extent j = 0; j < k; ++j) {
        double sum = 0;
        for (extent t = 0; t < m; ++t) sum += dy.value(t, i) * x.value(t, j);
        double const right = before.value(i, j) + 0.5 * sum;
        good = good && std::abs(dw.value(i, j) - right) <= bound<float>(m, right);
      }
    CAPTURE(name_of(isa), m, n, k);
    CHECK(good);
    CHECK(dw.spare_untouched());
  };
  for (auto isa : available_sets())
    for (extent m : {1, 2, 7, 64, 257, 700})
      for (extent n : {1, 5, 32, 150})
        for (extent k : {1, 33, 96}) {
          check(isa, float{}, float{}, m, n, k);
          check(isa, bf16{}, bf16{}, m, n, k);
          check(isa, float{}, bf16{}, m, n, k);
        }
}

TEST_CASE("double goes through plain loops") {
  check_matmul<double, double, double>(instruction_set::portable, 5, 40, 300, 5);
}

TEST_CASE("pack and unpack are exact, and packing twice changes nothing") {
  flan::detail::cpu_weights be;
  for (extent rows : {1, 31, 32, 33, 100})
    for (extent columns : {1, 7, 64}) {
      padded<bf16> values(rows, columns, 21);
      auto w = owned(values);
      padded<bf16> from_rows(rows, columns, 0), from_panels(rows, columns, 0);
      be.unpack(from_rows.view(), w);
      be.pack(w);
      CHECK(w.format == layout::packed);
      auto const* const data = w.data;
      be.pack(w);
      CHECK(w.data == data);
      be.unpack(from_panels.view(), w);
      bool same = true;
      for (extent i = 0; i < rows; ++i)
        for (extent j = 0; j < columns; ++j)
          same = same && from_rows.at(i, j) == values.at(i, j) && from_panels.at(i, j) == values.at(i, j);
      CHECK(same);
    }
}

template <class X, class W>
void check_extremes(instruction_set isa, extent m, extent k, bool packed) {
  float const inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  flan::detail::cpu_products be(isa);
  padded<X> x(m, k, 1);
  padded<float> y(m, 50, 2);
  padded<W> wv(50, k, 3);
  x.at(m - 1, k - 1) = X(nan);
  wv.at(7, 3) = W(inf);
  wv.at(8, k - 1) = W(inf);  // beside the zero of an odd number of terms
  auto w = owned(wv);
  if (packed) flan::detail::cpu_weights{}.pack(w);
  be.matmul(y.view(), x.in(), w, {});
  bool right = true;
  for (extent i = 0; i < m; ++i)
    for (extent j = 0; j < 50; ++j)
      right = right && (i == m - 1         ? std::isnan(y.at(i, j))
                        : j == 7 || j == 8 ? std::isinf(y.at(i, j))
                                           : std::isfinite(y.at(i, j)));
  CAPTURE(name_of(isa), m, k, packed);
  CHECK(right);
}

TEST_CASE("NaN and infinity reach exactly the results that they are terms of") {
  for (auto isa : available_sets())
    for (extent m : {1, 3, 8, 70})
      for (extent k : {300, 301})
        for (bool packed : {false, true}) {
          check_extremes<float, float>(isa, m, k, packed);
          check_extremes<float, bf16>(isa, m, k, packed);
          check_extremes<bf16, bf16>(isa, m, k, packed);
        }
}

TEST_CASE("dot products of bf16 take numbers below 2^-126 for zeros, other products do not") {
  bf16 const denormal(0x1p-127f), small(0x1p-100f);
  for (auto isa : available_sets()) {
    bool const flushes = isa == instruction_set::avx512_dot;
    flan::detail::cpu_products be(isa);
    padded<bf16> x(1, 3, 1), wv(2, 3, 2);
    for (extent k = 0; k < 3; ++k) x.at(0, k) = bf16(k == 0 ? 1.0f : 0.0f), wv.at(0, k) = denormal;
    for (extent k = 0; k < 3; ++k) wv.at(1, k) = bf16(0.0f);
    auto w = owned(wv);
    padded<float> y(1, 2, 3);
    be.matmul(y.view(), x.in(), w, {});
    CAPTURE(name_of(isa));
    CHECK(y.at(0, 0) == (flushes ? 0.0f : 0x1p-127f));
    // A product that is denormal though its factors are not.
    x.at(0, 0) = small, w.data[0] = bf16(0x1p-30f);
    be.matmul(y.view(), x.in(), w, {});
    CHECK(y.at(0, 0) == (flushes ? 0.0f : 0x1p-130f));
    // Floats times bf16 are widened everywhere.
    padded<float> wide(1, 3, 1);
    wide.at(0, 0) = 1, wide.at(0, 1) = wide.at(0, 2) = 0, w.data[0] = denormal;
    be.matmul(y.view(), wide.in(), w, {});
    CHECK(y.at(0, 0) == 0x1p-127f);
  }
}

TEST_CASE("wrong extents and foreign panels are refused in a sentence") {
  flan::detail::cpu_products be(flan::detail::default_instruction_set());
  padded<float> x(2, 8, 1), y(2, 4, 2), wv(5, 8, 3);
  auto w = owned(wv);
  CHECK_THROWS_WITH(be.matmul(y.view(), x.in(), w, {}), ContainsSubstring("the columns of y to be 5 but found 4"));
  w.format = layout::packed, w.panel = 48;
  CHECK_THROWS_WITH(be.matmul(y.view(), x.in(), w, {}), ContainsSubstring("found panels of 48"));
}

template <class T>
void check_no_terms(instruction_set isa) {
  flan::detail::cpu_products be(isa);
  for (extent m : {1, 2, 13})
    for (bool packed : {false, true}) {
      padded<T> x(m, 0, 1), wv(40, 0, 3);
      padded<float> y(m, 40, 2);
      auto w = owned(wv);
      if (packed) flan::detail::cpu_weights{}.pack(w);
      be.matmul(y.view(), x.in(), w, {});
      bool zeros = true;
      for (extent i = 0; i < m; ++i)
        for (extent j = 0; j < 40; ++j) zeros = zeros && y.at(i, j) == 0;
      CAPTURE(name_of(isa), m, packed);
      CHECK(zeros);
    }
}

TEST_CASE("no terms make zeros") {
  for (auto isa : available_sets()) {
    check_no_terms<float>(isa);
    check_no_terms<bf16>(isa);
  }
}
