/// As many tasks as the paper has, from files, some of which are not there.

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "flan/data/batching.hpp"
#include "flan/data/feed_statistics.hpp"
#include "flan/data/jsonl.hpp"
#include "flan/data/mixture.hpp"
#include "flan/text/bytes.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {

constexpr int tasks = 1'836;
constexpr std::uint64_t far = 1'000'000'000'000;

struct addition {
  std::string question;
  int answer = 0;
  static constexpr auto members = flan::members("question", &addition::question, "answer", &addition::answer);
};
constexpr flan::instruction<addition> ask[] = {{"{question}", "{answer}"}, {"{question} Answer:", "It is {answer}."}};

std::string name_of(int task) { return "task-" + std::to_string(task); }
bool published(int task) { return task % 17 != 5; }

void write_tasks(std::filesystem::path const& folder) {
  for (int t = 0; t < tasks; ++t) {
    if (!published(t)) continue;
    std::string lines;
    for (int r = 0; r < 1 + t * 7 % 23; ++r)
      lines += R"({"question": "What is )" + std::to_string(t) + " plus " + std::to_string(r) + R"(?", "answer": )" +
               std::to_string(t + r) + "}\n";
    flan::testing::put_file(folder / (name_of(t) + ".jsonl"), lines);
  }
}

// Four groups, each with a share, as the paper's mixtures are put together.
flan::mixture open_tasks(std::filesystem::path const& folder) {
  std::vector<std::vector<flan::mixture_part>> groups(4);
  for (int t = 0; t < tasks; ++t) {
    auto& group = groups[static_cast<std::size_t>(t % 4)];
    auto const file = folder / (name_of(t) + ".jsonl");
    if (std::filesystem::exists(file))
      group.push_back(flan::task<addition>(name_of(t), flan::jsonl<addition>(file), ask));
    else
      group.push_back(flan::mixture_part::absent(name_of(t)));
  }
  std::vector<flan::mixture_part> whole;
  for (std::size_t g = 0; g < 4; ++g)
    whole.push_back(flan::mixture_part::group("group-" + std::to_string(g), {.cap = 10}, groups[g],
                                              static_cast<double>(g + 1) / 10));
  return {flan::proportional{}, whole};
}

}  // namespace

TEST_CASE("1,836 tasks: what is absent is listed, the others keep their rates, any index is as good as the first") {
  flan::testing::temporary_folder const folder;
  write_tasks(folder.path);
  auto const m = open_tasks(folder.path);

  std::set<std::string> missing;
  for (int t = 0; t < tasks; ++t)
    if (!published(t)) missing.insert("group-" + std::to_string(t % 4) + '/' + name_of(t));
  CHECK(missing.size() == 108);
  CHECK(std::set<std::string>(m.absent().begin(), m.absent().end()) == missing);
  REQUIRE(m.tasks().size() == tasks - missing.size());
  std::vector<double> shares(4);
  for (std::size_t i = 0; i < m.tasks().size(); ++i)
    shares[static_cast<std::size_t>(std::stoi(m.tasks()[i].name().substr(5)) % 4)] += m.rates()[i];
  for (std::size_t g = 0; g < 4; ++g) CHECK(shares[g] == Approx(static_cast<double>(g + 1) / 10));

  SECTION("a stream that starts far away is the one that passes there") {
    auto there = m.sample(1, far), passing = m.sample(1, far - 3'000);
    for (int i = 0; i < 3'000; ++i) passing.next_place();
    for (std::uint64_t i = far; i < far + 1'500; ++i) {
      auto const e = there.next(), same = passing.next();
      REQUIRE((e.task == same.task && e.input == same.input && e.target == same.target && e.epoch == same.epoch));
      if (i % 100 != 0) continue;
      auto const alone = m.at(1, i);
      REQUIRE((e.task == alone.task && e.input == alone.input && e.target == alone.target));
    }
  }
  SECTION("and so are its batches, on any number of threads") {
    flan::byte_tokenizer const bytes;
    flan::batch_options const o{
        .batch_tokens = 4'000, .max_input = 200, .max_target = 50, .packing = flan::packing::greedy};
    flan::batcher whole(m, bytes, 1, o, far);
    std::vector<flan::step_batches> steps;
    for (int s = 0; s < 12; ++s) steps.push_back(whole.next());
    CHECK(steps[0].batches[0].sample_keys[0] == far);
    for (int const threads : {0, 1, 3}) {
      flan::batcher resumed(m, bytes, 1, o, steps[4].position, {}, {.threads = threads, .ahead = 100});
      for (std::size_t s = 5; s < 12; ++s) {
        auto const step = resumed.next();
        REQUIRE(step.position == steps[s].position);
        REQUIRE(step.batches[0].inputs == steps[s].batches[0].inputs);
        REQUIRE(step.batches[0].labels == steps[s].batches[0].labels);
      }
    }
  }
  SECTION("at the ends of blocks no task has drifted further than 16") {
    flan::feed_statistics seen(m.sample(1).tasks());
    auto stream = m.sample(1);
    for (int i = 1; i <= 200 * 1024; ++i) {
      flan::prepared_example e;
      e.place = stream.next_place();
      seen.count(e);
      if (i % (20 * 1024) == 0) REQUIRE(std::abs(seen.drift(seen.furthest_task())) <= 16);
    }
    CHECK(seen.total().drawn() == 200 * 1024);
  }
}
