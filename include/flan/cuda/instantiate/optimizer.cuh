#pragma once

#include "flan/cuda/kernels/optimizer.cuh"

namespace flan::detail {
template void launch_sum_of_squares(cudaStream_t, sum_of_squares_task<float> const&);
template void launch_adafactor(cudaStream_t, adafactor_task<float, float> const&);
template void launch_adamw(cudaStream_t, adamw_task<float, float> const&);
}  // namespace flan::detail
