/// Trajectories of Adafactor (T5X's rule) and AdamW (torch's): ten steps from a formula's weights, with a formula's
/// gradients, against recorded weights after steps 1, 2 and 10.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "flan/checkpoint/safetensors.hpp"
#include "flan/reference/backend.hpp"
#include "flan/testing/golden.hpp"
#include "support/catch.hpp"
#include "support/shared.hpp"

namespace {
using flan::extent;

struct shape {
  std::string name;
  extent rows, columns;
};
// A vector is one row, as weights hold a norm's gain.
std::vector<shape> const small = {{"bias_32x6", 32, 6}, {"scale_512", 1, 512}, {"thin_4x300", 4, 300}};
std::vector<shape> const large = {
    {"matrix_256x128", 256, 128}, {"matrix_130x200", 130, 200}, {"tiny_128x128", 128, 128}};

template <class T>
std::vector<T> start(shape const& s) {
  return flan::testing::formula_values<T>(s.name, s.rows * s.columns, s.name.rfind("scale", 0) == 0 ? 1 : 0,
                                          s.name.rfind("tiny", 0) == 0 ? 1e-5 : 0.1);
}
/// The gradient of step 1, 2, …: every tenth element or so is exactly zero, and the size changes from step to step.
template <class T>
std::vector<T> gradient(shape const& s, int step) {
  auto const key = flan::testing::fnv1a64("grad." + std::to_string(step) + "." + s.name);
  std::vector<T> g(static_cast<std::size_t>(s.rows * s.columns));
  for (std::size_t i = 0; i < g.size(); ++i) {
    double const u = flan::testing::formula_uniform(key, static_cast<extent>(i));
    g[i] = static_cast<T>(u < 0.1 ? 0.0 : (2 * u - 1) * std::pow(10.0, -4 + step % 6));
  }
  return g;
}

/// The largest difference, relative to how far the optimizer moved the parameter (root mean square). Recorded values
/// are floats: their rounding is not held against anyone.
template <class T>
double difference(std::vector<T> const& now, std::vector<T> const& from, std::vector<float> const& expected) {
  REQUIRE(now.size() == expected.size());
  double moved = 0, worst = 0;
  for (std::size_t i = 0; i < now.size(); ++i) {
    double const e = expected[i], d = e - static_cast<double>(from[i]);
    moved += d * d;
    worst = std::max(worst, std::abs(static_cast<double>(now[i]) - e) - std::abs(e) * 0x1p-23);
  }
  return worst / std::sqrt(moved / static_cast<double>(now.size()));
}

template <class T, class Step>
void follow(std::string const& optimizer, shape const& s, flan::stored_tensors const& golden, double bound,
            Step&& step) {
  auto const from = start<T>(s);
  auto w = from;
  for (int k = 1; k <= 10; ++k) {
    auto g = gradient<T>(s, k);
    step(flan::matrix<T>(w.data(), s.rows, s.columns), flan::matrix<T const>(g.data(), s.rows, s.columns), k);
    auto const expected = golden.find(optimizer + "." + std::to_string(k) + "." + s.name);
    if (expected == golden.end()) continue;
    INFO(expected->first);
    std::vector<float> values(static_cast<std::size_t>(expected->second.elements()));
    flan::read_as(expected->second, values.data());
    CHECK(difference(w, from, values) < bound);
  }
}

template <class T>
void follow_adafactor(shape const& s, flan::stored_tensors const& golden, double bound) {
  flan::reference_backend be;
  bool const factored = std::min(s.rows, s.columns) >= 128;
  std::vector<T> row(static_cast<std::size_t>(factored ? s.rows : 0)),
      column(static_cast<std::size_t>(factored ? s.columns : 0));
  std::vector<T> v(static_cast<std::size_t>(factored ? 0 : s.rows * s.columns));
  follow<T>("adafactor", s, golden, bound, [&](flan::matrix<T> w, flan::matrix<T const> g, int k) {
    flan::adafactor_options o;
    o.beta2 = 1 - std::pow(static_cast<double>(k), -0.8);
    be.adafactor_update(w, g, flan::vector_view<T>{row.data(), static_cast<extent>(row.size())},
                        flan::vector_view<T>{column.data(), static_cast<extent>(column.size())},
                        factored ? flan::matrix<T>() : flan::matrix<T>(v.data(), s.rows, s.columns), o);
  });
}
template <class T>
void follow_adamw(shape const& s, flan::stored_tensors const& golden, double bound) {
  flan::reference_backend be;
  std::vector<T> m(static_cast<std::size_t>(s.rows * s.columns)), v = m;
  follow<T>("adamw", s, golden, bound, [&](flan::matrix<T> w, flan::matrix<T const> g, int k) {
    flan::adamw_options o;
    o.weight_decay = 0.01;
    o.step = k;
    be.adamw_update(w, g, flan::matrix<T>(m.data(), s.rows, s.columns), flan::matrix<T>(v.data(), s.rows, s.columns),
                    o);
  });
}

void follow_all(std::vector<shape> const& shapes, std::filesystem::path const& file) {
  auto const golden = flan::read_safetensors(file);
  for (auto const& s : shapes)
    for (int step : {1, 2, 10})
      for (char const* optimizer : {"adafactor.", "adamw."})
        REQUIRE(golden.count(optimizer + std::to_string(step) + "." + s.name) == 1);
  for (auto const& s : shapes) {
    follow_adafactor<double>(s, golden, 1e-6);
    follow_adamw<double>(s, golden, 1e-6);
    follow_adafactor<float>(s, golden, 1e-3);  // ten roundings of the weights themselves
    follow_adamw<float>(s, golden, 1e-3);
  }
}
}  // namespace

TEST_CASE("small parameters follow the recorded trajectories", "[committed]") {
  follow_all(small, flan::testing::golden("optimizers_small.safetensors"));
}

TEST_CASE("factored parameters follow the recorded trajectories") {
  auto const file = flan::testing::golden("optimizers.safetensors");
  follow_all(large, file);
  follow_all(small, file);
}
