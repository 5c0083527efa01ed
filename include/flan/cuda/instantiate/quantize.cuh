#pragma once

#include "flan/cuda/kernels/quantize.cuh"

namespace flan::detail {
template void launch_quantize<q8>(cudaStream_t, quantize_task const&);
template void launch_dequantize<q8>(cudaStream_t, dequantize_task const&);
}  // namespace flan::detail
