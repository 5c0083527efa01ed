#pragma once

#include "flan/cuda/kernels/embedding.cuh"

namespace flan::detail {
template void launch_embed(cudaStream_t, embed_task<float, float> const&);
template void launch_embed(cudaStream_t, embed_task<float, bf16> const&);
template void launch_embed(cudaStream_t, embed_task<float, q8> const&);
template void launch_embed(cudaStream_t, embed_task<bf16, float> const&);
template void launch_embed(cudaStream_t, embed_task<bf16, bf16> const&);
template void launch_embed(cudaStream_t, embed_task<bf16, q8> const&);
template void launch_embed_backward(cudaStream_t, embed_backward_task<float, float> const&);
}  // namespace flan::detail
