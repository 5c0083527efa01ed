// What the conformance suite is too small for: a vocabulary so large that the rows come in several groups.

#include <cmath>
#include <vector>

#include "flan/core/random.hpp"
#include "flan/cpu/backend.hpp"
#include "support/catch.hpp"

using namespace flan;

TEST_CASE("head and loss agree with an oracle in double when rows come in groups") {
  extent const vocabulary = 530'001, d = 3, rows = 21;
  REQUIRE(flan::detail::loss_rows_at_once(vocabulary) == 16);
  CHECK(flan::detail::loss_rows_at_once(32'128) == 256);

  cpu_backend be;
  auto w = be.allocate_weight<float>(vocabulary, d);
  std::vector<float> x(static_cast<std::size_t>(rows * d)), loss(static_cast<std::size_t>(rows)), dx(x.size());
  std::vector<float> dw(static_cast<std::size_t>(vocabulary * d), 1.0f);
  for (extent i = 0; i < vocabulary * d; ++i) w.data[i] = static_cast<float>(normal(1, static_cast<std::uint64_t>(i)));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(normal(2, i));
  std::vector<std::int32_t> labels;
  for (extent i = 0; i < rows; ++i) labels.push_back(i == 5 ? -100 : static_cast<std::int32_t>(i * 25'000));
  double const z = 1e-2, smooth = 0.1, gradient_scale = 0.25;
  be.cross_entropy_head(vector_view<float>{loss.data(), rows}, matrix<float>(dx.data(), rows, d),
                        matrix<float>(dw.data(), vocabulary, d), matrix<float const>(x.data(), rows, d), w,
                        vector_view<std::int32_t const>{labels.data(), rows},
                        {.z_loss = z, .label_smoothing = smooth, .gradient_scale = gradient_scale});

  std::vector<double> expected_dw(dw.size(), 1.0), logits(static_cast<std::size_t>(vocabulary));
  double worst_loss = 0, worst_dx = 0, worst_dw = 0;
  for (extent m = 0; m < rows; ++m) {
    auto const at = static_cast<std::size_t>(m);
    float const* const xm = x.data() + m * d;
    if (labels[at] < 0) {
      CHECK(loss[at] == 0);
      for (extent c = 0; c < d; ++c) CHECK(dx[static_cast<std::size_t>(m * d + c)] == 0);
      continue;
    }
    double total = 0, all = 0;
    for (extent v = 0; v < vocabulary; ++v) {
      double l = 0;
      for (extent c = 0; c < d; ++c) l += double{xm[c]} * double{w.data[v * d + c]};
      logits[static_cast<std::size_t>(v)] = l;
      total += std::exp(l), all += l;
    }
    auto const label = static_cast<std::size_t>(labels[at]);
    double const log_sum = std::log(total), n = static_cast<double>(vocabulary);
    double const expected =
        (1 - smooth) * (log_sum - logits[label]) + smooth / n * (n * log_sum - all) + z * log_sum * log_sum;
    worst_loss = std::max(worst_loss, std::abs(loss[at] - expected) / expected);
    std::vector<double> expected_dx(static_cast<std::size_t>(d), 0.0);
    for (extent v = 0; v < vocabulary; ++v) {
      auto const i = static_cast<std::size_t>(v);
      double const g = gradient_scale * (std::exp(logits[i] - log_sum) * (1 + 2 * z * log_sum) - smooth / n -
                                         (i == label ? 1 - smooth : 0.0));
      for (extent c = 0; c < d; ++c) {
        expected_dx[static_cast<std::size_t>(c)] += g * double{w.data[v * d + c]};
        expected_dw[static_cast<std::size_t>(v * d + c)] += g * double{xm[c]};
      }
    }
    for (extent c = 0; c < d; ++c)
      worst_dx = std::max(worst_dx,
                          std::abs(dx[static_cast<std::size_t>(m * d + c)] - expected_dx[static_cast<std::size_t>(c)]));
  }
  for (std::size_t i = 0; i < dw.size(); ++i) worst_dw = std::max(worst_dw, std::abs(dw[i] - expected_dw[i]));
  CHECK(worst_loss < 2e-6);
  CHECK(worst_dx < 2e-6);
  CHECK(worst_dw < 1e-6);
}

TEST_CASE("the gradient of a nearly certain label survives bf16") {
  // Logits 4 and −4: the label's probability is 1 in bf16, what it lacks of 1 is not 0.
  cpu_backend be;
  auto w = be.allocate_weight<bf16>(2, 1);
  w.data[0] = bf16(4.0f), w.data[1] = bf16(-4.0f);
  bf16 const x = bf16(1.0f);
  float loss = 0, dx = 0, dw[2] = {};
  std::int32_t const label = 0;
  be.cross_entropy_head(vector_view<float>{&loss, 1}, matrix<float>(&dx, 1, 1), matrix<float>(dw, 2, 1),
                        matrix<bf16 const>(&x, 1, 1), w, vector_view<std::int32_t const>{&label, 1}, {});
  double const other = 1 / (1 + std::exp(8.0));
  CHECK(dx == Approx(-8 * other).epsilon(0.01));
  CHECK(dw[0] == Approx(-other).epsilon(0.01));
  CHECK(dw[1] == Approx(other).epsilon(0.01));
}

TEST_CASE("labels out of range are refused in a sentence") {
  cpu_backend be;
  auto w = be.allocate_weight<float>(7, 2);
  float x[2] = {}, loss = 0;
  std::int32_t const label = 7;
  CHECK_THROWS_WITH(
      be.cross_entropy_head(vector_view<float>{&loss, 1}, matrix<float>{}, matrix<float>{},
                            matrix<float const>(x, 1, 2), w, vector_view<std::int32_t const>{&label, 1}, {}),
      ContainsSubstring("labels between 0 and 6 or -100 but found 7"));
}
