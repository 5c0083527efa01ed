#pragma once

#include "flan/cuda/kernels/loss.cuh"

namespace flan::detail {
template void launch_cross_entropy(cudaStream_t, cross_entropy_task<float> const&);
template void launch_cross_entropy(cudaStream_t, cross_entropy_task<bf16> const&);
}  // namespace flan::detail
