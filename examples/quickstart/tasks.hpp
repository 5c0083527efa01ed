#pragma once
/// Ten tasks for finetuning, and the tests of each: inputs that training never sees, in wordings it knows and in new
/// ones.

#include <set>
#include <string>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/mixture.hpp"
#include "quickstart/wordings.hpp"

namespace quickstart {

struct task_test {
  std::string name;
  std::vector<flan::shot> seen, unseen;  ///< the same unseen records, in wordings of the training and in new ones
};

struct suite {
  std::vector<flan::weighted_task> tasks;
  std::vector<task_test> tests;
  std::vector<std::string> texts;  ///< to make a vocabulary from: training texts alone
};

/// Adds the task of Record: `records` of them to train on, and 50 tests. A record is for testing when a hash of its
/// text says so, so that the same record, drawn twice, always falls on the same side.
template <class Record>
void add_task(suite& s, std::string const& name, double share, int records, std::uint64_t seed) {
  constexpr std::size_t tests = 50;
  auto const identity = [](Record const& r) { return wordings<Record>::seen[0].input(r); };
  std::vector<Record> train;
  std::set<std::string> trained, tested;
  task_test test{name, {}, {}};
  for (std::uint64_t i = 0; train.size() < static_cast<std::size_t>(records) || tested.size() < tests; ++i) {
    auto const r = Record::make(flan::key_of(seed, i));
    auto const text = identity(r);
    if (flan::fingerprinter().add(text).value() % 8 != 0) {
      if (train.size() == static_cast<std::size_t>(records)) continue;
      trained.insert(text);
      train.push_back(r);
      for (auto const& w : wordings<Record>::seen) {
        if (train.size() > 300) break;
        auto const shot = w(r);
        s.texts.push_back(shot.input), s.texts.push_back(shot.target);
      }
    } else if (tested.size() < tests && tested.insert(text).second) {
      test.seen.push_back(wordings<Record>::seen[i % std::size(wordings<Record>::seen)](r));
      test.unseen.push_back(wordings<Record>::unseen[i % std::size(wordings<Record>::unseen)](r));
    }
  }
  for (auto const& t : tested)
    if (trained.count(t)) flan::fail("the test of ", name, " is in its training set: ", t);
  s.tasks.push_back(
      flan::weighted(flan::task<Record>(name, flan::source<Record>(std::move(train)), wordings<Record>::seen), share));
  s.tests.push_back(std::move(test));
}

/// Harder tasks have a larger share of the training.
inline suite make_suite(std::uint64_t seed) {
  suite s;
  constexpr int n = 20'000;
  add_task<span_of_words>(s, "repeat", 0.13, n, seed);
  add_task<unsorted>(s, "sort", 0.13, n, seed);
  add_task<addition>(s, "add, step by step", 0.16, n, seed);
  add_task<quiz>(s, "multiple choice", 0.1, n, seed);
  add_task<review>(s, "sentiment", 0.06, n, seed);
  add_task<pair_of_numbers>(s, "larger number", 0.1, n, seed);
  add_task<tally>(s, "count", 0.1, n, seed);
  add_task<heights>(s, "tallest, step by step", 0.1, n, seed);
  add_task<row_of_words>(s, "last word", 0.06, n, seed);
  add_task<phrase>(s, "translate", 0.06, n, seed);
  return s;
}

}  // namespace quickstart
