#include "flan/prompt/few_shot.hpp"

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace {

/// A token a character, so that lengths can be read off the texts below.
std::size_t characters(std::string const& text) { return text.size(); }

/// n exemplars, input i of 2 characters, target of 1.
std::vector<flan::shot> shots(std::size_t n) {
  std::vector<flan::shot> all;
  for (std::size_t i = 0; i < n; ++i)
    all.push_back({{static_cast<char>('a' + i / 26), static_cast<char>('a' + i % 26)}, "!"});
  return all;
}

}  // namespace

TEST_CASE("patterns of exemplars are twelve, and no two are alike") {
  std::set<std::string> written;
  std::vector<flan::shot> const one{{"in", "out"}};
  for (auto const& f : flan::few_shot_formats) {
    auto const s = flan::few_shot(one, {"query", "answer"}, f);
    CAPTURE(s.input);
    written.insert(s.input);
    CHECK(s.target == "answer");
    CHECK(s.input.find("in") < s.input.find("out"));
    CHECK(s.input.find("out") < s.input.find("query"));
    CHECK(s.input.back() != ' ');
  }
  CHECK(written.size() == 12);
}

TEST_CASE("an input with a cue of its own gets no second one") {
  std::vector<flan::shot> const one{{"What? Answer:", "that"}};
  std::set<std::string> written;
  for (std::uint64_t key = 0; key < 200; ++key) {
    auto const& f = flan::few_shot_patterns{}.draw(key, 0, "What? Answer: ");
    CHECK(f.target_prefix.empty());
    written.insert(flan::few_shot(one, {"Who? Answer:", "he"}, f).input);
    CHECK(flan::few_shot_patterns{}.draw(key, 0, "What?").separator ==
          flan::few_shot_formats[flan::uniform_below(key, 0, 12)].separator);
  }
  CHECK(written.size() == std::size(flan::cued_few_shot_formats));
  CHECK(written.count("What? Answer: that\n\nWho? Answer:") == 1);
}

TEST_CASE("fixed shots are the first that are not the query") {
  std::vector<flan::shot> const candidates{{"1", "a"}, {"q", "leak"}, {"2", "b"}, {"3", "c"}};
  auto const two = flan::fixed_shots(candidates, {"q", "z"}, 2);
  CHECK(two.text == flan::shot{"Q: 1\nA: a\n\nQ: 2\nA: b\n\nQ: q\nA:", "z"});
  CHECK(two.exemplars == 2);
  CHECK(flan::fixed_shots(candidates, {"q", "z"}, 9).exemplars == 3);
  CHECK(flan::fixed_shots(candidates, {"q", "z"}, 0).text.input == "Q: q\nA:");
  CHECK(flan::fixed_shots({}, {"q", "z"}, 5).text.input == "Q: q\nA:");
}

TEST_CASE("mixed shots: each in a pattern of its own, a function of the key") {
  auto const candidates = shots(7);
  std::set<std::string> seen;
  for (std::uint64_t key = 0; key < 200; ++key) {
    auto const s = flan::mixed_shots(key, candidates, {"query", "z"});
    CHECK(s.exemplars == 5);
    CHECK(s.text.input == flan::mixed_shots(key, candidates, {"query", "z"}).text.input);
    CHECK(s.text.input.find("ae") != std::string::npos);
    CHECK(s.text.input.find("af") == std::string::npos);
    CHECK(s.text.target == "z");
    seen.insert(s.text.input);
  }
  CHECK(seen.size() > 195);
  // With one pattern only the separator is left to draw.
  flan::few_shot_format const only[] = {{}};
  std::set<std::string> separators;
  for (std::uint64_t key = 0; key < 100; ++key)
    separators.insert(
        flan::mixed_shots(key, std::vector<flan::shot>{{"i", "o"}}, {"q", "z"}, 5, {only, only}).text.input);
  CHECK(separators ==
        std::set<std::string>{"Q: i\nA: o\nQ: q\nA:", "Q: i\nA: o\n\nQ: q\nA:", "Q: i\nA: o\n\n\nQ: q\nA:"});
  CHECK(flan::mixed_shots(1, std::vector<flan::shot>{{"q", "leak"}}, {"q", "z"}).exemplars == 0);
}

