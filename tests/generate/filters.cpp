#include "flan/generate/filters.hpp"

#include <cmath>
#include <set>

#include "flan/generate/sampling.hpp"
#include "support/catch.hpp"

using namespace flan;
using namespace flan::detail;

namespace {
std::vector<token> live(std::vector<float> const& scores) {
  std::vector<token> ids;
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (scores[i] != removed) ids.push_back(static_cast<token>(i));
  return ids;
}
std::vector<float> logs(std::vector<double> const& p) {
  std::vector<float> s;
  for (double const x : p) s.push_back(static_cast<float>(std::log(x)));
  return s;
}
using ids = std::vector<token>;
filter_scratch scratch;
}  // namespace

TEST_CASE("a repetition penalty makes tokens that were there less likely, once each") {
  std::vector<float> s{2, -2, 4, 0, 6};
  penalize_repetition(s, ids{0, 1, 1, 3, 0}, 2, scratch);
  CHECK(s == std::vector<float>{1, -4, 4, 0, 6});
}

TEST_CASE("an n-gram does not come twice") {
  std::vector<float> s(6, 1.0f);
  forbid_repeated_ngrams(s, ids{0, 2, 3, 0, 4, 2, 0}, 2);  // after 0 came 2 and 4
  CHECK(live(s) == ids{0, 1, 3, 5});
  s.assign(6, 1.0f);
  forbid_repeated_ngrams(s, ids{1, 2, 3, 1, 2}, 3);
  CHECK(live(s) == ids{0, 1, 2, 4, 5});
  s.assign(6, 1.0f);
  forbid_repeated_ngrams(s, ids{1, 2, 1}, 1);  // no token twice
  CHECK(live(s) == ids{0, 3, 4, 5});
  s.assign(6, 1.0f);
  forbid_repeated_ngrams(s, ids{1, 2}, 3);  // too short to have one
  CHECK(live(s).size() == 6);
}

TEST_CASE("rules apply in transformers' order") {
  generation_plan p;
  p.prompt = {0};
  p.end_ids = {1, 2};
  p.min_tokens = 2, p.max_tokens = 5;
  std::vector<float> s(5, 1.0f);
  apply_rules(s, ids{0, 4}, 1, p, scratch);
  CHECK(live(s) == ids{0, 3, 4});
  s.assign(5, 1.0f);
  apply_rules(s, ids{0, 4, 4}, 2, p, scratch);
  CHECK(live(s).size() == 5);
  p.forced_first = 2, p.forced_last = 3;
  s.assign(5, 1.0f);
  apply_rules(s, ids{0}, 0, p, scratch);  // forced in spite of min_tokens, which comes before
  CHECK(live(s) == ids{2});
  s.assign(5, 1.0f);
  apply_rules(s, ids{0, 4, 4, 4, 4}, 4, p, scratch);
  CHECK(live(s) == ids{3});
  p.suppressed = {3};
  apply_rules(s, ids{0, 4, 4, 4, 4}, 4, p, scratch);  // and suppressing comes after forcing
  CHECK(live(s).empty());
  CHECK(likeliest(s) == -1);
  CHECK(draw(s, 1, 1) == -1);
}

TEST_CASE("top-k keeps ties with the k-th") {
  std::vector<float> s{1, 3, 2, 2, 0};
  keep_top_k(s, 2, scratch);
  CHECK(live(s) == ids{1, 2, 3});
  keep_top_k(s, 9, scratch);
  CHECK(live(s) == ids{1, 2, 3});
  keep_top_k(s, 1, scratch);
  CHECK(live(s) == ids{1});
}

TEST_CASE("top-p keeps the fewest tokens that reach the mass, and at least one") {
  auto s = logs({0.1, 0.5, 0.15, 0.25});
  keep_top_p(s, 0.7, scratch);
  CHECK(live(s) == ids{1, 3});
  s = logs({0.1, 0.5, 0.15, 0.25});
  keep_top_p(s, 0.76, scratch);
  CHECK(live(s) == ids{1, 2, 3});
  keep_top_p(s, 0, scratch);
  CHECK(live(s) == ids{1});
}

TEST_CASE("min-p keeps what is likely beside the likeliest") {
  auto s = logs({0.04, 0.5, 0.06, 0.4});
  keep_min_p(s, 0.1);
  CHECK(live(s) == ids{1, 2, 3});
  keep_min_p(s, 1);
  CHECK(live(s) == ids{1});
}

TEST_CASE("typical-p prefers the expected surprise to the likeliest token") {
  // Entropy 1.19: the surprise of 0.3 (1.20) is the most typical, then 0.2's (1.61) and 0.5's (0.69).
  auto s = logs({0.5, 0.3, 0.2});
  s.resize(3);
  keep_typical(s, 0.2, scratch);
  CHECK(live(s) == ids{1});
  s = logs({0.5, 0.3, 0.2});
  keep_typical(s, 0.4, scratch);
  CHECK(live(s).size() == 2);
  s = logs({0.5, 0.3, 0.2});
  keep_typical(s, 0.999, scratch);
  CHECK(live(s).size() == 3);
}

TEST_CASE("removed tokens stay removed through every filter") {
  auto s = logs({0.4, 0.3, 0.2, 0.1});
  s[0] = removed;
  apply_sampling(s, {.temperature = 0.5, .top_k = 3, .top_p = 0.99, .min_p = 0.01, .typical_p = 0.99}, scratch);
  CHECK(s[0] == removed);
  CHECK(!live(s).empty());
}

TEST_CASE("draws follow the distribution, and key and position alone") {
  auto const s = logs({0.1, 0.6, 0.3});
  std::vector<int> count(3);
  int const n = 20'000;
  for (int i = 0; i < n; ++i) ++count[static_cast<std::size_t>(draw(s, 7, static_cast<std::uint64_t>(i)))];
  for (std::size_t k = 0; k < 3; ++k) {
    double const p = std::exp(static_cast<double>(s[k])), sigma = std::sqrt(n * p * (1 - p));
    CHECK(std::abs(count[k] - n * p) < 5 * sigma);
  }
  CHECK(draw(s, 7, 3) == draw(s, 7, 3));
  auto certain = s;
  certain[0] = certain[1] = removed;
  for (std::uint64_t i = 0; i < 50; ++i) CHECK(draw(certain, i, i) == 2);
  ids const a{5, 6}, b{6, 5};
  std::set<std::uint64_t> const keys{sequence_key(1, a, 0), sequence_key(1, a, 1), sequence_key(1, b, 0),
                                     sequence_key(2, a, 0)};
  CHECK(keys.size() == 4);
}
