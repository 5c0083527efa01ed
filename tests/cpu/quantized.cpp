// Quantised weights on the CPU: how they are made, and that products with them are exact sums of products of integers.

#include "flan/cpu/quantized_product.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "flan/backend/concept.hpp"
#include "flan/core/random.hpp"
#include "flan/cpu/backend.hpp"
#include "flan/reference/backend.hpp"
#include "numbers.hpp"
#include "support/catch.hpp"

using namespace flan;
using namespace flan::testing;

static_assert(!number<q8>);
static_assert(inference_backend<cpu_backend, q8_weights>);
static_assert(inference_backend<reference_backend, q8_weights>);
static_assert(!training_backend<cpu_backend, q8_weights>);
static_assert(!training_backend<reference_backend, q8_weights>);

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity(),
                not_a_number = std::numeric_limits<float>::quiet_NaN();

/// Rows of normal numbers with spare columns of NaN, which nobody may read or write.
struct rows_of {
  std::vector<float> store;
  matrix<float> view;

  rows_of(extent rows, extent columns, std::uint64_t key, extent spare = 3)
      : store(static_cast<std::size_t>(rows * (columns + spare) + 1), not_a_number),
        view(store.data() + 1, rows, columns, columns + spare) {  // + 1: no row is aligned
    for (extent i = 0; i < rows; ++i)
      for (extent j = 0; j < columns; ++j)
        at(i, j) = static_cast<float>(normal(key + static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(j)));
  }
  rows_of(rows_of const&) = delete;
  float& at(extent i, extent j) { return view.data[i * view.stride + j]; }
  std::vector<float> row(extent i) const {
    return {view.data + i * view.stride, view.data + i * view.stride + view.columns};
  }
  bool spare_untouched() {
    for (extent i = 0; i < view.rows; ++i)
      for (extent j = view.columns; j < view.stride; ++j)
        if (!std::isnan(at(i, j))) return false;
    return true;
  }
};

template <class B>
weight<q8> quantized_weight(B& be, rows_of const& from) {
  auto w = be.template allocate_weight<q8>(from.view.rows, from.view.columns);
  be.quantize(w, 0, in(from.view));
  return w;
}

/// The integer of (row, column), by the layout's definition.
std::int32_t integer(weight<q8> const& w, extent row, extent column) {
  extent const panel = row / 32 * (256 + (w.columns + 3) / 4 * 128);
  return w.data[panel + 256 + column / 4 * 128 + row % 32 * 4 + column % 4].bits;
}
float scale_of(weight<q8> const& w, extent row) {
  float scale;
  std::memcpy(&scale, w.data + row / 32 * (256 + (w.columns + 3) / 4 * 128) + row % 32 * 4, sizeof scale);
  return scale;
}

/// A row of activations as its instruction set quantises it.
struct quantized_activations {
  std::vector<std::int32_t> terms;  // less the zero
  float scale = 0;
  bool seven_bits;

  quantized_activations(instruction_set isa, std::vector<float> const& x)
      : terms(x.size()), seven_bits(isa == instruction_set::avx2 || isa == instruction_set::avx512) {
    float low = 0, high = 0;
    for (float v : x) low = std::min(low, v), high = std::max(high, v);
    scale = seven_bits ? (high * 0.5f - low * 0.5f) / 63.5f : std::max(high, -low) / 127;
    if (scale < std::numeric_limits<float>::min()) {
      scale = 0;
      return;
    }
    float const factor = 1 / scale;
    auto const zero = static_cast<std::int32_t>(seven_bits ? std::nearbyint(-low / scale) : 0.0f);
    for (std::size_t i = 0; i < x.size(); ++i) {
      terms[i] = static_cast<std::int32_t>(std::nearbyint(x[i] * factor));
      if (seven_bits) terms[i] = std::max(terms[i] + zero, 0) - zero;
    }
  }
};

