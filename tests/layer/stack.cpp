/// Blocks and stacks: their gradients as wholes, recomputing, and where dropout falls.

#include <algorithm>
#include <set>

#include "flan/layer/concept.hpp"
#include "flan/model/presets.hpp"
#include "flan/model/t5.hpp"
#include "layer/support.hpp"

using namespace flan;
using namespace flan::testing;

namespace {
constexpr auto encoder = t5_side::encoder, decoder = t5_side::decoder;
static_assert(trainable_layer<t5_block<tiny, fp32, encoder>, reference_backend>);
static_assert(trainable_layer<t5_stack<any_t5, fp32, decoder>, reference_backend>);

inline constexpr t5_config tiny_umt5 = [] {
  auto c = tiny;
  c.per_block_bias = flag::yes;
  return c;
}();

template <class L>
using precision_of = std::conditional_t<std::is_same_v<typename L::F, double>, fp64, complex_precision>;

template <class P>
stack_call<P> call_of(two_rows const& rows, matrix<typename P::activation> states, bool dropout) {
  stack_call<P> call;
  call.rows = rows.tokens;
  call.states = states, call.state_rows = rows.source;
  if (dropout) call.dropout = {0.2, 77};
  return call;
}

/// One block as the stack calls it. Inputs: h, the stack's bias (unless the block has its own), the encoder's states.
template <auto const& C, t5_side Side>
void check_block(bool dropout) {
  constexpr bool decodes = Side == decoder, own_bias = C.per_block_bias == flag::yes;
  std::vector<size_of_input> inputs{{8, C.d_model}};
  if (!own_bias) inputs.push_back({C.heads, 2 * C.max_distance + 1});
  if (decodes) inputs.push_back({10, C.d_model});
  check_gradients(
      [](auto p) { return t5_block<C, decltype(p), Side>(C); },
      [=](auto& be, auto const& l, auto const& x, auto y, two_rows const& rows, auto* back) {
        using L = std::remove_cvref_t<decltype(l)>;
        using M = matrix<typename L::F>;
        auto const call = call_of<precision_of<L>>(rows, decodes ? matrix<typename L::X>(x.back()) : M(), dropout);
        M const bias = own_bias ? M() : x[1];
        typename L::trace t;
        be.copy(y, in(x[0]));
        l.forward(be, y, call, bias, 1, back ? &t : nullptr);
        if (!back) return;
        M const dh = back->dx[0];
        be.copy(dh, in(back->dy));
        l.backward(be, dh, decodes ? back->dx.back() : M(), own_bias ? M() : back->dx[1], call, bias, 1, t, back->d);
      },
      inputs, {8, C.d_model});
}

/// A whole stack. Inputs: the embedded tokens, the encoder's states.
template <auto const& C, t5_side Side>
auto run_stack(bool dropout, bool recompute) {
  return [=](auto& be, auto const& l, auto const& x, auto y, two_rows const& rows, auto* back) {
    using L = std::remove_cvref_t<decltype(l)>;
    using M = matrix<typename L::F>;
    auto call = call_of<precision_of<L>>(rows, Side == decoder ? x[1] : M(), dropout);
    call.recompute = recompute;
    typename L::trace t;
    frame f(be);
    auto const h = f.template make<typename L::F>(x[0].rows, x[0].columns);  // used up
    be.copy(h, in(x[0]));
    l.forward(be, y, h, call, back ? &t : nullptr);
    if (!back) return;
    auto const dy = f.template make<typename L::F>(y.rows, y.columns);
    be.copy(dy, in(back->dy));
    l.backward(be, back->dx[0], Side == decoder ? back->dx[1] : M(), dy, call, t, back->d);
  };
}
template <auto const& C, t5_side Side>
std::vector<size_of_input> inputs_of_stack() {
  std::vector<size_of_input> inputs{{8, tiny.d_model}};
  if (Side == decoder) inputs.push_back({10, tiny.d_model});
  return inputs;
}

template <auto const& C, t5_side Side>
void check_stack(t5_config const& c) {
  auto const make = [&](auto p) { return t5_stack<C, decltype(p), Side>(c); };
  auto const inputs = inputs_of_stack<C, Side>();
  check_gradients(make, run_stack<C, Side>(true, false), inputs, {8, c.d_model});
  auto const gradients = [&](bool recompute) {
    return gradients_on<reference_backend>(make, run_stack<C, Side>(true, recompute), inputs, {8, c.d_model});
  };
  CHECK(gradients(true) == gradients(false));
}
}  // namespace

