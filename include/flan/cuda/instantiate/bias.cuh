#pragma once

#include "flan/cuda/kernels/bias.cuh"

namespace flan::detail {
template void launch_expand_bias(cudaStream_t, expand_bias_task<float, float> const&);
template void launch_expand_bias_backward(cudaStream_t, expand_bias_backward_task<float, float> const&);
}  // namespace flan::detail