void check_product(instruction_set isa, extent m, extent n, extent k, std::uint64_t key) {
  CAPTURE(name_of(isa), m, n, k);
  cpu_backend be{{.isa = isa}};
  rows_of x(m, k, key), from(n, k, key + 1000);
  if (m > 2)  // activations behind a relu, and a row of one sign
    for (extent j = 0; j < k; ++j) x.at(1, j) = std::max(0.0f, x.at(1, j)), x.at(2, j) = -1 - std::abs(x.at(2, j));
  auto const w = quantized_weight(be, from);
  for (bool accumulate : {false, true}) {
    rows_of y(m, n, key + 2000), before(m, n, key + 2000);
    be.matmul(y.view, in(x.view), w, {.accumulate = accumulate, .scale = 0.75});
    bool exact = true, near = true;
    for (extent i = 0; i < m; ++i) {
      quantized_activations const a(isa, x.row(i));
      for (extent j = 0; j < n; ++j) {
        std::int64_t sum = 0;
        double product = 0, size = 0;
        for (extent t = 0; t < k; ++t) {
          std::int32_t const q = integer(w, j, t);
          double const value = static_cast<double>(scale_of(w, j)) * q;
          sum += std::int64_t{a.terms[static_cast<std::size_t>(t)]} * q;
          product += static_cast<double>(x.at(i, t)) * value;
          size += std::abs(value);
        }
        float const right = static_cast<float>(sum) * scale_of(w, j) * (a.scale * 0.75f);
        double const base = accumulate ? static_cast<double>(before.at(i, j)) : 0;
        double const rounding = accumulate ? 3e-7 * (std::abs(base) + std::abs(static_cast<double>(right))) : 0;
        exact = exact && std::abs(y.at(i, j) - (base + static_cast<double>(right))) <= rounding;
        // Whatever the integers: an activation is off by half a step, and by a whole one where its zero was rounded
        // too.
        near = near && std::abs(y.at(i, j) - (base + 0.75 * product)) <=
                           1.001 * 0.75 * static_cast<double>(a.scale) * size * (a.seven_bits ? 1 : 0.5) + rounding +
                               1e-6 * size;
      }
    }
    CAPTURE(accumulate);
    CHECK(exact);
    CHECK(near);
    CHECK(y.spare_untouched());
  }
}

}  // namespace

TEST_CASE("a row is quantised by its largest magnitude, to the nearest integer, ties to even") {
  cpu_backend be;
  float const tiny = 1e-37f;
  std::vector<float> values{127,  -64,      0.5f,
                            1.5f, -2.5f,  // scale 1
                            0,    0,        0,
                            0,    0,  // zeros
                            2,    -254,     1,
                            3,    6,  // scale 2
                            1,    infinity, 0,
                            0,    0,  // no numbers
                            1,    0,        not_a_number,
                            0,    0,  //
                            tiny, -tiny,    tiny,
                            0,    0};  // a scale below the normal numbers
  auto const w = be.allocate_weight<q8>(6, 5);
  be.quantize(w, 0, in(matrix<float>(values.data(), 6, 5)));
  CHECK(w.format == layout::packed);
  std::vector<std::vector<std::int32_t>> const integers{{127, -64, 0, 2, -2}, {0, 0, 0, 0, 0}, {1, -127, 0, 2, 3},
                                                        {0, 0, 0, 0, 0},      {0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}};
  for (extent r = 0; r < 6; ++r)
    for (extent c = 0; c < 5; ++c) {
      CAPTURE(r, c);
      CHECK(integer(w, r, c) == integers[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)]);
    }
  CHECK(scale_of(w, 0) == 1);
  CHECK(scale_of(w, 1) == 0);
  CHECK(scale_of(w, 2) == 2);
  CHECK(std::isnan(scale_of(w, 3)));
  CHECK(std::isnan(scale_of(w, 4)));
  CHECK(scale_of(w, 5) == 0);

  std::vector<float> back(30, 1.0f);
  be.unpack(matrix<float>(back.data(), 6, 5), w);
  CHECK(back[0] == 127);
  CHECK(back[2] == 0);
  CHECK(back[5] == 0);
  CHECK(back[11] == -254);
  CHECK(std::isnan(back[15]));
}