TEST_CASE("exemplars are kept in order while they fit beside the query") {
  flan::exemplar_room room(1920, 900);  // leaves 1,020
  CHECK(room.take(500));                //        520
  CHECK(room.take(520));                //          0
  CHECK(room.take(0));
  CHECK_FALSE(room.take(1));
  CHECK_FALSE(room.take(0));  // once one did not fit, none does
  CHECK(flan::exemplar_room(10, 9).take(1));
  CHECK_FALSE(flan::exemplar_room(10, 10).take(1));
  CHECK_FALSE(flan::exemplar_room(10, 11).take(1));

  // Three tokens each; of a limit of 20 the query takes 10: three fit, and 9 of the 10 are used.
  std::vector<flan::shot> const candidates = shots(6);
  flan::shot const query{"0123456789", "z"};
  auto const three = flan::pruned_shots(1, candidates, query, characters, {.share = 1, .limit = 20});
  CHECK(three.exemplars == 3);
  CHECK(three.text.input == "Q: aa\nA: !\n\nQ: ab\nA: !\n\nQ: ac\nA: !\n\nQ: 0123456789\nA:");
  CHECK(flan::pruned_shots(1, candidates, query, characters, {.share = 1, .limit = 19}).exemplars == 3);
  CHECK(flan::pruned_shots(1, candidates, query, characters, {.share = 1, .limit = 18}).exemplars == 2);
  CHECK(flan::pruned_shots(1, candidates, query, characters, {.share = 1, .limit = 10}).text.input ==
        "Q: 0123456789\nA:");
  auto const none = flan::pruned_shots(1, candidates, query, characters, {.share = 1, .limit = 9});
  CHECK(none.exemplars == 0);
  CHECK(none.text == flan::shot{});  // the question alone is too long

  // A long one ends the list: what comes after it is not pulled forward.
  std::vector<flan::shot> uneven = shots(4);
  uneven[1].target = std::string(50, '!');
  CHECK(flan::pruned_shots(1, uneven, query, characters, {.share = 1, .limit = 40}).exemplars == 1);
}

TEST_CASE("none to ten shots, two and a half of 25 candidates on average") {
  auto const candidates = shots(25);
  std::size_t sum = 0, most = 0, without = 0;
  constexpr std::size_t n = 4'000;
  for (std::uint64_t key = 0; key < n; ++key) {
    auto const s = flan::pruned_shots(key, candidates, {"query", "z"}, characters);
    sum += s.exemplars;
    most = std::max(most, s.exemplars);
    without += s.exemplars == 0;
  }
  // Binomial(25, 0.1): mean 2.5, deviation 1.5; none at all with probability 0.9^25 = 0.0718.
  CHECK(static_cast<double>(sum) / n == Approx(2.5).margin(6 * 1.5 / 63.2));
  CHECK(static_cast<double>(without) / n == Approx(0.0718).margin(0.025));
  CHECK(most <= 10);
  CHECK(flan::pruned_shots(3, candidates, {"query", "z"}, characters, {.share = 1}).exemplars == 10);
  // Never the query, though its record is among the candidates.
  for (std::uint64_t key = 0; key < 50; ++key) {
    auto const s = flan::pruned_shots(key, candidates, {"ac", "z"}, characters, {.share = 1, .most = 25});
    CHECK(s.exemplars == 24);
    CHECK(s.text.input.find("ac") == s.text.input.rfind("ac"));
  }
}

TEST_CASE("exemplars are drawn without repetition and never the query") {
  for (std::uint64_t records : {1u, 2u, 3u, 10u, 26u, 51u, 52u, 1'000u})
    for (std::uint64_t query : {std::uint64_t{0}, records / 2, records - 1, records})
      for (std::size_t count : {0u, 1u, 5u, 25u}) {
        for (std::uint64_t key = 0; key < 20; ++key) {
          auto const drawn = flan::draw_exemplars(key, records, query, count);
          CAPTURE(records, query, count, key);
          std::set<std::uint64_t> const distinct(drawn.begin(), drawn.end());
          CHECK(distinct.size() == drawn.size());
          CHECK(drawn.size() == std::min<std::uint64_t>(count, records - (query < records)));
          CHECK(distinct.count(query) == 0);
          CHECK((distinct.empty() || *distinct.rbegin() < records));
          CHECK(drawn == flan::draw_exemplars(key, records, query, count));
        }
      }
  // Uniform over the eight others, in either way of drawing: 1,000 * count times each; six standard deviations (43).
  for (std::size_t count : {2u, 5u}) {
    std::vector<int> often(9);
    for (std::uint64_t key = 0; key < 8'000; ++key)
      for (auto i : flan::draw_exemplars(key, 9, 3, count)) ++often[i];
    for (std::size_t i = 0; i < 9; ++i) {
      int const expected = i == 3 ? 0 : static_cast<int>(1'000 * count);
      CHECK(std::abs(often[i] - expected) <= (i == 3 ? 0 : 260));
    }
  }
}
