/// Mixtures of mixtures, parts that are absent, shards, and places far out.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "flan/data/mixture.hpp"
#include "flan/data/task.hpp"
#include "support/catch.hpp"

namespace {

struct line {
  std::string text;
  static constexpr auto members = flan::members("text", &line::text);
};
constexpr flan::instruction<line> said_or_asked[] = {{"say {text}", "{text}"}, {"{text}?", "{text}"}};

flan::task<line> lines(std::string const& name, std::uint64_t n) {
  return {name, flan::source<line>(n, [name](std::uint64_t i) { return line{name + std::to_string(i)}; }),
          said_or_asked};
}
using part = flan::mixture_part;
using parts = std::vector<part>;

std::map<std::string, double> rates(flan::mixture const& m) {
  std::map<std::string, double> by_name;
  for (std::size_t i = 0; i < m.tasks().size(); ++i) by_name[m.tasks()[i].name()] = m.rates()[i];
  return by_name;
}
std::string printed(flan::example const& e) { return e.task + ' ' + std::to_string(e.epoch) + ' ' + e.input; }
}  // namespace

TEST_CASE("a mixture within a mixture: the outer share times the inner") {
  flan::mixture const inner{flan::proportional{.cap = 300}, lines("a", 100), lines("b", 1000)};
  auto const fixed = rates({flan::proportional{}, flan::weighted(inner, 0.4), lines("c", 10), lines("d", 30)});
  CHECK(fixed.at("a") == Approx(0.4 * 0.25));
  CHECK(fixed.at("b") == Approx(0.4 * 0.75));
  CHECK(fixed.at("c") == Approx(0.6 * 0.25));
  CHECK(fixed.at("d") == Approx(0.6 * 0.75));
  // Without a share of its own it counts as one part with all its records: 1100, capped.
  auto const sized = rates({flan::proportional{.cap = 600}, inner, lines("c", 200)});
  CHECK(sized.at("a") == Approx(0.75 * 0.25));
  CHECK(sized.at("c") == Approx(0.25));
  // Three deep. The shares of the Flan Collection's outer mixture, and inverted tasks at 0.3 beside 1.
  flan::mixture const cot{flan::proportional{}, flan::weighted(lines("worked", 50), 1),
                          flan::weighted(lines("inverted", 50), 0.3)};
  flan::mixture const styles{flan::proportional{}, flan::weighted(cot, 0.5), flan::weighted(lines("few", 9), 0.5)};
  auto const deep = rates({flan::proportional{}, flan::weighted(lines("flan2021", 7), 0.4),
                           flan::weighted(lines("t0", 7), 0.32), flan::weighted(lines("niv2", 7), 0.2),
                           flan::weighted(styles, 0.05), flan::weighted(lines("dialog", 7), 0.03)});
  CHECK(deep.at("inverted") == Approx(0.05 * 0.5 * 0.3 / 1.3));
  CHECK(deep.at("flan2021") == Approx(0.4));
  double sum = 0;
  for (auto const& [name, rate] : deep) sum += rate;
  CHECK(sum == Approx(1).epsilon(1e-14));
  // A mixture that is the only part is that mixture.
  CHECK(rates({flan::proportional{}, inner}) == rates(inner));
}

TEST_CASE("what is absent is listed, and the others make up for it in proportion") {
  // Table 23 of Chung et al., proportion set B, without the second mixture.
  flan::mixture const m(flan::proportional{},
                        parts{flan::weighted(lines("muffin", 9), 46.0), part::absent("t0_sf", 27.9),
                              flan::weighted(lines("cot", 9), 1.8), flan::weighted(lines("niv2", 9), 24.2)});
  CHECK(m.absent() == std::vector<std::string>{"t0_sf"});
  CHECK(rates(m).at("muffin") == Approx(46.0 / 72.0));
  CHECK(rates(m).at("cot") == Approx(1.8 / 72.0));

  // A group whose parts are all absent is absent itself; one that has some keeps its share.
  auto const gone = part::group("niv2", {}, {part::absent("task001"), part::absent("task002")}, 0.5);
  CHECK_FALSE(gone.present());
  auto const some = part::group("t0", {.cap = 20}, {lines("x", 10), part::absent("y"), lines("z", 40)}, 0.3);
  flan::mixture const n(flan::proportional{}, parts{gone, some, flan::weighted(lines("cot", 5), 0.2)});
  CHECK(n.absent() == std::vector<std::string>{"niv2/task001", "niv2/task002", "t0/y"});
  CHECK(rates(n).at("x") == Approx(0.6 / 3));
  CHECK(rates(n).at("z") == Approx(0.6 * 2 / 3));
  CHECK(rates(n).at("cot") == Approx(0.4));

  // A fixed share that is absent beside proportional parts: all of the rest grows alike.
  flan::mixture const o(flan::proportional{}, parts{lines("a", 30), lines("b", 10), flan::weighted(lines("c", 3), 0.2),
                                                    part::absent("d", 0.2)});
  CHECK(rates(o).at("a") == Approx(0.6 * 0.75 / 0.8));
  CHECK(rates(o).at("c") == Approx(0.25));
  CHECK(n.fingerprint() != o.fingerprint());

  CHECK_THROWS_WITH(flan::mixture(flan::proportional{}, parts{gone, part::absent("d")}),
                    ContainsSubstring("needs a task") && ContainsSubstring("niv2/task001"));
}