TEST_CASE("rows may come in any pieces, and the reference makes the same weight") {
  cpu_backend be;
  reference_backend oracle;
  rows_of const from(71, 37, 5);
  auto const whole = quantized_weight(be, from), same = quantized_weight(oracle, from);
  auto const parts = be.allocate_weight<q8>(71, 37);
  for (extent first = 0; first < 71; first += 9)
    be.quantize(parts, first, in(from.view.row_range(first, std::min<extent>(9, 71 - first))));
  std::size_t const bytes = flan::detail::q8_bytes(71, 37);
  CHECK(bytes == 3 * (256 + 10 * 128));
  CHECK(std::memcmp(whole.data, parts.data, bytes) == 0);
  CHECK(std::memcmp(whole.data, same.data, bytes) == 0);
  CHECK_THROWS_WITH(be.quantize(parts, 70, in(from.view.row_range(0, 2))), ContainsSubstring("found rows 70 to 71"));
  CHECK_THROWS_WITH(be.allocate_weight<q8>(1, 65537), ContainsSubstring("at most 65536 columns"));
}

TEST_CASE("packing leaves a quantised weight alone, and it has no rows to view") {
  cpu_backend be;
  rows_of const from(5, 8, 1);
  auto w = quantized_weight(be, from);
  auto const* const data = w.data;
  be.pack(w);
  CHECK(w.data == data);
  CHECK_THROWS_AS(w.view(), error);
  CHECK_THROWS_AS(w.values(), error);
}

TEST_CASE("products of quantised weights are exact, on ragged shapes and every instruction set") {
  for (auto isa : testing::available_sets()) {
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
                    {7, 129, 602},
                    {8, 96, 255},
                    {9, 5, 9},
                    {11, 40, 33},
                    {13, 65, 260},
                    {15, 8, 1},
                    {64, 48, 100},
                    {150, 37, 290},
                    {3, 40, 0},
                    {0, 4, 4},
                    {2, 0, 4},
                    {2, 40, 4000}})
      check_product(isa, s.m, s.n, s.k, 1);
    for (std::uint64_t i = 0; i < 30; ++i) {
      auto const below = [&](std::uint64_t what, extent n) {
        return 1 + static_cast<extent>(uniform_below(key_of(99, what), i, static_cast<std::uint64_t>(n)));
      };
      check_product(isa, below(1, 40), below(2, 200), below(3, 700), 4 + i);
    }
  }
}

TEST_CASE("the longest sums do not overflow") {
  extent const k = flan::detail::most_q8_columns;
  std::vector<float> from(static_cast<std::size_t>(k), 1.0f), x(static_cast<std::size_t>(2 * k), 1.0f);
  std::fill(x.begin() + k, x.end(), -1.0f);
  for (auto isa : testing::available_sets()) {
    cpu_backend be{{.isa = isa}};
    auto const w = be.allocate_weight<q8>(1, k);
    be.quantize(w, 0, in(matrix<float>(from.data(), 1, k)));
    float y[2];
    be.matmul(matrix<float>(y, 2, 1), in(matrix<float>(x.data(), 2, k)), w, {});
    CAPTURE(name_of(isa));
    CHECK(y[0] == Approx(65536.0f).epsilon(1e-6));
    CHECK(y[1] == Approx(-65536.0f).epsilon(1e-6));
  }
}

TEST_CASE("a row whose ends lie halfway between two terms is not taken for another") {
  for (auto isa : testing::available_sets()) {
    cpu_backend be{{.isa = isa}};
    rows_of from(3, 33, 1);
    auto const w = quantized_weight(be, from);
    int apart = 0;  // how often the least is one below the zero that was rounded for it
    for (std::uint64_t i = 0; i < 200; ++i) {
      float const unit = static_cast<float>(1 + uniform(5, i));
      rows_of x(1, 33, i), y(1, 3, 0);
      for (extent j = 0; j < 33; ++j) x.at(0, j) = j % 3 == 0 ? -40.5f * unit : j % 3 == 1 ? 86.5f * unit : 0;
      float const scale = (86.5f * unit * 0.5f + 40.5f * unit * 0.5f) / 63.5f;
      apart += std::nearbyint(40.5f * unit / scale) < -std::nearbyint(-40.5f * unit * (1 / scale));
      be.matmul(y.view, in(x.view), w, {});
      bool near = true;
      for (extent n = 0; n < 3; ++n) {
        double product = 0, size = 0;
        for (extent t = 0; t < 33; ++t) {
          double const value = static_cast<double>(scale_of(w, n)) * integer(w, n, t);
          product += static_cast<double>(x.at(0, t)) * value, size += std::abs(value);
        }
        near = near && std::abs(static_cast<double>(y.at(0, n)) - product) <= 1.001 * static_cast<double>(scale) * size;
      }
      CAPTURE(name_of(isa), i, unit);
      CHECK(near);
    }
    CHECK(apart > 0);
  }
}

