#include "flan/data/mixture.hpp"

#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "flan/data/task.hpp"
#include "support/catch.hpp"

namespace {

struct item {
  std::string text;
  static constexpr auto members = flan::members("text", &item::text);
};
constexpr flan::instruction<item> three_ways[] = {
    {"say {text}", "{text}"}, {"repeat {text}", "{text}"}, {"{text}?", "{text}"}};

std::vector<item> numbered(std::string const& name, int n) {
  std::vector<item> all;
  for (int i = 0; i < n; ++i) all.push_back({name + std::to_string(i)});
  return all;
}
flan::task<item> make(std::string const& name, int n) { return {name, numbered(name, n), three_ways}; }

bool same(flan::example const& a, flan::example const& b) {
  return a.input == b.input && a.target == b.target && a.task == b.task && a.record == b.record && a.epoch == b.epoch &&
         a.wording == b.wording;
}
}  // namespace

TEST_CASE("a keyed permutation is a permutation, for every size and key") {
  for (std::uint64_t n = 1; n <= 300; ++n)
    for (std::uint64_t key : {0u, 1u, 77u}) {
      flan::keyed_permutation const p(key, n);
      std::vector<bool> seen(n);
      std::uint64_t count = 0;
      for (std::uint64_t i = 0; i < n; ++i) {
        auto const x = p(i);
        REQUIRE(x < n);
        if (!seen[x]) ++count;
        seen[x] = true;
      }
      REQUIRE(count == n);
    }
  CHECK(flan::keyed_permutation(5, std::uint64_t{1} << 40)(123) < std::uint64_t{1} << 40);
}

TEST_CASE("permutations of three take all six orders, about equally often") {
  std::map<std::vector<std::uint64_t>, int> orders;
  for (std::uint64_t key = 0; key < 6000; ++key) {
    flan::keyed_permutation const p(flan::mix64(key), 3);
    ++orders[{p(0), p(1), p(2)}];
  }
  REQUIRE(orders.size() == 6);
  for (auto const& [order, n] : orders) CHECK((n > 800 && n < 1200));
}

TEST_CASE("shares: min(n, cap) to the power 1 / temperature, beside fixed ones") {
  auto const a = make("a", 100), b = make("b", 1000), c = make("c", 10);
  auto const rates = [](flan::mixture const& m) { return m.rates(); };
  auto const r1 = rates({flan::proportional{}, a, b});
  CHECK(r1[0] == Approx(100.0 / 1100));
  auto const r2 = rates({flan::proportional{.cap = 300}, a, b});
  CHECK(r2[0] == Approx(0.25));
  auto const r3 = rates({flan::proportional{.cap = 400, .temperature = 2}, a, b});
  CHECK(r3[0] == Approx(10.0 / 30));
  auto const r4 = rates({flan::proportional{.cap = 300}, a, b, flan::weighted(c, 0.1)});
  CHECK(r4[0] == Approx(0.225));
  CHECK(r4[1] == Approx(0.675));
  CHECK(r4[2] == Approx(0.1));
  auto const r5 = rates({flan::proportional{}, flan::weighted(a, 0.2), flan::weighted(b, 0.6)});
  CHECK(r5[0] == Approx(0.25));
  CHECK(rates(a) == std::vector<double>{1});

  using M = flan::mixture;
  CHECK_THROWS_WITH(M(flan::proportional{.cap = 0}, a), ContainsSubstring("cap of 0"));
  CHECK_THROWS_WITH(M(flan::proportional{.temperature = 0}, a), ContainsSubstring("temperature"));
  CHECK_THROWS_WITH(M(flan::proportional{.temperature = std::nan("")}, a), ContainsSubstring("temperature"));
  CHECK_THROWS_WITH(M(flan::proportional{}, a, a), ContainsSubstring("two tasks of a mixture are called a"));
  CHECK_THROWS_WITH(M(flan::proportional{}, make("e", 0)), ContainsSubstring("the task e has no records"));
  CHECK_THROWS_WITH(M(flan::proportional{}, a, flan::weighted(b, 1.0)), ContainsSubstring("leave nothing"));
  CHECK_THROWS_WITH(M(flan::proportional{}, flan::weighted(b, -0.5)), ContainsSubstring("expected above 0"));
  CHECK_THROWS_WITH(M(flan::proportional{}, std::vector<flan::weighted_task>{}), ContainsSubstring("needs a task"));
}

TEST_CASE("what is drawn follows the shares") {
  flan::mixture const m{flan::proportional{.cap = 300}, make("a", 100), make("b", 1000),
                        flan::weighted(make("c", 10), 0.1)};
  std::map<std::string, int> count;
  auto stream = m.sample(3);
  int const n = 20'000;
  for (int i = 0; i < n; ++i) ++count[stream.next().task];
  // Within four standard deviations of the binomial.
  CHECK(std::abs(count["a"] - 0.225 * n) < 4 * std::sqrt(n * 0.225 * 0.775));
  CHECK(std::abs(count["b"] - 0.675 * n) < 4 * std::sqrt(n * 0.675 * 0.325));
  CHECK(std::abs(count["c"] - 0.1 * n) < 4 * std::sqrt(n * 0.1 * 0.9));
}