TEST_CASE("shares that make no mixture are refused") {
  auto const refused = [](parts const& p, std::string const& why) {
    CHECK_THROWS_WITH(flan::mixture(flan::proportional{}, p), ContainsSubstring(why));
  };
  auto const a = lines("a", 3), b = lines("b", 4);
  refused({flan::weighted(a, 0), flan::weighted(b, 0)}, "the shares of all parts of a mixture are 0");
  refused({flan::weighted(a, 0), part::absent("b", 0.5)}, "the shares of all parts of a mixture are 0");
  refused({flan::weighted(a, std::numeric_limits<double>::infinity())}, "a has the share inf");
  refused({flan::weighted(a, 1.5), b}, "add up to 1.5 and leave nothing");
  refused({flan::mixture(a), a}, "two tasks of a mixture are called a");
  refused({flan::weighted(flan::mixture(flan::proportional{}, a, b), 0.5), lines("b", 9)}, "are called b");
  refused({flan::weighted(flan::mixture(a), -1)}, "a mixture within a mixture has the share -1");
  refused({flan::weighted(a, 1), flan::weighted(b, 1e-30)},
          "the task b has the share 1e-30 of a mixture, too little ever to be drawn");
  CHECK_THROWS_WITH(part::group("g", {}, {}), ContainsSubstring("the group g of a mixture has no parts"));
  // 0 leaves a part out.
  CHECK(rates({flan::proportional{}, flan::weighted(a, 0), b}) == std::map<std::string, double>{{"b", 1}});
  // There is no name or handle by which a part could mean the mixture that it is in: parts are made before mixtures, of
  // values that do not change.
  static_assert(!std::is_default_constructible_v<flan::mixture> && !std::is_default_constructible_v<part>);
}

TEST_CASE("a cap lowers a task's rate and keeps every record within reach") {
  flan::mixture const m{flan::proportional{.cap = 5}, lines("a", 100), lines("b", 5)};
  CHECK(m.rates() == std::vector<double>{0.5, 0.5});
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < 2048; ++i)
    if (auto const p = m.place(3, i); p.task == 0 && p.epoch == 0) seen.insert(p.record);
  CHECK(seen.size() == 100);
}

TEST_CASE("shards take every index of the one stream once") {
  flan::mixture const m{flan::proportional{}, lines("a", 37), lines("b", 11), lines("c", 1000)};
  std::vector<std::string> whole;
  auto stream = m.sample(4);
  for (int i = 0; i < 6000; ++i) whole.push_back(printed(stream.next()));
  for (std::uint64_t of : {1u, 2u, 3u, 7u, 1500u}) {
    for (std::uint64_t number = 0; number < of; number += 1 + of / 10) {
      auto shard = m.sample(4, 0, {number, of});
      for (std::uint64_t i = number; i < whole.size(); i += of) {
        REQUIRE(shard.position() == i);
        REQUIRE(printed(shard.next()) == whole[i]);
      }
    }
  }
  // From any index on: the first of the shard's own that is not below it.
  auto third = m.sample(4, 100, {2, 3});
  CHECK(third.position() == 101);
  third.seek(101);
  CHECK(third.position() == 101);
  third.seek(102);
  CHECK(third.position() == 104);
  CHECK(printed(third.next()) == whole[104]);
  CHECK_THROWS_WITH(m.sample(4, 0, {3, 3}), ContainsSubstring("there is no shard 3 of 3"));
  CHECK_THROWS_WITH(m.sample(4, 0, {0, 0}), ContainsSubstring("there is no shard 0 of 0"));
}

TEST_CASE("a stream goes on at any index, however far") {
  std::vector<part> many;
  for (std::uint64_t i = 0; i < 1836; ++i) many.push_back(lines("task" + std::to_string(i), 1 + i * i % 9000));
  flan::mixture const m(flan::proportional{.cap = 3000}, many);
  std::uint64_t const far = 1'000'000'000'000;
  auto through = m.sample(1, far - 1500);
  std::map<std::size_t, flan::example_place> last;
  for (std::uint64_t i = far - 1500; i < far + 1500; ++i) {
    auto const p = through.next_place();
    if (i % 500 == 0) {
      auto const direct = m.place(1, i);
      CHECK((direct.task == p.task && direct.record == p.record && direct.epoch == p.epoch &&
             direct.wording == p.wording));
      CHECK(printed(m.at(1, i)) == printed(m.render(p)));
    }
    if (auto const before = last.find(p.task); before != last.end()) {
      CHECK((p.epoch == before->second.epoch || p.epoch == before->second.epoch + 1));
      if (p.epoch == before->second.epoch) CHECK(p.record != before->second.record);
    }
    last[p.task] = p;
  }
}

TEST_CASE("epochs end on time in the stream's own order: no record twice before all came once") {
  flan::mixture const m{flan::proportional{}, lines("a", 3), lines("b", 7)};
  std::map<std::string, std::vector<std::uint64_t>> records;
  auto stream = m.sample(2);
  for (int i = 0; i < 5000; ++i) {
    auto const e = stream.next();
    records[e.task].push_back(e.record);
  }
  for (auto const& [name, list] : records) {
    std::size_t const n = name == "a" ? 3 : 7;
    for (std::size_t i = 0; i + n <= list.size(); i += n)
      REQUIRE(std::set<std::uint64_t>(list.begin() + static_cast<std::ptrdiff_t>(i),
                                      list.begin() + static_cast<std::ptrdiff_t>(i + n))
                  .size() == n);
  }
}