TEST_CASE("a quantised product's row has the same bits alone, in a batch, beside NaN, on any threads") {
  extent const n = 300, k = 602, most = 160;
  for (auto isa : testing::available_sets()) {
    cpu_backend be{{.isa = isa}};
    rows_of const from(n, k, 7);
    rows_of x(most, k, 8);
    auto const w = quantized_weight(be, from);
    rows_of alone(most, n, 9);
    {
      threads_of const one(1);
      for (extent i = 0; i < most; ++i) be.matmul(alone.view.row_range(i, 1), in(x.view.row_range(i, 1)), w, {});
    }
    for (int workers : {1, 2, 5}) {
      threads_of const here(workers);
      for (extent m : {1, 2, 3, 8, 13, 64, 160})
        for (bool strange : {false, true}) {
          rows_of batch(m + 2, k, 0, 5), y(m + 2, n, 0, 1);
          for (extent j = 0; j < k; ++j) batch.at(0, j) = batch.at(m + 1, j) = strange ? not_a_number : 1e30f;
          for (extent i = 0; i < m; ++i)
            for (extent j = 0; j < k; ++j) batch.at(i + 1, j) = x.at(i, j);
          be.matmul(y.view, in(batch.view), w, {});
          bool same = true;
          for (extent i = 0; i < m; ++i)
            same = same && std::memcmp(y.row(i + 1).data(), alone.row(i).data(),
                                       static_cast<std::size_t>(n) * sizeof(float)) == 0;
          CAPTURE(name_of(isa), workers, m, strange);
          CHECK(same);
          CHECK(std::isnan(y.at(0, 0)) == strange);
        }
    }
  }
}

TEST_CASE("a NaN or an infinity makes its row of results, or its column, NaN, and nothing else") {
  for (auto isa : testing::available_sets())
    for (extent m : {1, 3, 8, 30})
      for (float strange : {not_a_number, infinity, -infinity}) {
        cpu_backend be{{.isa = isa}};
        rows_of x(m, 77, 1), y(m, 50, 2), from(50, 77, 3);
        x.at(m - 1, 76) = strange;
        from.at(7, 3) = strange;
        auto const w = quantized_weight(be, from);
        be.matmul(y.view, in(x.view), w, {});
        bool right = true;
        for (extent i = 0; i < m; ++i)
          for (extent j = 0; j < 50; ++j) right = right && std::isnan(y.at(i, j)) == (i == m - 1 || j == 7);
        CAPTURE(name_of(isa), m, strange);
        CHECK(right);
      }
}

TEST_CASE("rows of zeros, of denormals and of the largest floats") {
  float const most = std::numeric_limits<float>::max(), least = std::numeric_limits<float>::denorm_min();
  for (auto isa : testing::available_sets()) {
    cpu_backend be{{.isa = isa}};
    rows_of x(4, 6, 1), y(4, 2, 2), from(2, 6, 3);
    for (extent j = 0; j < 6; ++j) {
      x.at(0, j) = 0, x.at(1, j) = j % 2 ? least : -1e-38f, x.at(2, j) = j % 2 ? most : -most, x.at(3, j) = 1;
      from.at(0, j) = 1, from.at(1, j) = j % 2 ? 0x1p-110f : 0;
    }
    auto const w = quantized_weight(be, from);
    be.matmul(y.view, in(x.view), w, {});
    CAPTURE(name_of(isa));
    CHECK(y.at(0, 0) == 0);
    CHECK(y.at(1, 0) == 0);
    CHECK(std::abs(y.at(2, 0)) <= most / 127 * 6);  // what does not cancel is the rounding of six terms
    CHECK(y.at(2, 1) == Approx(3 * 0x1p18f).epsilon(0.02));
    CHECK(y.at(3, 0) == Approx(6.0f).epsilon(1e-6));
    CHECK(y.at(3, 1) == Approx(3 * 0x1p-110f).epsilon(1e-6));
  }
}