TEST_CASE("an encoder block's gradients are its derivatives") {
  check_block<tiny, encoder>(false);
  check_block<tiny, encoder>(true);
  check_block<tiny_umt5, encoder>(true);
}

TEST_CASE("a decoder block's gradients are its derivatives") {
  check_block<tiny, decoder>(false);
  check_block<tiny, decoder>(true);
  check_block<tiny_umt5, decoder>(true);
}

TEST_CASE("a stack's gradients are its derivatives, and the same bits when its blocks run again") {
  SECTION("a bias for all blocks") {
    check_stack<tiny, encoder>(tiny);
    check_stack<tiny, decoder>(tiny);
  }
  SECTION("a bias in every block, known at run time") {
    check_stack<any_t5, encoder>(tiny_umt5);
    check_stack<any_t5, decoder>(tiny_umt5);
  }
}

namespace {
/// Notes every call of dropout: the op's, and attention's own.
struct noting_backend : reference_backend {
  std::vector<std::uint32_t> sites{};
  extent dropped = 0, elements = 0;

  template <class T>
  void dropout(matrix<T> y, matrix<T const> x, dropout_options const& o, bool accumulate) {
    sites.push_back(o.site);
    CHECK(o.rate == 0.2);
    CHECK(o.rows.size == x.rows);
    for (extent r = 0; r < x.rows; ++r)
      for (extent c = 0; c < x.columns; ++c, ++elements)
        dropped += dropout_bits(o.rows.data[r], o.site, static_cast<std::uint32_t>(c)) < o.threshold();
    reference_backend::dropout(y, x, o, accumulate);
  }
  template <class Y, class T, class Q, class K>
  void attention(heads_view<Y> y, vector_view<T> lse, heads_view<Q const> q, heads_view<K const> k,
                 heads_view<K const> v, attention_options<T> const& o) {
    if (o.dropout.active()) {
      sites.push_back(o.dropout.site);
      CHECK(o.dropout.rows.size == q.batch * q.length);
      CHECK(o.key_keys.size == k.batch * k.length);
    }
    reference_backend::attention(y, lse, q, k, v, o);
  }
};
}  // namespace

TEST_CASE("dropout falls at Hugging Face's places, at each with a mask of its own") {
  noting_backend be;
  t5<tiny, fp32> model;
  randomize(be, model);
  two_rows const rows(be);
  std::int32_t const host[] = {3, 10, 3, 0, 1, 2, 9, 4, 5, 6};
  auto const ids = to_backend(be, host, 1, 10);
  auto const part = [&](extent n) { return in(flat(ids.view)).part(0, n); };
  t5_batch const b{part(10), rows.source, part(8), rows.tokens, part(8)};
  tensor<float> const loss(be, 1, 8);
  auto const run = [&](double rate, std::uint64_t key) {
    be.sites.clear();
    step_options o;
    o.dropout = {rate, key};
    model.loss(be, flat(loss.view), b, o);
    return be.sites;
  };
  CHECK(run(0, 5).empty());
  auto const sites = run(0.2, 5);
  // Each stack's embedding and output; probabilities and output of each attention, hidden layer and output of each
  // feed-forward.
  CHECK(static_cast<extent>(sites.size()) == 2 + 2 + 4 * tiny.layers + 6 * tiny.decoder_layers);
  CHECK(std::set(sites.begin(), sites.end()).size() == sites.size());
  double const share = static_cast<double>(be.dropped) / static_cast<double>(be.elements);
  CHECK(std::abs(share - 0.2) < 4 * std::sqrt(0.2 * 0.8 / static_cast<double>(be.elements)));
  auto const other_step = run(0.2, 6);
  std::vector<std::uint32_t> both;
  std::set const first(sites.begin(), sites.end()), second(other_step.begin(), other_step.end());
  std::set_intersection(first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(both));
  CHECK(both.empty());
}
