#include "flan/model/initialize.hpp"

#include <cmath>
#include <map>

#include "flan/core/parallel.hpp"
#include "flan/model/t5.hpp"
#include "flan/reference/backend.hpp"
#include "support/catch.hpp"
#include "train/support.hpp"

using namespace flan;
using namespace flan::testing;

namespace {
inline constexpr t5_config wide{.vocabulary = 512,
                                .d_model = 128,
                                .d_kv = 32,
                                .d_ff = 192,
                                .layers = 1,
                                .decoder_layers = 1,
                                .heads = 6,
                                .buckets = 32,
                                .max_distance = 128,
                                .epsilon = 1e-6,
                                .activation = activation::relu,
                                .gated = flag::yes,
                                .tied = flag::no,
                                .scaled = flag::no,
                                .per_block_bias = flag::no};

struct moments {
  double mean = 0, deviation = 0, largest = 0;
};
moments moments_of(std::vector<float> const& v) {
  moments m;
  for (float const x : v)
    m.mean += static_cast<double>(x), m.largest = std::max(m.largest, std::abs(static_cast<double>(x)));
  m.mean /= static_cast<double>(v.size());
  for (float const x : v) m.deviation += (static_cast<double>(x) - m.mean) * (static_cast<double>(x) - m.mean);
  m.deviation = std::sqrt(m.deviation / static_cast<double>(v.size()));
  return m;
}
}  // namespace

TEST_CASE("parameters start with T5's scales", "[train]") {
  reference_backend be;
  t5<wide, fp32> model;
  int parameters = 0;
  initialize(be, model, 5, [&](std::string const&) { ++parameters; });
  std::map<std::string, moments> found;
  for_each_parameter([&](std::string const& name, auto& w) { found[name] = moments_of(to_host(be, w.view())); }, model);
  CHECK(parameters == static_cast<int>(found.size()));
  auto const deviation = [&](std::string const& name, double expected, double largest = 10) {
    INFO(name);
    REQUIRE(found.contains(name));
    moments const m = found[name];
    CHECK(m.deviation == Approx(expected).epsilon(0.03));
    CHECK(std::abs(m.mean) < 0.03 * expected);
    CHECK(m.largest < largest * expected);
  };
  std::string const block = "encoder.block.0.layer.";
  deviation("shared.weight", 1);
  deviation("lm_head.weight", std::pow(128, -0.5), 2.28);  // cut at two deviations of the uncut normal
  deviation(block + "0.SelfAttention.q.weight", std::pow(128 * 32, -0.5));
  deviation(block + "0.SelfAttention.k.weight", std::pow(128, -0.5));
  deviation(block + "0.SelfAttention.v.weight", std::pow(128, -0.5));
  deviation(block + "0.SelfAttention.o.weight", std::pow(6 * 32, -0.5));
  deviation(block + "1.DenseReluDense.wi_0.weight", std::pow(128, -0.5), 2.28);
  deviation(block + "1.DenseReluDense.wo.weight", std::pow(192, -0.5), 2.28);
  auto const bias = found.at(block + "0.SelfAttention.relative_attention_bias.weight");
  CHECK(bias.largest < std::sqrt(6.0 / (32 + 6)));
  CHECK(bias.deviation == Approx(std::sqrt(2.0 / (32 + 6))).epsilon(0.15));
  auto const gain = found.at("decoder.final_layer_norm.weight");
  CHECK(gain.mean == 1);
  CHECK(gain.deviation == 0);
}

TEST_CASE("initial weights depend on the seed, not on threads", "[train]") {
  auto const draw = [](std::uint64_t seed) {
    reference_backend be;
    t5<nano, fp32> model;
    initialize(be, model, seed);
    return all_values(be, model);
  };
  set_threads(1);
  auto const one = draw(3);
  set_threads(3);
  CHECK(draw(3) == one);
  CHECK(draw(4) != one);
  set_threads(0);
}

TEST_CASE("a head that is the embedding begins with logits of size one", "[train]") {
  auto c = nano;
  c.tied = flag::yes;
  c.scaled = flag::no;
  CHECK(detail::initial_values_of("shared.weight", c).scale == Approx(0.25));
  c.scaled = flag::yes;
  CHECK(detail::initial_values_of("shared.weight", c).scale == 1);
}
