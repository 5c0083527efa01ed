// Prints the ceilings that the other benchmarks measure themselves against.

#include "peak.hpp"

#include <cstdio>
#include <string>

#include "bandwidth.hpp"

namespace {

using namespace flan;

/// f(1), f(2), f(4) … f(all threads).
template <class F>
void for_thread_counts(F&& f) {
  int const most = threads();
  for (int workers = 1; workers < most; workers *= 2) f(workers);
  f(most);
}

/// One line: rate(threads) in units of 10^9.
template <class F>
void row(std::string const& what, char const* unit, F&& rate) {
  std::printf("%-36s", what.c_str());
  for_thread_counts([&](int workers) { std::printf("%10.1f", rate(workers) / 1e9); });
  std::printf("  %s\n", unit);
  std::fflush(stdout);
}

std::string reading(char const* from, bandwidth::level l) {
  return "reading " + std::string(from) + ", " + std::to_string(bandwidth::working_set(l, threads()) >> 10) +
         " KiB a thread";
}

}  // namespace

int main() {
  std::printf("%-36s", "threads");
  for_thread_counts([](int workers) { std::printf("%10d", workers); });
  std::printf("\n");
  for (auto isa : instruction_sets) {
    if (!available(isa)) continue;
    auto const on = ", " + std::string(name_of(isa));
    row("multiply-adds f32" + on, "GFLOP/s", [=](int workers) { return peak::multiply_adds(isa, workers); });
    row("multiply-adds bf16" + on, "GFLOP/s", [=](int workers) { return peak::bf16_multiply_adds(isa, workers); });
    row("multiply-adds of bytes" + on, "Gop/s", [=](int workers) { return peak::byte_multiply_adds(isa, workers); });
  }
  using enum bandwidth::level;
  row(reading("L2", l2), "GB/s", [](int workers) { return bandwidth::read_rate(l2, workers); });
  row(reading("L3", l3), "GB/s", [](int workers) { return bandwidth::read_rate(l3, workers); });
  row("reading memory", "GB/s", [](int workers) { return bandwidth::read_rate(memory, workers); });
  row("copying memory", "GB/s", [](int workers) { return bandwidth::copy_rate(workers); });
  row("updating memory (2 read, 1 written)", "GB/s", [](int workers) { return bandwidth::update_rate(workers); });
}
