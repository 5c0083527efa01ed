#pragma once

#include "flan/cuda/kernels/attention_backward.cuh"

namespace flan::detail {
template void launch_attention_backward(cudaStream_t, attention_backward_task<float> const&);
template void launch_attention_backward(cudaStream_t, attention_backward_task<bf16> const&);
}  // namespace flan::detail
