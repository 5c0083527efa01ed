/// A model whose configuration is known at run time alone (any_t5) computes the same bits as the one that the compiler
/// knows: loss, gradients, decoding.

#include "flan/cpu/backend.hpp"
#include "flan/model/initialize.hpp"
#include "flan/model/presets.hpp"
#include "flan/model/t5.hpp"
#include "flan/reference/backend.hpp"
#include "support/catch.hpp"

using namespace flan;

namespace {
inline constexpr t5_config gated{.vocabulary = 40,
                                 .d_model = 24,
                                 .d_kv = 5,
                                 .d_ff = 36,
                                 .layers = 2,
                                 .decoder_layers = 3,
                                 .heads = 3,
                                 .buckets = 8,
                                 .max_distance = 16,
                                 .epsilon = 1e-6,
                                 .activation = activation::gelu_new,
                                 .gated = flag::yes,
                                 .tied = flag::no,
                                 .scaled = flag::no,
                                 .per_block_bias = flag::no};
inline constexpr t5_config tied = [] {
  auto c = gated;
  c.activation = activation::relu, c.gated = flag::no, c.tied = c.scaled = flag::yes;
  return c;
}();
inline constexpr t5_config per_block = [] {
  auto c = gated;
  c.scaled = c.per_block_bias = flag::yes;
  return c;
}();

/// Everything that a model computes, and its gradient, as stored.
template <class M, class B>
std::vector<std::vector<float>> results(B& be, M& model) {
  initialize(be, model, 3);
  std::vector<std::int32_t> ids;
  for (std::int32_t i = 0; i < 14; ++i) ids.push_back((7 * i + 3) % 40);
  std::int32_t const n[] = {7, 4};
  std::vector<std::uint32_t> keys(14);
  for (std::uint32_t i = 0; i < 14; ++i) keys[i] = mix32(i);
  auto const tokens = to_backend(be, ids.data(), 1, 14), lengths = to_backend(be, n, 1, 2);
  auto const row_keys = to_backend(be, keys.data(), 1, 14);
  auto const part = [&](extent count) { return in(flat(tokens.view)).part(0, count); };
  auto const key_part = [&](extent count) { return in(flat(row_keys.view)).part(0, count); };
  token_rows const inputs{2, 7, in(flat(lengths.view)), {}, key_part(14)}, targets{2, 5, {}, {}, key_part(10)};
  t5_batch const b{part(14), inputs, part(10), targets, part(10)};

  std::vector<std::vector<float>> all;
  auto const note = [&](auto view) {
    auto& values = all.emplace_back();
    for (auto const x : to_host(be, view)) values.push_back(static_cast<float>(widen(x)));
  };
  gradient_of<M> gradient(model.config());
  allocate_parameters(be, gradient);
  tensor<float> const loss(be, 1, 10);
  step_options o;
  o.dropout = {0.1, 5};
  model.loss(be, flat(loss.view), b, o, &gradient);
  note(loss.view);
  for_each_parameter([&](std::string const&, auto& g) { note(g.view()); }, gradient);

  using X = typename M::X;
  auto const d = model.config().d_model;
  tensor<X> const states(be, 14, d);
  model.encode(be, states.view, part(14), inputs);
  note(states.view);
  auto const cache = model.make_cache(be, 2, 4, states.view, inputs);
  tensor<X> const newest(be, 2, d);
  tensor<float> const logits(be, 2, model.config().vocabulary), values(be, 2, 3), sums(be, 1, 2);
  tensor<std::int32_t> const best(be, 2, 3);
  for (extent position = 0; position < 4; ++position) {
    model.step(be, newest.view, part(2), 2, 1, cache, position, {}, {});
    model.logits(be, logits.view, newest.view);
    note(logits.view);
    model.top_k(be, values.view, best.view, flat(sums.view), newest.view);
    note(values.view);
    note(sums.view);
  }
  return all;
}

template <auto const& C, class P, class B>
void check_same() {
  INFO(std::string(config_name<C>()));
  B be;
  t5<C, P> closed;
  t5<any_t5, P> open(C);
  auto const expected = results(be, closed);
  CHECK(results(be, open) == expected);
  // Numbers, and not all the same ones.
  double sum = 0;
  for (auto const& part : expected)
    for (float const x : part) sum += std::abs(static_cast<double>(x));
  CHECK(std::isfinite(sum));
  CHECK(sum > 0);
}
}  // namespace

TEMPLATE_TEST_CASE("any_t5 gives a preset's bits", "", reference_backend, cpu_backend) {
  check_same<gated, fp32, TestType>();
  check_same<tied, fp32, TestType>();
  check_same<per_block, bf16_mixed, TestType>();
}

TEST_CASE("a model is not made from a configuration that is open or another's") {
  CHECK_THROWS_WITH((t5<any_t5, fp32>(any_t5)), ContainsSubstring("needs a configuration without open fields"));
  CHECK_THROWS_WITH((t5<gated, fp32>(tied)), ContainsSubstring("activation relu, gated no, tied yes, scaled yes; "
                                                               "the program was compiled for gated"));
  auto deeper = gated;
  deeper.decoder_layers = 4;
  CHECK_THROWS_WITH((t5<gated, fp32>(deeper)),
                    ContainsSubstring("num_decoder_layers 4") && ContainsSubstring(".decoder_layers = 4,"));
}
