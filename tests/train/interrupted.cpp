/// Runs that do not end well: killed, out of disk.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "support/catch.hpp"
#include "train/run_support.hpp"

using namespace flan;
using namespace flan::testing;

namespace {

/// Runs f in a child process; its pid. The child's exit status is 0 unless f throws.
template <class F>
pid_t in_child(F&& f) {
  pid_t const child = ::fork();
  if (child < 0) fail("cannot fork");
  if (child > 0) return child;
  int status = 0;
  try {
    f();
  } catch (std::exception const& e) {
    std::fprintf(stderr, "child: %s\n", e.what());
    status = 1;
  }
  ::_exit(status);
}

int status_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

bool writes_a_checkpoint(std::filesystem::path const& folder) {
  std::error_code ignored;
  for (auto const& e : std::filesystem::directory_iterator(folder, ignored))
    if (e.path().filename().string().find(".partial-") != std::string::npos) return true;
  return false;
}

/// Kills so many runs, each at its own time, every other one while it writes a checkpoint, and lets the last one end.
template <class P>
void kill_runs(int kills) {
  constexpr extent steps = 30;
  temporary_folder whole;
  nano_run<P>(whole.path).go(steps);
  auto const expected = state_bytes(whole.path, steps);
  int while_writing = 0;
  for (int killed = 0; killed < kills;) {
    temporary_folder folder;
    for (bool ended = false; !ended;) {
      pid_t const child = in_child([&] { nano_run<P>(folder.path).go(steps); });
      bool wrote = false;
      if (killed < kills) {
        double const wait = uniform(key_of(11, static_cast<std::uint64_t>(killed)), 0);
        if (killed % 2 == 0) {
          ::usleep(static_cast<useconds_t>(wait * 150'000));
        } else {
          for (int i = 0; i < 20'000 && !(wrote = writes_a_checkpoint(folder.path)); ++i) ::usleep(20);
          ::usleep(static_cast<useconds_t>(wait * 2'000));  // anywhere within the write
        }
        ::kill(child, SIGKILL);
      }
      int const status = status_of(child);
      ended = WIFEXITED(status);
      if (ended) REQUIRE(WEXITSTATUS(status) == 0);
      if (!ended) ++killed, while_writing += wrote && writes_a_checkpoint(folder.path) ? 1 : 0;
    }
    CHECK(state_bytes(folder.path, steps) == expected);
    CHECK_FALSE(writes_a_checkpoint(folder.path));  // what the killed left behind is gone
  }
  CHECK(while_writing > 0);
}

}  // namespace

TEMPLATE_TEST_CASE("killed runs end with the file of an uninterrupted one", "[train][kill]", fp32, bf16_mixed) {
  kill_runs<TestType>(5);
}

// .ci/full runs it: flan_test_train "[long]"
TEMPLATE_TEST_CASE("runs killed twenty times end with the file of an uninterrupted one", "[.][long]", fp32,
                   bf16_mixed) {
  kill_runs<TestType>(20);
}

TEST_CASE("a full disk stops a run with an error and loses nothing", "[train]") {
  temporary_folder folder, whole;
  nano_run<>(folder.path).go(2);
  auto const before = state_bytes(folder.path, 2);
  temporary_folder messages;
  pid_t const child = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);  // then writes past the limit fail as on a full disk, with another errno
    rlimit const limit{20'000, 20'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::string what;
    try {
      nano_run<>(folder.path).go(4);
    } catch (error const& e) {
      what = e.what();
    }
    put_file(messages / "what", what);
  });
  CHECK(status_of(child) == 0);
  CHECK_THAT(get_file(messages / "what"), ContainsSubstring("cannot write") && ContainsSubstring("model.safetensors"));
  CHECK(state_bytes(folder.path, 2) == before);
  CHECK(checkpoints(folder.path).steps() == std::vector<extent>{2});
  CHECK_FALSE(writes_a_checkpoint(folder.path));
  nano_run<>(folder.path).go(4);
  nano_run<>(whole.path).go(4);
  CHECK(state_bytes(folder.path, 4) == state_bytes(whole.path, 4));
}
