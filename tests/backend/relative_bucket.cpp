#include "flan/backend/relative_bucket.hpp"

#include "support/catch.hpp"

// Against transformers: tests/golden/buckets.cpp. Here: settings where its formula divides by zero.
TEST_CASE("every distance has a bucket of the table, also where no bucket is logarithmic") {
  for (bool const both : {false, true})
    for (flan::extent const buckets : {1, 2, 3, 4, 8})
      for (flan::extent const farthest : {1, 2, 4, 128})
        for (flan::extent distance = -300; distance <= 300; ++distance) {
          auto const b = flan::relative_bucket(distance, {both, buckets, farthest});
          REQUIRE(b >= 0);
          REQUIRE(b < buckets);
        }
}
