/// The optimizers as training calls them (settings, slots of state, steps counted from 0) along the recorded
/// trajectories, on memory that the host cannot read.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "flan/checkpoint/safetensors.hpp"
#include "flan/cpu/backend.hpp"
#include "flan/testing/golden.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "flan/train/adafactor.hpp"
#include "flan/train/adamw.hpp"
#include "support/catch.hpp"
#include "support/shared.hpp"

using namespace flan;

namespace {

/// The weights after each recorded step, against the record: the largest difference, relative to the distance moved.
template <optimizer O>
void follow(O const& rule, std::string const& name, extent rows, extent columns, stored_tensors const& golden) {
  INFO(std::string(O::name) << ' ' << name);
  testing::unreadable_backend<cpu_backend> be;
  bool const gain = name.starts_with("scale"), tiny = name.starts_with("tiny");
  auto const from = testing::formula_values<float>(name, rows * columns, gain ? 1 : 0, tiny ? 1e-5 : 0.1);
  auto w = be.allocate_weight<float>(rows, columns), g = be.allocate_weight<float>(rows, columns);
  be.upload(w.data, from.data(), from.size() * sizeof(float));
  std::vector<weight<float>> owned;
  std::vector<matrix<float>> state;
  for (auto const& slot : rule.slots(rows, columns)) {
    owned.push_back(be.allocate_weight<float>(slot.rows, slot.columns));
    state.push_back(owned.back().values());
  }
  int recorded = 0;
  for (extent step = 0; step < 10; ++step) {
    auto const grad_key = testing::fnv1a64("grad." + std::to_string(step + 1) + "." + name);
    std::vector<float> values(from.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      double const u = testing::formula_uniform(grad_key, static_cast<extent>(i));
      values[i] = static_cast<float>(u < 0.1 ? 0.0 : (2 * u - 1) * std::pow(10.0, -4 + static_cast<int>(step + 1) % 6));
    }
    // Half the gradient with a scale of two: what clipping does.
    for (float& x : values) x *= 0.5f;
    be.upload(g.data, values.data(), values.size() * sizeof(float));
    update_call call{step, rule.rate, 2.0};
    rule.update(be, w.values(), in(g.values()), std::span<matrix<float> const>(state), call);
    auto const at = golden.find(sentence(O::name, '.', step + 1, '.', name));
    if (at == golden.end()) continue;
    ++recorded;
    std::vector<float> right(from.size());
    read_as(at->second, right.data());
    auto const now = to_host(be, w.view());
    double moved = 0, worst = 0;
    for (std::size_t i = 0; i < now.size(); ++i) {
      double const d = static_cast<double>(right[i]) - static_cast<double>(from[i]);
      moved += d * d;
      worst = std::max(worst, std::abs(static_cast<double>(now[i]) - static_cast<double>(right[i])) -
                                  std::abs(static_cast<double>(right[i])) * 0x1p-23);
    }
    CHECK(worst / std::sqrt(moved / static_cast<double>(now.size())) < 1e-3);
  }
  CHECK(recorded == 3);
}

void follow_both(std::string const& name, extent rows, extent columns, stored_tensors const& golden) {
  follow(adafactor{.rate = 1e-3}, name, rows, columns, golden);
  follow(adamw{.rate = 1e-3, .weight_decay = 0.01}, name, rows, columns, golden);
}

}  // namespace

TEST_CASE("rules follow small parameters", "[committed]") {
  auto const golden = read_safetensors(testing::golden("optimizers_small.safetensors"));
  follow_both("bias_32x6", 32, 6, golden);
  follow_both("scale_512", 1, 512, golden);
  follow_both("thin_4x300", 4, 300, golden);
}

TEST_CASE("rules follow factored parameters") {
  auto const golden = read_safetensors(testing::golden("optimizers.safetensors"));
  follow_both("matrix_256x128", 256, 128, golden);
  follow_both("matrix_130x200", 130, 200, golden);
  follow_both("tiny_128x128", 128, 128, golden);
}

TEST_CASE("large matrices keep a row and a column, others everything", "[committed]") {
  CHECK(adafactor{}.slots(128, 200).size() == 2);
  CHECK(adafactor{}.slots(127, 4'000).front().columns == 4'000);
  CHECK(adafactor{}.slots(1, 512).size() == 1);
}