TEST_CASE("a task gives every record once per epoch, in another order each, in changing words") {
  flan::mixture const m{flan::proportional{}, make("a", 37), make("b", 11)};
  std::map<std::uint64_t, std::vector<std::uint64_t>> epochs;
  std::map<std::uint64_t, std::set<std::uint32_t>> wordings;
  auto stream = m.sample(1);
  while (epochs.size() < 5) {
    auto const e = stream.next();
    if (e.task != "a") continue;
    epochs[e.epoch].push_back(e.record);
    wordings[e.record].insert(e.wording);
    CHECK(e.target == "a" + std::to_string(e.record));
  }
  for (std::uint64_t epoch = 0; epoch < 4; ++epoch) {
    std::set<std::uint64_t> const once(epochs[epoch].begin(), epochs[epoch].end());
    CHECK(epochs[epoch].size() == 37);
    CHECK(once.size() == 37);
    if (epoch > 0) CHECK(epochs[epoch] != epochs[epoch - 1]);
  }
  for (auto const& [record, seen] : wordings) CHECK(seen.size() == 3);
}

TEST_CASE("an example is a function of seed and position alone") {
  flan::mixture const m{flan::proportional{}, make("a", 37), make("b", 11)};
  auto stream = m.sample(9);
  std::vector<flan::example> all;
  for (int i = 0; i < 200; ++i) all.push_back(stream.next());
  for (std::uint64_t i : {0u, 1u, 63u, 199u}) {
    CHECK(same(m.at(9, i), all[i]));
    CHECK(same(m.sample(9, i).next(), all[i]));
    stream.seek(i);
    CHECK(stream.position() == i);
    CHECK(same(stream.next(), all[i]));
  }
  int differing = 0, n = 0;
  for (flan::example const& e : m.sample(10)) {
    if (n == 100) break;
    differing += !same(e, all[static_cast<std::size_t>(n++)]);
  }
  CHECK(differing > 90);
}

TEST_CASE("the order within a task does not depend on the tasks beside it") {
  auto const records = [](flan::mixture const& m) {
    std::vector<std::uint64_t> list;
    auto stream = m.sample(4);
    while (list.size() < 50)
      if (auto const e = stream.next(); e.task == "a") list.push_back(e.record);
    return list;
  };
  CHECK(records(make("a", 37)) == records({flan::proportional{}, make("b", 100), make("a", 37)}));
}

TEST_CASE("a fingerprint changes with records, templates, names and shares, and with nothing else") {
  auto const base = flan::mixture(flan::proportional{}, make("a", 37), make("b", 11)).fingerprint();
  CHECK(base == flan::mixture(flan::proportional{}, make("a", 37), make("b", 11)).fingerprint());
  CHECK(base == flan::mixture(flan::proportional{.cap = 37}, make("a", 37), make("b", 11)).fingerprint());
  std::set<std::uint64_t> all{base};
  auto changed = numbered("a", 37);
  changed[36].text += "!";
  constexpr flan::instruction<item> other_words[] = {
      {"say {text}", "{text}"}, {"repeat {text}", "{text}"}, {"{text}!", "{text}"}};
  all.insert(
      flan::mixture(flan::proportional{}, flan::task<item>("a", changed, three_ways), make("b", 11)).fingerprint());
  all.insert(flan::mixture(flan::proportional{}, flan::task<item>("a", numbered("a", 37), other_words), make("b", 11))
                 .fingerprint());
  all.insert(flan::mixture(flan::proportional{}, flan::task<item>("A", numbered("a", 37), three_ways), make("b", 11))
                 .fingerprint());
  all.insert(flan::mixture(flan::proportional{.cap = 30}, make("a", 37), make("b", 11)).fingerprint());
  all.insert(flan::mixture(flan::proportional{}, make("b", 11), make("a", 37)).fingerprint());
  all.insert(flan::mixture(make("a", 37)).fingerprint());
  CHECK(all.size() == 7);
}

TEST_CASE("tasks over generators and over templates of the run time") {
  flan::source<item> const squares(1'000'000'000'000, [](std::uint64_t i) { return item{std::to_string(i * i)}; });
  flan::mixture const m{
      flan::proportional{.cap = 100}, flan::task<item>("squares", squares, three_ways),
      flan::text_task("table", flan::text_source({"q", "a"}, {{"1 {q}", "2"}, {"3", "4"}}), "Q: {q}", "{a}")};
  CHECK(m.fingerprint() == m.fingerprint());
  std::set<std::string> seen;
  auto stream = m.sample(0);
  for (int i = 0; i < 200; ++i) {
    auto const e = stream.next();
    if (e.task == "squares")
      CHECK(e.target == std::to_string(e.record * e.record));
    else
      seen.insert(e.input + "|" + e.target);
  }
  CHECK(seen == std::set<std::string>{"Q: 1 {q}|2", "Q: 3|4"});

  CHECK_THROWS_WITH(flan::text_task("t", flan::text_source({"q"}, {}), "{a}", "{q}"),
                    ContainsSubstring("no field \"a\""));
  CHECK_THROWS_WITH(flan::text_source({"q"}, {{"1", "2"}}), ContainsSubstring("record 0 has 2 values for 1 fields"));
  CHECK_THROWS_WITH(flan::task<item>("t", numbered("t", 1), std::vector<flan::text_instruction>{}),
                    ContainsSubstring("has no instruction"));
  auto const t = make("t", 2);
  CHECK(flan::every_record(t, 1).size() == 2);
  CHECK(flan::every_record(t, 1)[1].input == "repeat t1");
  CHECK_THROWS_WITH(t(2, 0), ContainsSubstring("has 2 records"));
  CHECK_THROWS_WITH(t(0, 3), ContainsSubstring("in 3 wordings"));
}
