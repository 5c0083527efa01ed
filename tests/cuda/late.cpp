// Streams as late as CUDA allows: who does not wait where the contract says so, reads NaN.

#include <cmath>
#include <optional>

#include "emulated.hpp"

using namespace flan;
using namespace flan::testing;

namespace {
void late_device() {
  emulator::reset();
  emulator::device().late = true;
}
std::vector<float> twelve(float x) { return std::vector<float>(12, x); }
}  // namespace

TEST_CASE("cuda: what one session writes another reads after the writer's synchronize, and not before") {
  late_device();
  cuda_backend a;
  tensor<float> x(a, 3, 4);
  a.fill(x.view, 1);
  cuda_backend b = a;  // sees what was given to `a` so far
  CHECK(to_host(b, x.view) == twelve(1));
  a.fill(x.view, 2);
  CHECK(to_host(b, x.view) == twelve(1));
  a.synchronize();
  CHECK(to_host(b, x.view) == twelve(2));
  a.fill(x.view, 3);
  cuda_backend c{};
  c = a;
  CHECK(to_host(c, x.view) == twelve(3));
  emulator::reset();
}

TEST_CASE("cuda: memory is freed behind the work of every session, those that have ended too") {
  late_device();
  cuda_backend a;
  tensor<float> y(a, 3, 4), z(a, 3, 4);
  cuda_backend reader = a;
  {
    std::optional<cuda_backend> ended{a};
    tensor<float> x(a, 3, 4);
    a.fill(x.view, 5);
    a.synchronize();
    reader.copy(y.view, in(x.view));
    ended->copy(z.view, in(x.view));
    ended.reset();
  }
  a.synchronize();  // works the free off
  reader.synchronize();
  CHECK(to_host(reader, y.view) == twelve(5));
  CHECK(to_host(a, z.view) == twelve(5));
  emulator::reset();
}

TEST_CASE("cuda: uploads may be written over at once, and in parts larger than the staging's") {
  late_device();
  cuda_backend a;
  std::vector<float> host(700000, 1.0f);
  tensor<float> x(a, 1, 700000);
  a.upload(x.view.data, host.data(), host.size() * sizeof(float));
  std::fill(host.begin(), host.end(), 2.0f);
  tensor<float> y(a, 1, 700000);
  a.upload(y.view.data, host.data(), host.size() * sizeof(float));
  host.assign(host.size(), NAN);
  CHECK(to_host(a, x.view) == std::vector<float>(700000, 1.0f));
  CHECK(to_host(a, y.view) == std::vector<float>(700000, 2.0f));
  emulator::reset();
}

TEST_CASE("cuda: an error of work that was given shows where somebody waits for it") {
  late_device();
  cuda_backend a;
  CHECK(flan::emulator::give(a.stream(), [] { return cudaErrorLaunchFailure; }) == cudaSuccess);
  emulator::device().failure = "as a kernel that went astray";
  CHECK_THROWS_WITH(a.synchronize(), ContainsSubstring("cudaStreamSynchronize failed: as a kernel that went astray") &&
                                         ContainsSubstring("(cudaErrorLaunchFailure), at flan/cuda/stream.hpp:"));
  emulator::reset();
}
