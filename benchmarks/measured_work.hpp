#pragma once
/// Works that are measured in turns with the limit that holds for them: what else a machine does falls on both.

#include <algorithm>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/bandwidth.hpp"

namespace measured {

using namespace flan;

template <class F>
double seconds(F&& work) {
  double const start = peak::seconds();
  work();
  return peak::seconds() - start;
}

inline double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  std::size_t const n = v.size();
  return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

enum class limit { none, multiply_adds, reading, updating };

/// What is measured: `run` returns the seconds of what `amount` (operations or bytes, by the limit) belongs to.
struct measured_work {
  std::string name;
  limit against = limit::none;
  double amount = 0;
  std::function<double()> run{};
  std::function<double()> reference{};  ///< set: its time is the unit of a ratio
  std::string reference_name{};
};

inline double rate_of(limit l, int threads, bool smoke) {
  int const tries = smoke ? 1 : 5;
  switch (l) {
    case limit::multiply_adds:
      return peak::multiply_adds(flan::detail::default_instruction_set(), threads);
    case limit::reading:
      return bandwidth::read_rate(bandwidth::level::memory, threads, tries);
    case limit::updating:
      return bandwidth::update_rate(threads, tries);
    case limit::none:
      break;
  }
  return 0;
}

/// Runs works, prints a line for each, and keeps the lines for a file.
class suite {
  using json = nlohmann::ordered_json;
  std::string filter_;
  int threads_, repeat_;
  bool smoke_;
  json rows_ = json::array();

  struct result {
    std::vector<double> seconds{}, limits{}, shares{}, ratios{};
  };

 public:
  /// `threads`: 0 for one and all. `repeat`: timed turns.
  suite(std::string filter, int threads, int repeat, bool smoke)
      : filter_(std::move(filter)), threads_(threads), repeat_(repeat), smoke_(smoke) {}
  json const& rows() const { return rows_; }

  bool wants(std::string const& name) const { return name.find(filter_) != std::string::npos; }

  /// All thread counts in turns, each run beside its own probe of the limit.
  void measure(measured_work const& w) {
    std::vector<int> counts{threads_};
    if (threads_ == 0) counts = {1, flan::threads()};
    if (counts.front() == counts.back()) counts.resize(1);
    std::vector<result> results(counts.size());
    for (int turn = -1; turn < repeat_; ++turn)  // the first warms up
      for (std::size_t i = 0; i < counts.size(); ++i) {
        double const limit = turn < 0 ? 0 : rate_of(w.against, counts[i], smoke_);
        flan::set_threads(counts[i]);
        double const time = w.run(), unit = w.reference ? w.reference() : 0;
        flan::set_threads(0);
        if (turn < 0) continue;
        auto& r = results[i];
        r.seconds.push_back(time);
        r.limits.push_back(limit);
        if (limit > 0) r.shares.push_back(w.amount / time / limit);
        if (w.reference) r.ratios.push_back(time / unit);
      }
    for (std::size_t i = 0; i < counts.size(); ++i) print(w, counts[i], results[i], i ? &results[0] : nullptr);
  }

  /// A number that is no time.
  void note(std::string const& name, double value, char const* unit, std::string const& beside) {
    std::printf("%-52s %12.1f %-3s  %s\n", name.c_str(), value, unit, beside.c_str());
    std::fflush(stdout);
    rows_.push_back({{"name", name}, {"value", value}, {"unit", unit}});
  }

 private:
  void print(measured_work const& w, int threads, result const& r, result const* one) {
    double const time = median(r.seconds);
    bool const bytes = w.against == limit::reading || w.against == limit::updating;
    json row = {{"name", w.name}, {"threads", threads}, {"seconds", r.seconds}};
    std::printf("%-52s %d thr ", w.name.c_str(), threads);
    if (w.against != limit::none) {
      std::printf("%7.1f %-7s ", median(r.limits) / 1e9, bytes ? "GB/s" : "GFLOP/s");
      row["limit"] = r.limits, row["amount"] = w.amount, row["share"] = median(r.shares);
    } else {
      std::printf("%16s", "");
    }
    std::printf("%10.2f ms", time * 1e3);
    if (!r.shares.empty()) std::printf("%8.1f  %5.1f %%", w.amount / time / 1e9, 100 * median(r.shares));
    if (!r.ratios.empty()) {
      std::printf("  %.2f x %s", median(r.ratios), w.reference_name.c_str());
      row["ratio"] = median(r.ratios), row["ratio_to"] = w.reference_name;
    }
    if (one) {
      std::printf("  %.2f x as fast as one thread", median(one->seconds) / time);
      row["speedup"] = median(one->seconds) / time;
    }
    std::printf("\n");
    std::fflush(stdout);
    rows_.push_back(row);
  }
};

}  // namespace measured
