// Decoding ops of the CPU backend.
#include "flan/cpu/decode.hpp"

#include "flan/reference/backend.hpp"
#include "numbers.hpp"
#include "support/catch.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("top_k follows the oracle: ties, NaN, infinities, any k", "[cpu][decode]") {
  reference_backend oracle;
  for (auto isa : sets_of_kernels()) {
    flan::detail::cpu_decode be(isa);
    for (extent n : {1, 5, 16, 100, 1000})
      for (extent k : {0, 1, 2, 8, 100, 129, 1000}) {
        if (k > n) continue;
        CAPTURE(name_of(isa), n, k);
        extent const rows = 6;
        auto logits = normals<float>(1, rows * n, 4);
        for (auto& x : logits) x = std::round(x * 4) / 4;  // many ties
        auto const at = [&](extent r, extent c) -> float& { return logits[static_cast<std::size_t>(r * n + c % n)]; };
        at(1, 3) = NAN, at(1, 17) = INFINITY;
        at(2, 0) = -INFINITY, at(2, 4) = NAN;
        for (extent c = 0; c < n; ++c) at(3, c) = -INFINITY, at(4, c) = NAN;
        auto wide = doubles(logits);
        std::vector<float> values(static_cast<std::size_t>(rows * k)), lse(6);
        std::vector<double> values_wide(values.size()), lse_wide(6);
        std::vector<std::int32_t> ids(values.size()), ids_wide(values.size());
        be.top_k(as_matrix(values, rows, k), as_matrix(ids, rows, k), as_vector(lse), in(as_matrix(logits, rows, n)));
        oracle.top_k(as_matrix(values_wide, rows, k), as_matrix(ids_wide, rows, k), as_vector(lse_wide),
                     in(as_matrix(wide, rows, n)));
        REQUIRE(ids == ids_wide);
        REQUIRE(distance(values, values_wide) == 0);
        REQUIRE(distance(lse, lse_wide) < 1e-6);
        auto const once = lse;  // a row alone has the bits it has among others
        be.top_k(as_matrix(values, rows, k).row_range(5, 1), as_matrix(ids, rows, k).row_range(5, 1),
                 as_vector(lse).part(5, 1), in(as_matrix(logits, rows, n)).row_range(5, 1));
        REQUIRE(once[5] == lse[5]);
      }
  }
}

TEST_CASE("append_to_cache writes where the position says and nowhere else", "[cpu][decode]") {
  flan::detail::cpu_decode be(instruction_set::portable);
  reference_backend oracle;
  extent const rows = 3, heads = 2, length = 9, width = 5;
  for (extent n : {0, 1, 4})
    for (extent batch : {0, 1, 3}) {
      auto cache = normals<float>(1, rows * heads * length * width),
           fresh = normals<float>(2, batch * n * heads * width);
      auto expected = cache;
      auto const head_major = [&](std::vector<float>& c) {
        return heads_view<float>{c.data(), rows, heads, length, width, heads * length * width, length * width, width};
      };
      heads_view<float const> const x{fresh.data(), batch, heads, n, width, n * heads * width, width, heads * width};
      be.append_to_cache(head_major(cache), x, 5);
      oracle.append_to_cache(head_major(expected), x, 5);
      REQUIRE(cache == expected);
    }
  std::vector<float> c(90), x(90);
  heads_view<float> const cache{c.data(), 1, 2, 9, 5, 90, 45, 5};
  REQUIRE_THROWS_WITH(be.append_to_cache(cache, in(cache), 1), ContainsSubstring("9 positions"));
}