TEST_CASE("the embedding reads rows back as scale times integer") {
  cpu_backend be;
  rows_of const from(70, 21, 4);
  auto const table = quantized_weight(be, from);
  rows_of values(70, 21, 5, 0), y(5, 21, 6);
  be.unpack(values.view, table);
  std::vector<std::int32_t> ids{69, 0, 31, 32, 0};
  be.embed(y.view, in(testing::as_vector(ids)), table);
  for (extent i = 0; i < 5; ++i) CHECK(y.row(i) == values.row(ids[static_cast<std::size_t>(i)]));
  CHECK(y.spare_untouched());
  ids[2] = 70;
  CHECK_THROWS_WITH(be.embed(y.view, in(testing::as_vector(ids)), table), ContainsSubstring("between 0 and 69"));
}

TEST_CASE("the head's losses are those of its logits") {
  for (auto isa : testing::available_sets()) {
    cpu_backend be{{.isa = isa}};
    rows_of const from(333, 40, 4);
    rows_of x(20, 40, 5), logits(20, 333, 6);
    auto const head = quantized_weight(be, from);
    be.matmul(logits.view, in(x.view), head, {.scale = 0.3});
    std::vector<std::int32_t> labels;
    for (std::int32_t i = 0; i < 20; ++i) labels.push_back(i % 3 == 2 ? -100 : i * 16);
    std::vector<float> loss(20);
    be.cross_entropy_head(testing::as_vector(loss), matrix<float>{}, matrix<float>{}, in(x.view), head,
                          in(testing::as_vector(labels)), {.scale = 0.3});
    for (extent i = 0; i < 20; ++i) {
      auto const n = static_cast<std::size_t>(i);
      double sum = 0;
      for (extent j = 0; j < 333; ++j) sum += std::exp(static_cast<double>(logits.at(i, j)));
      CAPTURE(name_of(isa), i);
      CHECK(loss[n] == Approx(labels[n] < 0 ? 0.0 : std::log(sum) - logits.at(i, labels[n])).epsilon(1e-5));
    }
    CHECK_THROWS_WITH(be.cross_entropy_head(testing::as_vector(loss), x.view, matrix<float>{}, in(x.view), head,
                                            in(testing::as_vector(labels)), {}),
                      ContainsSubstring("transposed q8 weight"));
  }
}

TEST_CASE("the reference multiplies activations as they are with what a quantised weight stands for") {
  reference_backend be;
  rows_of const from(9, 30, 1);
  rows_of x(4, 30, 2), y(4, 9, 3), expected(4, 9, 3), values(9, 30, 4, 0);
  auto const w = quantized_weight(be, from);
  be.unpack(values.view, w);
  auto plain = be.allocate_weight<float>(9, 30);
  be.copy(plain.values(), in(values.view));
  be.matmul(y.view, in(x.view), w, {.scale = 0.5});
  be.matmul(expected.view, in(x.view), plain, {.scale = 0.5});
  for (extent i = 0; i < 4; ++i) CHECK(y.row(i) == expected.row(i));
}

TEST_CASE("wrong extents, foreign panels and transposed products of quantised weights are refused in a sentence") {
  cpu_backend be;
  rows_of const from(5, 8, 1);
  rows_of x(2, 8, 1), y(2, 4, 2);
  auto w = quantized_weight(be, from);
  CHECK_THROWS_WITH(be.matmul(y.view, in(x.view), w, {}), ContainsSubstring("the columns of y to be 5 but found 4"));
  CHECK_THROWS_WITH(be.matmul(y.view, in(x.view), w, {.transpose = true}), ContainsSubstring("transposed q8 weight"));
  w.panel = 48;
  CHECK_THROWS_WITH(be.matmul(y.view, in(x.view), w, {}), ContainsSubstring("found panels of 48"));
}
