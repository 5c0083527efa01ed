/// What a configuration leaves open: extents that are checked, parts that may be absent, values that are stored.

#include "flan/layer/resolved.hpp"

#include "flan/layer/attention.hpp"
#include "flan/layer/feed_forward.hpp"
#include "flan/layer/norm.hpp"
#include "flan/model/presets.hpp"
#include "layer/support.hpp"

using namespace flan;
using namespace flan::testing;

namespace {
template <class T, class Part>
inline constexpr bool is = std::is_same_v<T, Part>;
using part = linear<6, 7, fp32>;
}  // namespace

TEST_CASE("a static configuration costs no storage, an open one stores what calls need") {
  STATIC_REQUIRE(std::is_empty_v<resolved<flan_t5_base>>);
  STATIC_REQUIRE(resolved<flan_t5_base>::heads() == 12);
  STATIC_REQUIRE(resolved<flan_t5_base>::activation() == activation::gelu_new);
  STATIC_REQUIRE(!is_static<any_t5>);
  STATIC_REQUIRE(sizeof(attention<tiny, fp32>) == 4 * sizeof(part));
  resolved<any_t5> const r(t5_large);
  CHECK(r.heads() == 16);
  CHECK(r.buckets() == 32);
  CHECK(r.max_distance() == 128);
  CHECK(r.epsilon() == 1e-6);
  CHECK(r.activation() == activation::relu);
}

TEST_CASE("a part is there, never there, or there at run time, as its flag says") {
  STATIC_REQUIRE(is<decltype(feed_forward<tiny, fp32>::wi), nothing>);
  STATIC_REQUIRE(is<decltype(feed_forward<tiny, fp32>::wi_1), part>);
  STATIC_REQUIRE(is<decltype(feed_forward<tiny_ungated, fp32>::wi), part>);
  STATIC_REQUIRE(is<decltype(feed_forward<tiny_ungated, fp32>::wi_0), nothing>);
  using open = feed_forward<any_t5, fp32>;
  STATIC_REQUIRE(is<decltype(open::wi), std::optional<linear<any_extent, any_extent, fp32>>>);
  CHECK(open(tiny).wi_0.has_value());
  CHECK_FALSE(open(tiny).wi.has_value());
  CHECK(open(tiny_ungated).wi.has_value());
  CHECK_FALSE(open(tiny_ungated).wi_1.has_value());

  CHECK_THROWS_WITH(make_part<part>(false, 6, 7), ContainsSubstring("lacks a part that the program was compiled for"));
  CHECK_THROWS_WITH(make_part<nothing>(true, 6, 7),
                    ContainsSubstring("has a part that the program was compiled without"));
  CHECK_THROWS_AS((feed_forward<tiny, fp32>(tiny_ungated)), error);
}

TEST_CASE("layers refuse extents that are not those of their types") {
  CHECK_THROWS_WITH((linear<6, 7, fp32>(6, 8)),
                    ContainsSubstring("compiled for output width 7, the configuration has 8"));
  CHECK_THROWS_WITH((linear<any_extent, 7, fp32>(0, 7)), ContainsSubstring("needs a positive input width, not 0"));
  CHECK_NOTHROW(linear<any_extent, 7, fp32>(123, 7));
  auto c = tiny;
  c.heads = 3;
  CHECK_THROWS_WITH((attention<tiny, fp32>(c)), ContainsSubstring("compiled for output width 10"));
  c = tiny;
  c.d_model = 8;
  CHECK_THROWS_WITH((rms_norm<tiny, fp32>(c)), ContainsSubstring("compiled for d_model 6, the configuration has 8"));
}
