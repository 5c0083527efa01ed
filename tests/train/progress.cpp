#include "flan/train/progress.hpp"

#include <cstdio>

#include "flan/train/checkpoints.hpp"
#include "flan/train/run_facts.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("durations read well", "[train]") {
  CHECK(duration_text(0.4) == "0s");
  CHECK(duration_text(59.6) == "1m 00s");
  CHECK(duration_text(200) == "3m 20s");
  CHECK(duration_text(3'723) == "1h 02m");
  CHECK(duration_text(-1) == "0s");
  CHECK(duration_text(1e30) == duration_text(1e9));
}

TEST_CASE("a log file gets the first and the last step, whole lines", "[train]") {
  temporary_folder folder;
  std::FILE* const file = std::fopen((folder / "log").c_str(), "w");
  REQUIRE(file);
  progress_line line(file);
  for (extent i = 1; i <= 5; ++i) {
    progress p;
    p.step = i, p.steps = 5, p.loss = 2.5, p.gradient_norm = 0.125, p.rate = 1e-3, p.tokens_per_second = 1234.4;
    p.eta = 90, p.seconds = 61;
    line(p);
  }
  line(evaluation{5, 5, 0});
  std::fclose(file);
  CHECK(get_file(folder / "log") ==
        "step 1/5  loss 2.5000  |g| 0.125  rate 0.001  1234 tokens/s  ETA 1m 30s\n"
        "step 5/5  loss 2.5000  |g| 0.125  rate 0.001  1234 tokens/s  took 1m 01s\n"
        "step 5/5  held-out loss 0.0000  perplexity 1.00\n");
}

TEST_CASE("checkpoints are numbered, kept and cleaned", "[train]") {
  temporary_folder folder;
  checkpoints const c(folder / "run");
  CHECK_FALSE(c.latest());
  CHECK(c.path_of(200).filename() == "step-00000200");
  auto const write = [](std::filesystem::path const& to) { put_file(to / "x", "y"); };
  for (extent step : {5, 10, 15, 123'456'789}) c.save(step, 2, write);
  CHECK(c.steps() == std::vector<extent>{15, 123'456'789});
  CHECK(c.latest()->filename() == "step-123456789");

  for (char const* name :
       {".step-00000020.partial-1-0", ".removed-step-00000010", "step-12", "step-0000001x", "mine"}) {
    std::filesystem::create_directories(c.folder() / name);
    put_file(c.folder() / name / "x", "y");
  }
  CHECK(c.steps() == std::vector<extent>{15, 123'456'789});
  c.remove_leftovers();
  CHECK_FALSE(std::filesystem::exists(c.folder() / ".step-00000020.partial-1-0"));
  CHECK_FALSE(std::filesystem::exists(c.folder() / ".removed-step-00000010"));
  CHECK(std::filesystem::exists(c.folder() / "mine" / "x"));  // not ours
  CHECK_THROWS_WITH(c.save(20, 2, [](std::filesystem::path const&) { fail("no room"); }), "no room");
  CHECK(c.steps() == std::vector<extent>{15, 123'456'789});
  c.save(20, 0, write);
  CHECK(c.steps().size() == 3);
}

TEST_CASE("differing facts are all named", "[train]") {
  run_facts const then{{"a", "1"}, {"b", "2"}, {"c", "3"}}, now{{"a", "1"}, {"b", "4"}, {"d", "5"}};
  CHECK_NOTHROW(require_same_facts(then, then, "here"));
  CHECK_THROWS_WITH(require_same_facts(then, now, "here"),
                    ContainsSubstring("cannot resume from here") &&
                        ContainsSubstring("b was 2 and is 4; c was 3 and is not set; d was not set and is 5"));
  CHECK(detail::fact_text(0.1) == "0.1");
  CHECK(detail::fact_text(true) == "true");
  CHECK(detail::fact_text(1e-30) == "1e-30");
}
