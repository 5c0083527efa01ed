#pragma once
/// What the system says about this process, and other runs of the same program.

#include <stdio.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "benchmarks/peak.hpp"

namespace process_facts {

using namespace flan;

/// The most memory that the process has held so far, in bytes, mapped files' pages included (VmHWM).
inline double peak_memory() {
  double kilobytes = 0;
  if (std::FILE* const f = std::fopen("/proc/self/status", "re")) {
    char line[256];
    while (std::fgets(line, sizeof line, f) != nullptr)
      if (std::sscanf(line, "VmHWM: %lf kB", &kilobytes) == 1) break;
    std::fclose(f);
  }
  return kilobytes * 1024;
}

/// What one more run of this program says when it is ready, and when: seconds from its start, processor and loader
/// included. `memory`: the bytes that it then holds at most.
struct run_of_self {
  double seconds = 0, memory = 0;
};

/// Runs this program with `arguments` (for a shell) and --on-demand.
inline run_of_self run_self(std::string const& arguments) {
  std::string program(4096, '\0');
  auto const length = ::readlink("/proc/self/exe", program.data(), program.size());
  if (length <= 0) fail("cannot find out which program this is");
  program.resize(static_cast<std::size_t>(length));
  std::string const command = "echo memory | '" + program + "' " + arguments + " --on-demand";
  run_of_self r;
  double const start = peak::seconds();
  std::FILE* const out = ::popen(command.c_str(), "r");
  if (out == nullptr) fail("cannot run ", command);
  char line[256] = "";
  bool const ready = std::fgets(line, sizeof line, out) != nullptr && std::string(line) == "ready\n";
  r.seconds = peak::seconds() - start;
  bool const answered = ready && std::fgets(line, sizeof line, out) != nullptr;
  if (answered) r.memory = std::atof(line);
  if (::pclose(out) != 0 || !answered) fail("this did not run: ", command);
  return r;
}

}  // namespace process_facts
