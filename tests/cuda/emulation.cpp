// The emulator itself: kernels that are wrong must be found out.

#include <cuda_runtime.h>

#include <vector>

#include "emulated.hpp"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"

using namespace flan;
using namespace flan::detail;
using emulator::order;

namespace {

struct two_hundred {
  float of[256];
};

/// Each thread gives its neighbour a number through shared memory; without the barrier it is not there yet.
__global__ void neighbours(float* y, bool with_barrier) {
  auto& shared = shared_memory<two_hundred>();
  auto const t = threadIdx.x;
  shared.of[t] = static_cast<float>(t);
  if (with_barrier) __syncthreads();
  y[t] = shared.of[(t + 1) % blockDim.x];
}
__global__ void some_leave(int from) {
  if (static_cast<int>(threadIdx.x) >= from) return;
  __syncthreads();
}
__global__ void some_shuffle(float* y) {
  if (threadIdx.x < 7) y[threadIdx.x] = __shfl_xor_sync(whole_warp, 1.0f, 1);
}
__global__ void sums(float* y) {
  auto& shared = shared_memory<block_partials<float>>();
  float const x = static_cast<float>(threadIdx.x + 1);
  float const sum = block_sum(x, shared), most = block_max(x, shared);
  y[threadIdx.x] = sum + 1000000 * most;
}
__global__ void moves(float* y) {
  float const x = static_cast<float>(threadIdx.x);
  y[threadIdx.x] = __shfl_down_sync(whole_warp, x, 3u);
  y[32 + threadIdx.x] = __shfl_up_sync(whole_warp, x, 3u);
  y[64 + threadIdx.x] = __shfl_sync(whole_warp, x, 5, 8);
  y[96 + threadIdx.x] = static_cast<float>(__ballot_sync(whole_warp, threadIdx.x % 16 == 0));
}

struct a_stream {
  cudaStream_t get = nullptr;
  a_stream() { cudaStreamCreateWithFlags(&get, cudaStreamNonBlocking); }
  ~a_stream() { cudaStreamDestroy(get); }
};

}  // namespace

TEST_CASE("emulator: a missing barrier shows") {
  a_stream s;
  for (auto o : {order::ascending, order::descending, order::shuffled}) {
    emulator::reset();
    emulator::device().threads = o;
    std::vector<float> with(256), without(256);
    launch("neighbours", neighbours, 1, 256, sizeof(two_hundred), s.get, with.data(), true);
    launch("neighbours", neighbours, 1, 256, sizeof(two_hundred), s.get, without.data(), false);
    for (std::size_t i = 0; i < 256; ++i) CHECK(with[i] == static_cast<float>((i + 1) % 256));
    CHECK(without != with);  // NaN
  }
}

TEST_CASE("emulator: threads that cannot meet are an error that names them") {
  a_stream s;
  emulator::reset();
  std::vector<float> y(32);
  CHECK_THROWS_WITH(launch("some_leave", some_leave, 1, 64, 0, s.get, 40),
                    ContainsSubstring("thread (0, 0, 0) waits in __syncthreads while thread (40, 0, 0) has returned") &&
                        ContainsSubstring("some_leave"));
  CHECK_THROWS_WITH(launch("some_shuffle", some_shuffle, 1, 32, 0, s.get, y.data()),
                    ContainsSubstring("waits in __shfl_xor_sync"));
  CHECK_NOTHROW(launch("some_leave", some_leave, 3, 64, 0, s.get, 64));
}

TEST_CASE("emulator: what no device would launch is refused") {
  a_stream s;
  emulator::reset();
  CHECK_THROWS_AS(launch("some_leave", some_leave, 1, 33, 0, s.get, 64), cuda_error);
  CHECK_THROWS_AS(launch("some_leave", some_leave, 1, 2048, 0, s.get, 64), cuda_error);
  CHECK_THROWS_AS(launch("some_leave", some_leave, dim3(1, 70000), 32, 0, s.get, 64), cuda_error);
  CHECK_NOTHROW(launch("some_leave", some_leave, 1, 32, 200 * 1024, s.get, 64));
  CHECK_THROWS_AS(launch("some_leave", some_leave, 1, 32, 228 * 1024, s.get, 64), cuda_error);
}

TEST_CASE("emulator: reductions and shuffles") {
  a_stream s;
  for (auto o : {order::ascending, order::descending, order::shuffled}) {
    emulator::reset();
    emulator::device().threads = o;
    for (unsigned threads : {32u, 64u, 256u}) {
      std::vector<float> y(threads);
      launch("sums", sums, 1, threads, sizeof(block_partials<float>), s.get, y.data());
      float const n = static_cast<float>(threads);
      for (float v : y) CHECK(v == n * (n + 1) / 2 + 1000000 * n);
    }
    std::vector<float> y(128);
    launch("moves", moves, 1, 32, 0, s.get, y.data());
    for (std::size_t i = 0; i < 32; ++i) {
      CHECK(y[i] == static_cast<float>(i < 29 ? i + 3 : i));
      CHECK(y[32 + i] == static_cast<float>(i >= 3 ? i - 3 : i));
      CHECK(y[64 + i] == static_cast<float>(i / 8 * 8 + 5));
      CHECK(y[96 + i] == 65537.0f);
    }
  }
}
