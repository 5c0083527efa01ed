#include "flan/cpu/products.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "flan/core/random.hpp"
#include "support/catch.hpp"

using namespace flan;

namespace {

std::vector<instruction_set> sets_here() {
  std::vector<instruction_set> s;
  for (instruction_set i : instruction_sets)
    if (available(i)) s.push_back(i);
  return s;
}

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

/// How far a sum of `terms` products of numbers below 1 may be off in the kernels' order, then stored as Y.
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
  detail::cpu_products be(isa);
  detail::cpu_weights weights;
  for (bool transpose : {false, true})
    for (bool packed : {false, true})
      for (bool accumulate : {false, true}) {
        padded<X> x(m, transpose ? n : k, key_of(key, 1));
        padded<W> wv(n, k, key_of(key, 2));
        auto w = owned(wv);
        if (packed) weights.pack(w);
        extent const terms = transpose ? n : k, outputs = transpose ? k : n;
        padded<Y> y(m, outputs, key_of(key, 3)), before = y;
        be.matmul(y.view(), x.in(), w, {.accumulate = accumulate, .transpose = transpose, .scale = 0.75});
        bool good = true;
        for (extent i = 0; i < m; ++i)
          for (extent j = 0; j < outputs; ++j) {
            double sum = 0;
            for (extent t = 0; t < terms; ++t) sum += x.value(i, t) * (transpose ? wv.value(t, j) : wv.value(j, t));
            double const right = 0.75 * sum + (accumulate ? before.value(i, j) : 0);
            good = good && std::abs(y.value(i, j) - right) <= bound<Y>(terms, right);
          }
        CAPTURE(transpose, packed, accumulate);
        CHECK(good);
        CHECK(y.spare_untouched());
      }
}

}  // namespace

TEST_CASE("products agree with an oracle in double, on ragged shapes and every instruction set") {
  for (auto isa : sets_here()) {
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
    }
  }
}

TEST_CASE("weight gradients agree with an oracle in double and accumulate") {
  auto const check = [](instruction_set isa, auto d, auto x_type, extent m, extent n, extent k) {
    using D = decltype(d);
    using X = decltype(x_type);
    detail::cpu_products be(isa);
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
  for (auto isa : sets_here())
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
  detail::cpu_weights be;
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

TEST_CASE("NaN and infinity reach exactly the results that they are terms of") {
  float const inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (auto isa : sets_here())
    for (extent m : {1, 3, 8, 70}) {
      detail::cpu_products be(isa);
      padded<float> x(m, 300, 1), y(m, 50, 2);
      padded<float> wv(50, 300, 3);
      x.at(m - 1, 299) = nan;
      wv.at(7, 3) = inf;
      auto w = owned(wv);
      be.matmul(y.view(), x.in(), w, {});
      bool right = true;
      for (extent i = 0; i < m; ++i)
        for (extent j = 0; j < 50; ++j)
          right = right && (i == m - 1 ? std::isnan(y.at(i, j))
                            : j == 7   ? std::isinf(y.at(i, j))
                                       : std::isfinite(y.at(i, j)));
      CAPTURE(name_of(isa), m);
      CHECK(right);
    }
}

TEST_CASE("wrong extents and foreign panels are refused in a sentence") {
  detail::cpu_products be(detail::default_instruction_set());
  padded<float> x(2, 8, 1), y(2, 4, 2), wv(5, 8, 3);
  auto w = owned(wv);
  CHECK_THROWS_WITH(be.matmul(y.view(), x.in(), w, {}), ContainsSubstring("the columns of y to be 5 but found 4"));
  w.format = layout::packed, w.panel = 48;
  CHECK_THROWS_WITH(be.matmul(y.view(), x.in(), w, {}), ContainsSubstring("found panels of 48"));
}

TEST_CASE("no terms make zeros") {
  for (auto isa : sets_here()) {
    detail::cpu_products be(isa);
    padded<float> x(2, 0, 1), y(2, 40, 2), wv(40, 0, 3);
    auto w = owned(wv);
    be.matmul(y.view(), x.in(), w, {});
    CHECK(y.at(1, 39) == 0);
  }
}
