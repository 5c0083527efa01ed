// n threads, one model: what each gets is what it gets alone. The sanitizers watch.

#include <string>
#include <thread>

#include "flan/cpu/backend.hpp"
#include "support/catch.hpp"
#include "support/tiny_text_model.hpp"

using namespace flan;

TEST_CASE("threads that generate from one model at once get what serial runs get") {
  auto const model = testing::tiny_text_model(cpu_backend{});
  std::vector<std::string> const prompts{"one", "", "a longer prompt than the others", "four"};
  std::vector<generate_options> const ways{{.max_tokens = 10},
                                           {.max_tokens = 8, .beams = 3, .return_sequences = 2},
                                           {.max_tokens = 10, .return_sequences = 2, .sampling = nucleus{}, .seed = 4}};
  struct job {
    std::vector<generation> answers;
    std::vector<double> scores;
    std::string streamed;
  };
  auto const work = [&](std::size_t i) {
    job j;
    auto const& prompt = prompts[i % prompts.size()];
    j.answers = model.generations({prompt}, ways[i % ways.size()]).front();
    for (auto const& s : model.score(prompt, {"yes", "no"})) j.scores.push_back(s.sum);
    for (auto const& piece : model.stream(prompt, {.max_tokens = 6})) j.streamed += piece;
    return j;
  };
  constexpr std::size_t jobs = 12, threads = 4;
  std::vector<job> serial, parallel(jobs);
  for (std::size_t i = 0; i < jobs; ++i) serial.push_back(work(i));
  std::vector<std::thread> team;
  for (std::size_t t = 0; t < threads; ++t)
    team.emplace_back([&, t] {
      for (std::size_t i = t; i < jobs; i += threads) parallel[i] = work(i);
    });
  for (auto& t : team) t.join();
  for (std::size_t i = 0; i < jobs; ++i) {
    INFO("job " << i);
    REQUIRE(parallel[i].answers.size() == serial[i].answers.size());
    for (std::size_t k = 0; k < serial[i].answers.size(); ++k) {
      CHECK(parallel[i].answers[k].ids == serial[i].answers[k].ids);
      CHECK(parallel[i].answers[k].score == serial[i].answers[k].score);
    }
    CHECK(parallel[i].scores == serial[i].scores);
    CHECK(parallel[i].streamed == serial[i].streamed);
  }
}
