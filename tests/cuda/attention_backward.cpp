// The kernels of attention's backward against the reference backend, on the emulated device.

#include "emulated.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("cuda: attention's backward conforms") {
  conforms_in_every_order([](cuda_session& s) { testing::detail::check_attention_backward<float, float>(s); });
}

TEST_CASE("cuda: attention's backward of bf16 conforms") {
  conforms_in_every_order([](cuda_session& s) { testing::detail::check_attention_backward<bf16, float>(s); });
}

namespace {

/// One call, compared with the reference. Segments (when they are on) lie in order, 37 positions each.
template <class X>
void check_one(cuda_session& s, testing::detail::attention_shape const& shape,
               testing::detail::attention_case const& masks, bool cache) {
  auto t = testing::detail::make_attention<X, float>(s, shape, masks, cache);
  for (extent i = 0; i < shape.batch * shape.queries; ++i)
    t.query_segments.at(0, i) = static_cast<std::int32_t>(i % shape.queries / 37);
  for (extent j = 0; j < shape.batch * shape.keys; ++j)
    t.key_segments.at(0, j) = static_cast<std::int32_t>(j % shape.keys / 37);
  t.query_segments.reset(s.backend()), t.key_segments.reset(s.backend());
  auto& be = s.backend();
  be.attention(t.queries(t.y), t.lse.flat(), in(t.queries(t.q)), in(t.keys(t.k)), in(t.keys(t.v)), t.options);
  auto const p = cache ? placement::ragged : placement::aligned;
  auto dy = s.make<X>(t.y.view.rows, t.y.view.columns, p), dq = s.make<X>(t.q.view.rows, t.q.view.columns, p);
  auto dk = s.make<X>(t.k.view.rows, t.k.view.columns, p), dv = s.make<X>(t.k.view.rows, t.k.view.columns, p);
  auto dbias = s.make<float>(t.bias.view.rows, t.bias.view.columns, p);
  s.run(
      "attention_backward", masks.name,
      [&](auto& b) {
        b.attention_backward(t.queries(dq), t.keys(dk), t.keys(dv), masks.bias ? dbias.view : matrix<float>{},
                             in(t.queries(dy)), in(t.queries(t.y)), in(t.lse.flat()), in(t.queries(t.q)),
                             in(t.keys(t.k)), in(t.keys(t.v)), t.options);
      },
      dq, dk, dv, dbias);
}

}  // namespace

TEST_CASE("cuda: attention's backward over many tiles") {
  conforms_in_every_order([](cuda_session& s) {
    check_one<float>(s, {1, 1, 130, 200, 64, 40}, {"every mask", true, true, true, true, true, false, false}, false);
    check_one<bf16>(s, {2, 1, 130, 200, 64, 3}, {"lengths, dropout", true, false, true, false, true, false, false},
                    true);
    check_one<float>(s, {1, 1, 150, 150, 8, 200}, {"packed", true, false, false, true, false, false, false}, false);
    check_one<float>(s, {1, 2, 70, 80, 8, 0}, {"one distance", true, true, false, false, false, false, false}, false);
  });
}

TEST_CASE("cuda: attention's backward of wide heads") {
  conforms_in_every_order([](cuda_session& s) {
    check_one<float>(s, {1, 1, 40, 70, 128, 9}, {"128 wide", true, true, false, false, true, false, false}, false);
    check_one<bf16>(s, {1, 1, 40, 50, 128, 9}, {"128 wide, bf16", true, false, true, true, true, false, false}, true);
    check_one<float>(s, {1, 1, 35, 40, 200, 9}, {"200 wide", true, false, true, false, true, false, false}, false);
  });
}

TEST_CASE("cuda: attention's backward refuses a bias's gradient of other heads") {
  emulator::reset();
  cuda_backend be;
  tensor<float> q(be, 4, 2 * 8), lse(be, 1, 2 * 4), bias(be, 2, 5), dbias(be, 1, 5);
  auto const h = split_heads(q.view, 1, 2);
  attention_options<float> o;
  o.bias = in(bias.view);
  CHECK_THROWS_WITH(be.attention_backward(h, h, h, dbias.view, in(h), in(h),
                                          vector_view<float const>{lse.view.data, 2 * 4}, in(h), in(h), in(h), o),
                    ContainsSubstring("the rows of dbias (heads)"));
}
