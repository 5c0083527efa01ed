#include "flan/testing/unreadable_backend.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "flan/backend/concept.hpp"
#include "flan/reference/backend.hpp"
#include "support/catch.hpp"

namespace {
using far = flan::testing::unreadable_backend<flan::reference_backend>;

static_assert(flan::training_backend<far, flan::fp32>);
static_assert(flan::training_backend<far, flan::bf16_mixed>);
static_assert(flan::training_backend<far, flan::fp64>);
static_assert(flan::inference_backend<far, flan::q8_weights> && !flan::training_backend<far, flan::q8_weights>);
// The forwarding does not promise what Base lacks.
static_assert(!flan::forward_backend<flan::testing::unreadable_backend<flan::host_memory>, flan::fp32>);

/// Whether f survives in a child process. Catch2's handlers and a sanitizer's report stay out of it.
template <class F>
bool survives(F f) {
  pid_t const child = ::fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    std::signal(SIGBUS, SIG_DFL);
    f();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status)) return WEXITSTATUS(status) == 0;
  CHECK((WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS));
  return false;
}
}  // namespace

TEST_CASE("the host cannot read or write what the unreadable backend allocates") {
  far be;
  float const host[] = {1, 2, 3, 4};
  auto const t = flan::to_backend(be, host, 2, 2);
  auto const w = be.adopt<float>(flan::matrix<float const>(host, 2, 2), nullptr);
  flan::frame f{be};
  auto const scratch = f.make<float>(1, 4);
  CHECK(survives([] {}));
  CHECK(survives([&] { be.add(scratch, flan::in(scratch)); }));
  CHECK_FALSE(survives([&] { static_cast<void>(*static_cast<float const volatile*>(t.view.data)); }));
  CHECK_FALSE(survives([&] { *static_cast<float volatile*>(t.view.data) = 1; }));
  CHECK_FALSE(survives([&] { static_cast<void>(*static_cast<float const volatile*>(w.data)); }));
  CHECK_FALSE(survives([&] { static_cast<void>(*static_cast<float const volatile*>(scratch.data)); }));
}

TEST_CASE("an op of the unreadable backend crashes on a host address") {
  far be;
  float const host[] = {1, 2, 3, 4};
  auto const t = flan::to_backend(be, host, 2, 2);
  CHECK_FALSE(survives([&] { be.add(t.view, flan::matrix<float const>(host, 2, 2)); }));
}

TEST_CASE("upload, download and ops reach unreadable memory") {
  far be;
  std::vector<float> const x = {1, 2, 3, 4}, w = {1, 0, 1, 1, 2, 0};
  auto const tx = flan::to_backend(be, x.data(), 2, 2);
  auto weights = be.adopt<float>(flan::matrix<float const>(w.data(), 3, 2), nullptr);
  be.pack(weights);
  CHECK(weights.read_only);
  flan::tensor<float> y(be, 2, 3), back(be, 3, 2);
  CHECK(flan::to_host(be, y.view)[0] != flan::to_host(be, y.view)[0]);  // fresh memory holds NaN
  be.matmul(y.view, flan::in(tx.view), weights, flan::matmul_options{});
  CHECK(flan::to_host(be, y.view) == std::vector<float>{1, 3, 2, 3, 7, 6});
  be.unpack(back.view, weights);
  CHECK(flan::to_host(be, back.view) == w);
  CHECK(flan::to_host(be, be.allocate_weight<float>(1, 3).values()) == std::vector<float>{0, 0, 0});

  far copy = be;  // shares memory, not arenas
  CHECK(flan::to_host(copy, y.view) == std::vector<float>{1, 3, 2, 3, 7, 6});
  CHECK(&copy.scratch() != &be.scratch());
}
