#pragma once

#include "flan/cuda/kernels/decode.cuh"

namespace flan::detail {
template void launch_append_to_cache(cudaStream_t, append_to_cache_task<float> const&);
template void launch_append_to_cache(cudaStream_t, append_to_cache_task<bf16> const&);
template void launch_top_k(cudaStream_t, top_k_task<float> const&);
}  // namespace flan::detail
