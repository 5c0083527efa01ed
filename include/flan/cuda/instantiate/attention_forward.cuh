#pragma once

#include "flan/cuda/kernels/attention_forward.cuh"

namespace flan::detail {
template void launch_attention(cudaStream_t, attention_task<float> const&);
template void launch_attention(cudaStream_t, attention_task<bf16> const&);
}  // namespace flan::detail
