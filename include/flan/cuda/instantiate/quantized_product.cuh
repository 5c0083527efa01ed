#pragma once

#include "flan/cuda/kernels/quantized_product.cuh"

namespace flan::detail {
template void launch_quantized_matmul<q8>(cudaStream_t, quantized_matmul_task<q8> const&);
}  // namespace flan::detail
