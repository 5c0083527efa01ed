// A token drawn among the k likeliest is the one that all logits would give, and all come to the host only where others
// are as likely as the k-th.

#include "flan/generate/sampling.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "flan/generate/search.hpp"
#include "support/catch.hpp"

using namespace flan;

namespace {

/// Logits out of a hat, and how often which were asked for.
struct drawn_logits final : detail::decoder {
  static constexpr extent size = 200;
  double tie_every = 1e9;  // logits are rounded to one of this many values
  extent at = 0, rows = 0;
  int whole = 0, few = 0;
  std::vector<float> all;
  top_tokens found;

  extent vocabulary() const override { return size; }
  extent position() const override { return at; }
  void begin(std::span<std::vector<token> const>, extent, extent, extent) override { at = 0; }
  void step(std::span<token const> ids, std::span<std::int32_t const> parents) override {
    rows = static_cast<extent>(parents.size());
    all.resize(static_cast<std::size_t>(rows * size));
    ++at;
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto const r = i / size;
      double const u = uniform(key_of(static_cast<std::uint64_t>(ids[r]), static_cast<std::uint64_t>(at)), i % size);
      all[i] = static_cast<float>(6 * std::floor(u * tie_every) / tie_every);
    }
  }
  top_tokens const& top(extent k) override {
    ++few;
    found = {k, {}, {}, {}};
    for (extent r = 0; r < rows; ++r) {
      std::span<float const> const row(all.data() + r * size, size);
      std::vector<std::int32_t> order(size);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) {
        return row[static_cast<std::size_t>(a)] > row[static_cast<std::size_t>(b)];
      });
      for (extent i = 0; i < k; ++i) {
        found.ids.push_back(order[static_cast<std::size_t>(i)]);
        found.logits.push_back(row[static_cast<std::size_t>(found.ids.back())]);
      }
      found.log_sums.push_back(static_cast<float>(detail::log_sum(row)));
    }
    return found;
  }
  std::vector<float> const& logits() override {
    ++whole;
    return all;
  }
};

std::vector<generation> drawn(drawn_logits& d, sampling const& s, bool from_all) {
  detail::generation_plan plan;
  plan.max_tokens = 25, plan.returned = 4, plan.sampling = s, plan.seed = 5, plan.prompt = {0}, plan.end_ids = {3, 50};
  if (from_all) plan.no_repeat_ngram = 1000;  // a rule that changes nothing
  std::vector<std::vector<token>> const inputs{{7, 1}};
  return detail::token_search(d, inputs, plan, nullptr).run().front();
}

}  // namespace

TEST_CASE("a token drawn among the k likeliest is the one that all logits would give") {
  for (sampling const& s : {sampling{.top_k = 1}, sampling{.top_k = 8}, sampling{.temperature = 0.3, .top_k = 40},
                            sampling{.temperature = 1.7, .top_k = 60, .top_p = 0.8}, sampling{.top_k = 300},
                            sampling{.top_k = 30, .min_p = 0.3}, sampling{.top_k = 50, .typical_p = 0.6}}) {
    CAPTURE(s.top_k);
    drawn_logits few, all;
    auto const a = drawn(few, s, false), b = drawn(all, s, true);
    REQUIRE(a.size() == 4);
    for (std::size_t i = 0; i < a.size(); ++i) {
      CHECK(a[i].ids == b[i].ids);
      CHECK(a[i].score == b[i].score);
    }
    CHECK((a[0].ids != a[1].ids || s.top_k == 1));
    CHECK(few.whole == 0);
    CHECK(all.whole > 0);
  }
}

TEST_CASE("where others are as likely as the k-th, all logits decide") {
  drawn_logits few, all;
  few.tie_every = all.tie_every = 40;  // five tokens of each value
  sampling const s{.top_k = 12};
  auto const a = drawn(few, s, false), b = drawn(all, s, true);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].ids == b[i].ids);
  CHECK(few.whole > 0);
}
