/// The main of the golden tests. Without FLAN_SHARED only test cases tagged [committed] run, from the numbers in
/// tests/golden/data; a program that has none of them is skipped: exit code 77, which CTest shows as "Skipped". With
/// FLAN_REQUIRE_SHARED=1 a missing folder is a failure instead: on a machine that should have the data, nothing may
/// skip. A tag may be given, [#model]: the test cases of one file.

#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#endif
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "support/shared.hpp"

namespace {
constexpr int skipped = 77;

bool shared_is_required() {
  char const* const required = std::getenv("FLAN_REQUIRE_SHARED");
  return required != nullptr && std::string_view(required) == "1";
}

#if __has_include(<catch2/catch_all.hpp>)
using listener = Catch::EventListenerBase;
#else
using listener = Catch::TestEventListenerBase;
#endif

/// How many test cases ran: the two versions of Catch2 report "nothing matched" differently.
int started = 0;
struct count_started : listener {
  using listener::listener;
  void testCaseStarting(Catch::TestCaseInfo const&) override { ++started; }
};
CATCH_REGISTER_LISTENER(count_started)
}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::string> arguments(argv, argv + argc);
  bool const everything = flan::testing::shared_folder().has_value();
  if (!everything && shared_is_required()) {
    std::cerr << "failed: FLAN_REQUIRE_SHARED is 1, but FLAN_SHARED names no folder\n";
    return 1;
  }
  if (!everything) {
    std::cout << "FLAN_SHARED names no folder: only the test cases tagged [committed] run\n";
    auto const tag = std::find_if(arguments.begin(), arguments.end(), [](auto const& a) { return a.starts_with('['); });
    if (tag == arguments.end())
      arguments.push_back("[committed]");
    else
      *tag += "[committed]";  // both
  }
  std::vector<char const*> pointers;
  for (auto const& a : arguments) pointers.push_back(a.c_str());
  Catch::Session session;
  if (int const wrong = session.applyCommandLine(static_cast<int>(pointers.size()), pointers.data())) return wrong;
  int const failed = session.run();
  if (started == 0) {
    std::cout << (everything ? "failed: there is no such test case\n"
                             : "skipped: no test case here is content with committed numbers\n");
    return everything ? 1 : skipped;
  }
  // Catch2 returns a count of failures; one that happens to be 77 must not read as "skipped".
  return failed == 0 ? 0 : 1;
} catch (std::exception const& e) {
  std::cerr << "failed: " << e.what() << '\n';
  return 1;
}
