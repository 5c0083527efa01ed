#pragma once
/// What a run tells while it runs, and a line of it for a terminal.

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>

#include "flan/core/shape.hpp"
#include "flan/data/feed_statistics.hpp"

namespace flan {

/// After each step.
struct progress {
  extent step = 0, steps = 0;    ///< made so far (the first call says 1), and of the whole run
  double loss = 0;               ///< mean over this step's target tokens
  double gradient_norm = 0;      ///< before clipping
  double rate = 0;               ///< the learning rate of this step
  extent tokens = 0;             ///< real tokens of this step, encoder and decoder
  double tokens_per_second = 0;  ///< of real tokens, over the last steps
  double seconds = 0;            ///< since the run (or its resumption) began
  double eta = 0;                ///< seconds that the rest will take at this pace
  extent truncated = 0;          ///< inputs and targets cut to their maximum since the run (or its resumption) began
  extent skipped = 0;            ///< examples left out since then: their target is empty, or their question over the
                                 ///< limit of `pruned`
  feed_statistics const* fed{};  ///< what the steps since then were made of, by task; there while the call lasts
};

/// After each evaluation on held-out examples.
struct evaluation {
  extent step = 0, steps = 0;
  double loss = 0;  ///< mean cross-entropy per target token
};

/// Tokens per second over a window of steps, so that a slow first step or an evaluation does not colour the rest.
class pace {
  using clock = std::chrono::steady_clock;
  clock::time_point begin_ = clock::now();
  double seconds_per_step_ = 0, tokens_per_second_ = 0;

  static double since(clock::time_point t) { return std::chrono::duration<double>(clock::now() - t).count(); }

 public:
  class timer {
    clock::time_point begin_ = clock::now();
    friend pace;
  };
  double seconds() const { return since(begin_); }
  /// Counts one step that `t` timed from its start.
  void count(timer const& t, extent tokens) {
    double const s = std::max(since(t.begin_), 1e-9), rate = static_cast<double>(tokens) / s;
    double const weight = seconds_per_step_ == 0 ? 1 : 0.05;  // an average over some 20 steps
    seconds_per_step_ += weight * (s - seconds_per_step_);
    tokens_per_second_ += weight * (rate - tokens_per_second_);
  }
  double tokens_per_second() const { return tokens_per_second_; }
  double seconds_for(extent steps) const { return seconds_per_step_ * static_cast<double>(steps); }
};

/// "1h 02m", "3m 20s", "12s"
inline std::string duration_text(double seconds) {
  char text[32];
  auto const s = static_cast<long long>(std::min(std::max(seconds, 0.0), 1e9) + 0.5);
  if (s >= 3600) {
    std::snprintf(text, sizeof text, "%lldh %02lldm", s / 3600, s / 60 % 60);
  } else if (s >= 60) {
    std::snprintf(text, sizeof text, "%lldm %02llds", s / 60, s % 60);
  } else {
    std::snprintf(text, sizeof text, "%llds", s);
  }
  return text;
}

/// Prints progress: one line that renews itself on a terminal; elsewhere (a log file) a line now and then, and for the
/// last step. `.on_step = flan::progress_line{}`. Copies share nothing and print alike.
class progress_line {
  using clock = std::chrono::steady_clock;
  std::FILE* to_;
  bool terminal_;
  clock::time_point last_{};

 public:
  explicit progress_line(std::FILE* to = stderr) : to_(to), terminal_(::isatty(::fileno(to)) == 1) {}

  void operator()(progress const& p) {
    bool const last = p.step == p.steps, first = last_ == clock::time_point{};
    auto const now = clock::now();
    if (!first && !last && now - last_ < (terminal_ ? std::chrono::milliseconds(100) : std::chrono::seconds(10)))
      return;
    last_ = now;
    std::fprintf(to_, "%sstep %td/%td  loss %.4f  |g| %.3g  rate %.3g  %.0f tokens/s  %s%s",
                 terminal_ ? "\r\x1b[K" : "", p.step, p.steps, p.loss, p.gradient_norm, p.rate, p.tokens_per_second,
                 last ? ("took " + duration_text(p.seconds)).c_str() : ("ETA " + duration_text(p.eta)).c_str(),
                 terminal_ && !last ? "" : "\n");
    std::fflush(to_);
  }
  void operator()(evaluation const& e) {
    std::fprintf(to_, "%sstep %td/%td  held-out loss %.4f  perplexity %.2f\n", terminal_ ? "\r\x1b[K" : "", e.step,
                 e.steps, e.loss, std::exp(e.loss));
    std::fflush(to_);
  }
};

}  // namespace flan
