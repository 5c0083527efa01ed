#pragma once

#include "flan/cuda/kernels/norm.cuh"

namespace flan::detail {
template void launch_rms_norm(cudaStream_t, rms_norm_task<float> const&);
template void launch_rms_norm(cudaStream_t, rms_norm_task<bf16> const&);
template void launch_rms_norm_backward(cudaStream_t, rms_norm_backward_task<float, float, float> const&);
}  // namespace flan::detail
