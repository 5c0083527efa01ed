#pragma once
/// How kernels are launched: the only place that knows.

#if !defined(__CUDACC__) && !defined(FLAN_CUDA_EMULATED)
#error "this header is nvcc's: include flan/cuda.hpp, and compile flan/cuda/instantiate.cuh with nvcc"
#endif

#include <cuda_runtime.h>

#include <string>

#include "flan/cuda/error.hpp"
#include "flan/tensor/view.hpp"

namespace flan::detail {

inline constexpr int warp_threads = 32;
inline constexpr unsigned whole_warp = 0xffffffffu;

/// Blocks enough for n at `each` a block, at most `most`: kernels go round where there is more.
inline unsigned blocks_for(extent n, extent each, extent most = 65535) {
  extent const blocks = (n + each - 1) / each;
  return static_cast<unsigned>(blocks < 1 ? 1 : blocks > most ? most : blocks);
}

/// Runs kernel(arguments…) on a grid of blocks of `threads` threads, a multiple of 32, each block with `shared_bytes`
/// of shared memory (kernels/shared.cuh). `name` is for errors.
template <class... Parameters, class... Arguments>
void launch(char const* name, void (*kernel)(Parameters...), dim3 grid, dim3 threads, std::size_t shared_bytes,
            cudaStream_t stream, Arguments const&... arguments) {
  if (shared_bytes > 48 * 1024)  // more than every device gives unasked
    check_cuda(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)),
        std::string("shared memory of the kernel ") + name);
  cudaLaunchConfig_t config{};
  config.gridDim = grid, config.blockDim = threads;
  config.dynamicSmemBytes = shared_bytes, config.stream = stream;
  cudaError_t const e = cudaLaunchKernelEx(&config, kernel, arguments...);
  if (e != cudaSuccess) [[unlikely]]
    check_cuda(e, std::string("launching the kernel ") + name);
}

}  // namespace flan::detail
