#include <fstream>
#include <nlohmann/json.hpp>

#include "flan/backend/relative_bucket.hpp"
#include "support/catch.hpp"
#include "support/shared.hpp"

TEST_CASE("relative positions fall into transformers' buckets", "[committed]") {
  std::ifstream file(flan::testing::golden("buckets.json"));
  auto const settings = nlohmann::json::parse(file);
  REQUIRE(settings.size() == 6);
  for (auto const& s : settings) {
    flan::bias_options const o{s.at("bidirectional").get<bool>(), s.at("buckets").get<flan::extent>(),
                               s.at("max_distance").get<flan::extent>()};
    auto position = s.at("first_position").get<flan::extent>();
    INFO("bidirectional " << o.bidirectional << ", " << o.buckets << " buckets, max_distance " << o.max_distance);
    REQUIRE(s.at("bucket").size() == 601);
    for (auto const& bucket : s.at("bucket")) {
      INFO("position " << position);
      CHECK(flan::relative_bucket(position++, o) == bucket.get<flan::extent>());
    }
  }
}
