#pragma once
/// What the kernels of this translation unit were compiled for.

#include "flan/cuda/device.hpp"
#include "flan/cuda/kernels/launch.cuh"

namespace flan::detail {

template <class>
__global__ void probe_kernel() {}

template <class Void>
std::vector<int> cuda_architectures() {
  return {__CUDA_ARCH_LIST__};
}

template <class Void>
cudaError_t probe_cuda_kernels() {
  cudaFuncAttributes attributes{};
  return cudaFuncGetAttributes(&attributes, probe_kernel<Void>);
}

}  // namespace flan::detail
