#pragma once

#include "flan/cuda/kernels/product.cuh"

namespace flan::detail {
template void launch_matmul(cudaStream_t, matmul_task<float, float, float> const&, library_room const&);
template void launch_matmul(cudaStream_t, matmul_task<bf16, bf16, bf16> const&, library_room const&);
template void launch_matmul(cudaStream_t, matmul_task<float, bf16, bf16> const&, library_room const&);
template void launch_weight_gradient(cudaStream_t, weight_gradient_task<float, float, float> const&,
                                     library_room const&);
template void launch_weight_gradient(cudaStream_t, weight_gradient_task<float, bf16, bf16> const&, library_room const&);
}  // namespace flan::detail
