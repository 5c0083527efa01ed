// Attention's kernels against the reference backend, on the emulated device.

#include "emulated.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("cuda: attention conforms") {
  conforms_in_every_order([](cuda_session& s) { testing::detail::check_attention<float, float>(s); });
}

TEST_CASE("cuda: attention of bf16 conforms") {
  conforms_in_every_order([](cuda_session& s) { testing::detail::check_attention<bf16, float>(s); });
}

namespace {

/// One call, compared with the reference.
template <class X>
void check_one(cuda_session& s, testing::detail::attention_shape const& shape,
               testing::detail::attention_case const& masks, bool cache) {
  auto t = testing::detail::make_attention<X, float>(s, shape, masks, cache);
  s.run(
      "attention", masks.name,
      [&](auto& be) {
        be.attention(t.queries(t.y), t.lse.flat(), in(t.queries(t.q)), in(t.keys(t.k)), in(t.keys(t.v)), t.options);
      },
      t.y, t.lse);
}

}  // namespace

TEST_CASE("cuda: attention over many tiles") {
  conforms_in_every_order([](cuda_session& s) {
    check_one<float>(s, {1, 1, 130, 200, 64, 40}, {"every mask", true, true, true, true, true, true, false}, false);
    check_one<bf16>(s, {1, 1, 130, 200, 64, 40}, {"ancestry", true, true, true, true, true, false, true}, true);
  });
}

TEST_CASE("cuda: attention of wide heads") {
  conforms_in_every_order([](cuda_session& s) {
    check_one<float>(s, {1, 1, 40, 70, 128, 9}, {"128 wide", true, true, false, false, true, false, false}, false);
    check_one<float>(s, {1, 1, 33, 40, 200, 9}, {"200 wide", true, false, true, false, true, false, false}, true);
    check_one<bf16>(s, {1, 2, 2, 150, 128, 9}, {"two queries", true, true, true, true, true, false, true}, true);
    check_one<float>(s, {1, 1, 2, 20, 300, 9}, {"300 wide", true, false, false, false, false, false, false}, false);
  });
}

TEST_CASE("cuda: attention's segments in order, whose tiles are left out where they are apart") {
  conforms_in_every_order([](cuda_session& s) {
    auto t = testing::detail::make_attention<float, float>(s, {2, 1, 150, 150, 8, 20},
                                                           {"", true, true, false, true, false, false, false}, false);
    for (auto* segments : {&t.query_segments, &t.key_segments})
      for (extent i = 0; i < 300; ++i) segments->at(0, i) = static_cast<std::int32_t>(i % 150 / 37);
    for (extent i = 0; i < 5; ++i) t.query_segments.at(0, i) = 77;  // sees no key
    t.query_segments.reset(s.backend()), t.key_segments.reset(s.backend());
    s.run(
        "attention", "packed",
        [&](auto& be) {
          be.attention(t.queries(t.y), t.lse.flat(), in(t.queries(t.q)), in(t.keys(t.k)), in(t.keys(t.v)), t.options);
        },
        t.y, t.lse);
  });
}
