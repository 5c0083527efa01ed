// Decoding's kernels against the reference backend, on the emulated device.

#include <cmath>
#include <limits>

#include "emulated.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("cuda: append_to_cache and top_k conform") {
  conforms_in_every_order([](cuda_session& s) {
    testing::detail::check_decoding<float, float>(s);
    testing::detail::check_decoding<bf16, float>(s);
  });
}

TEST_CASE("cuda: append_to_cache copies words where rows allow it") {
  conforms_in_every_order([](cuda_session& s) {
    auto const check = [&]<class T>(T) {
      auto cache = s.make<T>(3 * 2 * 8, 64);
      auto rows = s.make<T>(2 * 3, 2 * 64);
      s.run(
          "append_to_cache", "64 wide",
          [&](auto& be) { be.append_to_cache(by_heads(cache.view, 3, 2, true), in(split_heads(rows.view, 2, 2)), 4); },
          cache);
    };
    check(0.0f), check(bf16(0.0f));
  });
}

TEST_CASE("cuda: top_k over many chunks, with ties across them") {
  conforms_in_every_order([](cuda_session& s) {
    extent const vocabulary = 32128;
    for (extent k : {1, 8, 50}) {
      auto logits = s.make<float>(2, vocabulary, placement::ragged);
      s.fill(logits, [&] { return std::round(4 * s.normal()) / 4; });
      for (extent c : {5, 2047, 2048, 20000, 32127}) logits.at(0, c) = 100;  // equal, in many chunks
      for (extent c = 0; c < vocabulary; ++c) logits.at(1, c) = c % 2 != 0 ? 0.0f : -0.0f;
      logits.reset(s.backend());
      auto values = s.make<float>(2, k);
      auto ids = s.make<std::int32_t>(2, k);
      auto lse = s.make<float>(1, 2);
      s.run(
          "top_k", flan::sentence(k, " of ", vocabulary),
          [&](auto& be) { be.top_k(values.view, ids.view, lse.flat(), in(logits.view)); }, values, ids, lse);
    }
  });
}

TEST_CASE("cuda: top_k as a sort of whole rows, and of nothing but the sum") {
  conforms_in_every_order([](cuda_session& s) {
    for (extent k : {0, 300, 2500, 5000}) {
      auto logits = s.make<float>(1, 5000);
      s.fill(logits, [&] { return std::round(4 * s.normal()) / 4; });
      logits.at(0, 3) = std::numeric_limits<float>::quiet_NaN();
      logits.reset(s.backend());
      auto values = s.make<float>(1, k);
      auto ids = s.make<std::int32_t>(1, k);
      auto lse = s.make<float>(1, 1);
      s.run(
          "top_k", flan::sentence(k, " of 5000"),
          [&](auto& be) { be.top_k(values.view, ids.view, lse.flat(), in(logits.view)); }, values, ids, lse);
      if (k != 0)
        s.run(
            "top_k", flan::sentence(k, " of 5000, no sum"),
            [&](auto& be) { be.top_k(values.view, ids.view, {}, in(logits.view)); }, values, ids);
    }
  });
}
