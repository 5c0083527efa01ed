// flan_cuda_selftest: all that can be said of flan on this machine's GPU, by one program. Conformance, transformers'
// numbers, the same bits, resumed runs, and short benchmarks. Exit codes: 0, 1 where something failed, 77 without a
// device.

#define CATCH_CONFIG_RUNNER
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cuda/selftest/selftest.hpp"
#include "support/catch.hpp"
#include "support/shared.hpp"

namespace {

using clock_type = std::chrono::steady_clock;
using json = nlohmann::ordered_json;

json parts = json::array();

double seconds_since(clock_type::time_point start) {
  return std::chrono::duration<double>(clock_type::now() - start).count();
}

#if __has_include(<catch2/catch_all.hpp>)
using listener = Catch::EventListenerBase;
#else
using listener = Catch::TestEventListenerBase;
#endif

/// A line when a test case begins and one when it ends.
struct progress_lines : listener {
  using listener::listener;
  clock_type::time_point start;
  std::string name;
  void testCaseStarting(Catch::TestCaseInfo const& info) override {
    name = info.name, start = clock_type::now();
    std::printf("%s …\n", name.c_str());
    std::fflush(stdout);
  }
  void testCaseEnded(Catch::TestCaseStats const& stats) override {
    auto const& a = stats.totals.assertions;
    double const seconds = seconds_since(start);
    std::printf("  %s: %d checks, %.1f s\n", a.failed == 0 ? "ok" : "FAILED", static_cast<int>(a.total()), seconds);
    std::fflush(stdout);
    parts.push_back(
        {{"name", name}, {"ok", a.failed == 0}, {"checks", a.total()}, {"failed", a.failed}, {"seconds", seconds}});
  }
};
CATCH_REGISTER_LISTENER(progress_lines)

json facts_of(flan::cuda_backend& be) {
  auto const& d = be.device();
  std::size_t free = 0, total = 0;
  flan::detail::check_cuda(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  int driver = 0, runtime = 0;
  flan::detail::check_cuda(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
  flan::detail::check_cuda(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
  return {{"name", d.name},
          {"capability", flan::sentence(d.major, '.', d.minor)},
          {"processors", d.processors},
          {"memory_bytes", total},
          {"free_bytes", free},
          {"shared_bytes_of_block", d.shared_bytes_of_block},
          {"cache_bytes", d.cache_bytes},
          {"driver", driver},
          {"runtime", runtime}};
}

int run(std::string const& report, bool benchmarks) {
  flan::cuda_backend be;
  json result;
  result["device"] = facts_of(be);
  std::printf("%s\n", result["device"].dump().c_str());

  bool const shared = flan::testing::shared_folder().has_value();
  if (!shared) std::puts("FLAN_SHARED names no folder: of the golden cases only those of the repository run");
  Catch::Session session;
  std::vector<char const*> arguments{"flan_cuda_selftest"};
  if (!shared) arguments.push_back("~[shared]");
  if (session.applyCommandLine(static_cast<int>(arguments.size()), arguments.data()) != 0) return 1;
  bool const ok = session.run() == 0;
  result["ok"] = ok;
  result["parts"] = parts;
  if (benchmarks)
    for (auto const& f : flan::selftest::run_benchmarks(be))
      result["benchmarks"].push_back({{"name", f.name}, {"value", f.value}, {"unit", f.unit}});
  if (!report.empty()) {
    std::ofstream out(report);
    out << result.dump(2) << '\n';
    if (!out.flush()) flan::fail("cannot write ", report);
  }
  std::puts(ok ? "every part passed" : "something FAILED");
  return ok ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Conformance, golden numbers, determinism and short benchmarks of flan on a GPU"};
  std::string report;
  bool no_benchmarks = false;
  app.add_option("--json", report, "Write a report to this file");
  app.add_flag("--quick", flan::selftest::quick, "Small shapes alone: whether everything runs; figures mean nothing");
  app.add_flag("--no-benchmarks", no_benchmarks, "Leave the benchmarks out");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(report, !no_benchmarks);
  } catch (flan::cuda_error const& e) {
    bool const absent = flan::no_device(e);
    std::printf("%s%s\n", absent ? "skipped: no device: " : "failed: ", e.what());
    return absent ? 77 : 1;
  } catch (std::exception const& e) {
    std::printf("failed: %s\n", e.what());
    return 1;
  }
}
