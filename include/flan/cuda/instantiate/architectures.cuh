#pragma once

#include "flan/cuda/kernels/architectures.cuh"

namespace flan::detail {
template std::vector<int> cuda_architectures<void>();
template cudaError_t probe_cuda_kernels<void>();
}  // namespace flan::detail
