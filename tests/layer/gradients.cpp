/// Every layer's backward against the complex step of its forward, input by input and parameter by parameter.

#include "flan/layer/attention.hpp"
#include "flan/layer/concept.hpp"
#include "flan/layer/embedding.hpp"
#include "flan/layer/feed_forward.hpp"
#include "flan/layer/norm.hpp"
#include "flan/layer/relative_bias.hpp"
#include "flan/model/presets.hpp"
#include "layer/support.hpp"

using namespace flan;
using namespace flan::testing;

static_assert(trainable_layer<linear<6, 7, fp32>, reference_backend>);
static_assert(trainable_layer<linear<6, 7, bf16_mixed>, reference_backend, linear<6, 7, fp32>>);
static_assert(trainable_layer<embedding<11, 6, fp32>, reference_backend>);
static_assert(trainable_layer<rms_norm<tiny, fp32>, reference_backend>);
static_assert(trainable_layer<feed_forward<tiny, fp32>, reference_backend>);
static_assert(trainable_layer<feed_forward<any_t5, fp32>, reference_backend>);
static_assert(trainable_layer<attention<tiny, fp32>, reference_backend>);
static_assert(trainable_layer<relative_bias<tiny, fp32>, reference_backend>);
static_assert(!layer<two_rows> && !trainable_layer<two_rows, reference_backend>);

namespace {
/// A dropout call of these tokens.
dropout_options drop(bool active, token_rows const& rows, std::uint32_t site) {
  return active ? dropout_options{0.3, site, rows.keys} : dropout_options{};
}
}  // namespace

TEST_CASE("linear: its two backwards, scaled and accumulating") {
  check_gradients([](auto p) { return linear<6, 7, decltype(p)>(6, 7); },
                  [](auto& be, auto const& l, auto const& x, auto y, two_rows const&, auto* back) {
                    using T = typename decltype(y)::value_type;
                    l.forward(be, matrix<T, 7>(y), matrix<T, 6>(x[0]), {.scale = 0.7});
                    l.forward(be, matrix<T, 7>(y), matrix<T, 6>(x[1]), {.accumulate = true});
                    if (!back) return;
                    matrix<T, 7> const dy(back->dy);
                    l.backward_input(be, matrix<T, 6>(back->dx[0]), dy, {.scale = 0.7});
                    l.backward_input(be, matrix<T, 6>(back->dx[1]), dy, {.accumulate = true});
                    l.backward_weight(be, dy, matrix<T, 6>(back->x[0]), back->d, 0.7);
                    l.backward_weight(be, dy, matrix<T, 6>(back->x[1]), back->d);
                  },
                  {{5, 6}, {5, 6}}, {5, 7});
}

TEST_CASE("embedding: rows that come twice add up") {
  check_gradients([](auto p) { return embedding<11, 6, decltype(p)>(11, 6); },
                  [](auto& be, auto const& l, auto const&, auto y, two_rows const&, auto* back) {
                    std::int32_t const host[] = {3, 10, 3, 0};
                    auto const ids = to_backend(be, host, 1, 4);
                    l.forward(be, y, in(flat(ids.view)));
                    if (back) l.backward(be, back->dy, in(flat(ids.view)), back->d);
                  },
                  {}, {4, 6});
}

TEST_CASE("rms_norm: overwriting, and adding to the residual stream's gradient") {
  check_gradients([](auto p) { return rms_norm<tiny, decltype(p)>(tiny); },
                  [](auto& be, auto const& l, auto const& x, auto y, two_rows const&, auto* back) {
                    // Two inputs share the gain: the first gradient overwrites, the second one is added to.
                    typename std::remove_cvref_t<decltype(l)>::trace first, second;
                    l.forward(be, y.row_range(0, 4), x[0], back ? &first : nullptr);
                    l.forward(be, y.row_range(4, 4), x[1], back ? &second : nullptr);
                    if (!back) return;
                    be.fill(back->dx[0], 7.0);
                    l.backward(be, back->dx[0], back->dy.row_range(0, 4), first, back->d, false);
                    l.backward(be, back->dx[1], back->dy.row_range(4, 4), second, back->d, true);
                  },
                  {{4, 6}, {4, 6}}, {8, 6});
}

