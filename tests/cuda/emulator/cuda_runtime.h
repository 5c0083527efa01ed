#pragma once
// What a kernel may use, on the host: each thread of a block is a fiber, which runs until it meets the others (a
// barrier, a shuffle); blocks run one after the other. Only this much of CUDA is emulated, on purpose: what is not here
// is not part of the vocabulary of flan's kernels.

#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>

#include "cuda_runtime_api.h"
#include "emulator.hpp"

#define __CUDA_ARCH_LIST__ 800, 900

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__  // for the one `extern` array of flan/cuda/kernels/shared.cuh: others are not shared here
#define __launch_bounds__(...)

// NOLINTBEGIN: CUDA's names
inline uint3 threadIdx, blockIdx;
inline dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

inline void __syncthreads() { flan::emulator::meet_block(); }
inline void __syncwarp(unsigned mask = 0xffffffffu) { flan::emulator::meet_warp(mask, "__syncwarp", 0, -1); }

namespace flan::emulator {
/// A value from another lane of the same mask.
template <class T>
T shuffle(unsigned mask, char const* what, T value, int source) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  unsigned long long bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = meet_warp(mask, what, bits, source);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}
}  // namespace flan::emulator

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
  int const lane = flan::emulator::lane(), first = lane & ~(width - 1);
  return flan::emulator::shuffle(mask, "__shfl_sync", value, first + (source & (width - 1)));
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32) {
  int const lane = flan::emulator::lane(), source = lane ^ bits;
  return flan::emulator::shuffle(mask, "__shfl_xor_sync", value, source / width > lane / width ? lane : source);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  int const lane = flan::emulator::lane(), source = lane + static_cast<int>(delta);
  return flan::emulator::shuffle(mask, "__shfl_down_sync", value, source / width > lane / width ? lane : source);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
  int const lane = flan::emulator::lane(), source = lane - static_cast<int>(delta);
  bool const inside = source >= 0 && source / width == lane / width;
  return flan::emulator::shuffle(mask, "__shfl_up_sync", value, inside ? source : lane);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) { return flan::emulator::ballot(mask, predicate != 0); }
inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) == mask; }

inline float rsqrtf(float x) { return 1 / std::sqrt(x); }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1; }
/// c + the four products of signed bytes.
inline int __dp4a(int a, int b, int c) {
  for (int i = 0; i < 32; i += 8) c += static_cast<signed char>(a >> i) * static_cast<signed char>(b >> i);
  return c;
}
template <class T>
T __ldg(T const* p) {
  return *p;
}
inline void __threadfence_block() {}

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(cudaLaunchConfig_t const* config, void (*kernel)(Parameters...), Arguments&&... a) {
  return [&](Parameters... given) {
    return flan::emulator::give(config->stream, [=, c = *config] {
      auto const thread = [&] { kernel(given...); };
      return flan::emulator::run_grid(
          c, reinterpret_cast<void const*>(kernel), [](void const* f) { (*static_cast<decltype(thread)*>(f))(); },
          &thread);
    });
  }(std::forward<Arguments>(a)...);
}
template <class... Parameters>
cudaError_t cudaFuncSetAttribute(void (*kernel)(Parameters...), cudaFuncAttribute, int bytes) {
  return flan::emulator::allow_shared(reinterpret_cast<void const*>(kernel), bytes);
}
template <class... Parameters>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* a, void (*)(Parameters...)) {
  return flan::emulator::describe(a);
}
// NOLINTEND
