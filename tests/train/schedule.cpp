#include "flan/train/schedule.hpp"

#include "support/catch.hpp"

using namespace flan;

TEST_CASE("warm-up rises to the rate without a lost step", "[train]") {
  for (schedule const& s :
       {schedule(constant_rate{.warmup = 4}), schedule(linear_decay{.warmup = 4}), schedule(cosine_decay{.warmup = 4}),
        schedule(inverse_square_root{.flat = 8, .warmup = 4})}) {
    CHECK(rate_factor(s, 0, 100) == Approx(0.25));
    CHECK(rate_factor(s, 1, 100) == Approx(0.5));
    CHECK(rate_factor(s, 3, 100) == Approx(1));
    CHECK(rate_factor(s, 4, 100) == Approx(1));
  }
}

TEST_CASE("schedules fall as their names say", "[train]") {
  CHECK(rate_factor(constant_rate{}, 1'000'000, 10) == 1);
  linear_decay const line{.warmup = 10, .end = 0.2};
  CHECK(rate_factor(line, 60, 110) == Approx(0.6));
  CHECK(rate_factor(line, 110, 110) == Approx(0.2));
  CHECK(rate_factor(line, 500, 110) == Approx(0.2));
  cosine_decay const wave{.warmup = 10, .end = 0.2};
  CHECK(rate_factor(wave, 10, 110) == Approx(1));
  CHECK(rate_factor(wave, 35, 110) == Approx(0.2 + 0.8 * (1 + std::sqrt(0.5)) / 2));
  CHECK(rate_factor(wave, 60, 110) == Approx(0.6));
  CHECK(rate_factor(wave, 110, 110) == Approx(0.2));
  // T5's pretraining: rate 0.01, then 1/√step.
  for (extent const step : {0, 9'999, 10'000, 40'000, 1'000'000})
    CHECK(0.01 * rate_factor(inverse_square_root{}, step, 0) ==
          Approx(1 / std::sqrt(static_cast<double>(std::max<extent>(step, 10'000)))));
}

TEST_CASE("a run shorter than its warm-up has finite rates", "[train]") {
  for (extent step = 0; step < 5; ++step)
    CHECK(rate_factor(linear_decay{.warmup = 10}, step, 5) == Approx(static_cast<double>(step + 1) / 10));
  CHECK(rate_factor(cosine_decay{.warmup = 5}, 5, 5) == Approx(1));
}