TEST_CASE("relative_bias: both directions") {
  bool const bidirectional = GENERATE(true, false);
  check_gradients([](auto p) { return relative_bias<tiny, decltype(p)>(tiny); },
                  [=](auto& be, auto const& l, auto const&, auto y, two_rows const&, auto* back) {
                    l.forward(be, y, bidirectional);
                    if (back) l.backward(be, back->dy, bidirectional, back->d);
                  },
                  {}, {2, 9});
}

namespace {
template <auto const& C>
void check_feed_forward(t5_config const& c, bool dropout) {
  check_gradients([&](auto p) { return feed_forward<C, decltype(p)>(c); },
                  [=](auto& be, auto const& l, auto const& x, auto y, two_rows const& rows, auto* back) {
                    auto const inside = drop(dropout, rows.tokens, 4), after = drop(dropout, rows.tokens, 5);
                    typename std::remove_cvref_t<decltype(l)>::trace t;
                    l.forward(be, y, x[0], inside, after, back ? &t : nullptr);
                    if (back) l.backward(be, back->dx[0], back->dy, x[0], inside, after, t, back->d);
                  },
                  {{8, c.d_model}}, {8, c.d_model});
}
}  // namespace

TEST_CASE("feed_forward: gated and not, each activation, with and without dropout") {
  SECTION("known to the compiler") {
    check_feed_forward<tiny>(tiny, true);
    check_feed_forward<tiny_ungated>(tiny_ungated, true);
  }
  SECTION("known at run time") {
    for (flag const gated : {flag::no, flag::yes})
      for (activation const a : {activation::relu, activation::gelu, activation::gelu_new, activation::silu})
        for (bool const dropout : {false, true}) {
          auto c = tiny;
          c.gated = gated, c.activation = a;
          INFO(name_of(a) << (gated == flag::yes ? " gated" : "") << (dropout ? " dropout" : ""));
          check_feed_forward<any_t5>(c, dropout);
        }
  }
}

namespace {
/// Attention within a sequence (inputs: x, bias) or to a source (inputs: x, source).
template <auto const& C>
void check_attention(bool cross, bool causal, bool padding, bool dropout) {
  INFO((cross ? "cross" : "self") << (causal ? " causal" : "") << (padding ? " padding" : "")
                                  << (dropout ? " dropout" : ""));
  size_of_input const second = cross ? size_of_input{10, C.d_model} : size_of_input{C.heads, 2 * C.max_distance + 1};
  check_gradients(
      [](auto p) { return attention<C, decltype(p)>(C); },
      [=](auto& be, auto const& l, auto const& x, auto y, two_rows const& rows, auto* back) {
        using L = std::remove_cvref_t<decltype(l)>;
        attention_call<std::conditional_t<std::is_same_v<typename L::F, double>, fp64, complex_precision>> call;
        call.queries = rows.tokens;
        call.keys = cross ? rows.source : rows.tokens;
        if (!padding) call.queries.lengths = call.keys.lengths = {};
        if (!cross) call.bias = x[1];
        call.causal = causal;
        call.probabilities = drop(dropout, rows.tokens, 0), call.after = drop(dropout, rows.tokens, 1);
        auto const source = cross ? x[1] : x[0];
        typename L::trace t;
        l.forward(be, y, x[0], source, call, back ? &t : nullptr);
        if (!back) return;
        using M = matrix<typename L::F>;
        l.backward(be, back->dx[0], cross ? back->dx[1] : M(), cross ? M() : back->dx[1], back->dy, x[0], source, call,
                   t, back->d);
      },
      {{8, C.d_model}, second}, {8, C.d_model});
}
}  // namespace

TEST_CASE("attention: within a sequence and to a source, under every mask") {
  check_attention<tiny>(false, false, false, false);
  check_attention<tiny>(false, true, false, false);
  check_attention<tiny>(false, false, true, false);
  check_attention<tiny>(false, true, true, true);
  check_attention<tiny>(true, false, false, false);
  check_attention<tiny>(true, false, true, true);
}
