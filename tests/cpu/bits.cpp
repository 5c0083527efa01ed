// The bits of a row are a function of the row, the weights and the instruction set: not of the other rows, of padding,
// of threads, of the weight's layout, of addresses.

#include <cstring>
#include <limits>
#include <vector>

#include "flan/core/random.hpp"
#include "flan/cpu/backend.hpp"
#include "numbers.hpp"
#include "support/catch.hpp"
#include "support/sanitized.hpp"

using namespace flan;
using namespace flan::testing;

namespace {

template <class T>
T random_value(std::uint64_t key, extent i, extent j) {
  auto const counter = static_cast<std::uint64_t>(i) * 100003 + static_cast<std::uint64_t>(j);
  return narrow<T>(static_cast<wide_t<T>>(2 * uniform(key, counter) - 1));
}

/// Rows 0 … rows − 1 of an endless random matrix, between `before` other rows and `after` rows of NaN, with `spare`
/// columns of NaN to the right.
template <class T>
struct rows_among {
  std::vector<T> store;
  matrix<T> whole, ours;

  rows_among(extent rows, extent columns, std::uint64_t key, extent before, extent after, extent spare)
      : store(static_cast<std::size_t>((before + rows + after) * (columns + spare) + 1),
              T(std::numeric_limits<float>::quiet_NaN())) {
    whole = {store.data(), before + rows + after, columns, columns + spare};
    ours = whole.row_range(before, rows);
    for (extent i = 0; i < before; ++i)
      for (extent j = 0; j < columns; ++j) whole.data[i * whole.stride + j] = random_value<T>(key + 1, i, j);
    for (extent i = 0; i < rows; ++i)
      for (extent j = 0; j < columns; ++j) ours.data[i * ours.stride + j] = random_value<T>(key, i, j);
  }
  std::vector<T> row(extent i) const {
    return {ours.data + i * ours.stride, ours.data + i * ours.stride + ours.columns};
  }
};

template <class T>
bool same_bits(std::vector<T> const& a, std::vector<T> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

template <class W>
weight<W> random_weight(cpu_backend& be, extent rows, extent columns) {
  auto w = be.allocate_weight<W>(rows, columns);
  for (extent i = 0; i < rows; ++i)
    for (extent j = 0; j < columns; ++j) w.data[i * columns + j] = random_value<W>(77, i, j);
  return w;
}

constexpr extent batches[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 64, 160};
constexpr extent most_rows = 160;

template <class Y, class X, class W>
void check_forward(extent n, extent k, bool transpose) {
  for (auto isa : available_sets()) {
    cpu_backend be{{.isa = isa}};
    auto rows = random_weight<W>(be, transpose ? k : n, transpose ? n : k), panels = rows;
    be.pack(panels);
    std::vector<std::vector<Y>> expected;  // row by row, alone
    {
      threads_of const one(1);
      rows_among<X> x(most_rows, k, 5, 0, 0, 0);
      for (extent i = 0; i < most_rows; ++i) {
        rows_among<Y> y(1, n, 0, 0, 0, 0);
        be.matmul(y.ours, in(x.ours.row_range(i, 1)), panels, {.transpose = transpose, .scale = 0.7});
        expected.push_back(y.row(0));
      }
    }
    for (int workers : {5, 1, 2}) {
      if (sanitized && workers != 5) continue;
      threads_of const here(workers);
      for (extent m : batches)
        for (bool packed : {false, true})
          for (extent padding : {0, 3}) {
            rows_among<X> x(m, k, 5, padding, padding * 7, padding);
            rows_among<Y> y(m, n, 0, padding, padding * 7, padding * 2);
            be.matmul(y.whole, in(x.whole), packed ? panels : rows, {.transpose = transpose, .scale = 0.7});
            bool same = true;
            for (extent i = 0; i < m; ++i) same = same && same_bits(y.row(i), expected[static_cast<std::size_t>(i)]);
            CAPTURE(name_of(isa), workers, m, packed, padding);
            CHECK(same);
          }
    }
  }
}

}  // namespace

TEST_CASE("a product's row has the same bits alone, in a batch, padded, on any threads, packed or not") {
  check_forward<float, float, float>(200, 600, false);
  check_forward<bf16, bf16, bf16>(200, 600, false);
  check_forward<float, bf16, bf16>(70, 301, false);
  check_forward<float, float, bf16>(70, 301, false);
  check_forward<float, float, float>(70, 300, true);
  check_forward<float, bf16, bf16>(70, 301, true);
}

namespace {

/// x·wᵀ with both operands lying in every way that a product reads them: m rows of k terms, n outputs.
template <class X, class W>
void check_arrangements(extent m, extent n, extent k) {
  for (auto isa : available_sets()) {
    cpu_backend be{{.isa = isa}};
    auto by_output = be.allocate_weight<W>(n, k), by_term = be.allocate_weight<W>(k, n);
    rows_among<X> x(m, k, 5, 0, 0, 0), by_columns(k, m, 0, 0, 0, 0);
    for (extent t = 0; t < k; ++t) {
      for (extent j = 0; j < n; ++j) by_output.data[j * k + t] = by_term.data[t * n + j] = random_value<W>(77, j, t);
      for (extent i = 0; i < m; ++i) by_columns.ours.data[t * m + i] = x.ours.data[i * k + t];
    }
    // A sum that underflows to −0 after an odd number of terms: the zero that panels of pairs end with must not change
    // it.
    for (extent t = 0; t < k; ++t) {
      auto const tiny = static_cast<float>(t == k - 1 ? -0x1p-120 : 0);
      x.ours.data[t] = by_columns.ours.data[t * m] = X(tiny);
      by_output.data[t] = by_term.data[t * n] = W(0x1p-120f);
    }
    auto panels = by_output, panels_by_term = by_term;
    be.pack(panels), be.pack(panels_by_term);
    rows_among<float> expected(m, n, 0, 0, 0, 0), y(m, n, 0, 0, 0, 0), dw(m, n, 0, 0, 0, 0);
    be.matmul(expected.ours, in(x.ours), by_output, {});
    auto const check = [&](char const* what, rows_among<float> const& found) {
      bool same = true;
      for (extent i = 0; i < m; ++i) same = same && same_bits(found.row(i), expected.row(i));
      CAPTURE(name_of(isa), m, n, k, what);
      CHECK(same);
    };
    be.matmul(y.ours, in(x.ours), panels, {});
    check("packed", y);
    be.matmul(y.ours, in(x.ours), by_term, {.transpose = true});
    check("transposed", y);
    be.matmul(y.ours, in(x.ours), panels_by_term, {.transpose = true});
    check("transposed and packed", y);
    matrix<W const> const right{by_term.data, k, n};
    std::fill_n(dw.ours.data, m * n, -0.0f);  // which a product may be added to without a change
    be.weight_gradient(dw.ours, in(by_columns.ours), right, 1.0);
    check("a weight's gradient", dw);
  }
}

}  // namespace

TEST_CASE("a product has the same bits however its operands lie") {
  for (extent m : {1, 2, 7, 12, 64})
    for (extent n : {1, 40, 64})
      for (extent k : {1, 2, 255, 256, 301, 3201}) {
        check_arrangements<float, float>(m, n, k);
        check_arrangements<bf16, bf16>(m, n, k);
        check_arrangements<float, bf16>(m, n, k);
      }
}

TEST_CASE("an output has the same bits in a narrow and in a wide weight") {
  for (auto isa : available_sets()) {
    cpu_backend be{{.isa = isa}};
    auto w = random_weight<float>(be, 300, 520);
    rows_among<float> x(3, 520, 5, 0, 0, 0), wide(3, 300, 0, 0, 0, 0);
    be.matmul(wide.ours, in(x.ours), w, {});
    for (extent first : {0, 1, 31, 32, 250})
      for (extent count : {1, 2, 17, 33}) {
        auto part = w;
        part.data += first * w.columns, part.rows = count;
        rows_among<float> y(3, count, 0, 0, 0, 0);
        be.matmul(y.ours, in(x.ours), part, {});
        bool same = true;
        for (extent i = 0; i < 3; ++i)
          same = same && std::memcmp(y.row(i).data(), wide.row(i).data() + first,
                                     static_cast<std::size_t>(count) * sizeof(float)) == 0;
        CAPTURE(name_of(isa), first, count);
        CHECK(same);
      }
  }
}

namespace {

template <class D, class X>
void check_weight_gradient() {
  for (auto isa : available_sets()) {
    cpu_backend be{{.isa = isa}};
    rows_among<D> dy(701, 130, 5, 0, 0, 0);
    rows_among<X> x(701, 300, 6, 0, 0, 0);
    std::vector<float> expected;
    for (int workers : {1, 2, 5}) {
      threads_of const here(workers);
      rows_among<float> dw(130, 300, 7, 0, 0, 0);
      be.weight_gradient(dw.ours, in(dy.ours), in(x.ours), 0.3);
      if (expected.empty()) expected = dw.store;
      CAPTURE(name_of(isa), workers);
      CHECK(std::memcmp(dw.store.data(), expected.data(), (expected.size() - 1) * sizeof(float)) == 0);
    }
  }
}

}  // namespace

TEST_CASE("gradients of weights have the same bits on any threads") {
  check_weight_gradient<float, float>();
  check_weight_gradient<bf16, bf16>();
  check_weight_gradient<float, bf16>();
}

TEST_CASE("a row's loss has the same bits alone, among ignored rows, on any threads, packed or not") {
  for (auto isa : available_sets()) {
    cpu_backend be{{.isa = isa}};
    extent const rows = 40, vocabulary = 1111, d = 300;
    auto plain = random_weight<float>(be, vocabulary, d), panels = plain;
    be.pack(panels);
    loss_options const o{.scale = 0.3, .z_loss = 1e-3, .label_smoothing = 0.1};
    rows_among<float> x(rows, d, 5, 0, 0, 0);
    auto const label = [](extent i) { return static_cast<std::int32_t>(i * 27 % 1111); };
    std::vector<float> expected;
    std::vector<std::vector<float>> expected_dx;
    for (extent i = 0; i < rows; ++i) {
      float loss;
      rows_among<float> dx(1, d, 0, 0, 0, 0);
      std::int32_t const mine = label(i);
      be.cross_entropy_head(vector_view<float>{&loss, 1}, dx.ours, matrix<float>{}, in(x.ours.row_range(i, 1)), plain,
                            vector_view<std::int32_t const>{&mine, 1}, o);
      expected.push_back(loss);
      expected_dx.push_back(dx.row(0));
    }
    std::vector<float> expected_dw;
    for (int workers : {1, 2, 5}) {
      threads_of const here(workers);
      for (bool every_other_ignored : {false, true})
        for (bool packed : {false, true}) {
          std::vector<std::int32_t> labels;
          for (extent i = 0; i < rows; ++i) labels.push_back(every_other_ignored && i % 2 == 1 ? -100 : label(i));
          std::vector<float> loss(labels.size());
          rows_among<float> dx(rows, d, 0, 0, 0, 2), dw(vocabulary, d, 3, 0, 0, 0);
          be.cross_entropy_head(vector_view<float>{loss.data(), rows}, dx.ours, dw.ours, in(x.ours),
                                packed ? panels : plain, vector_view<std::int32_t const>{labels.data(), rows}, o);
          bool same = true;
          for (extent i = 0; i < rows; ++i) {
            auto const n = static_cast<std::size_t>(i);
            bool const ignored = labels[n] == -100;
            same =
                same && loss[n] == (ignored ? 0.0f : expected[n]) &&
                same_bits(dx.row(i), ignored ? std::vector<float>(static_cast<std::size_t>(d), 0.0f) : expected_dx[n]);
          }
          CAPTURE(name_of(isa), workers, every_other_ignored, packed);
          CHECK(same);
          if (every_other_ignored) continue;
          dw.store.pop_back();
          if (expected_dw.empty()) expected_dw = dw.store;
          CHECK(same_bits(dw.store, expected_dw));
        }
    }
  }
}
