#pragma once

#include "flan/cuda/kernels/elementwise.cuh"

namespace flan::detail {
template void launch_fill(cudaStream_t, fill_task<float> const&);
template void launch_fill(cudaStream_t, fill_task<bf16> const&);
template void launch_fill(cudaStream_t, fill_task<f16> const&);
template void launch_convert(cudaStream_t, convert_task<float, float> const&);
template void launch_convert(cudaStream_t, convert_task<float, bf16> const&);
template void launch_convert(cudaStream_t, convert_task<float, f16> const&);
template void launch_convert(cudaStream_t, convert_task<bf16, float> const&);
template void launch_convert(cudaStream_t, convert_task<bf16, bf16> const&);
template void launch_convert(cudaStream_t, convert_task<bf16, f16> const&);
template void launch_convert(cudaStream_t, convert_task<f16, float> const&);
template void launch_convert(cudaStream_t, convert_task<f16, bf16> const&);
template void launch_convert(cudaStream_t, convert_task<f16, f16> const&);
template void launch_dropout(cudaStream_t, dropout_task<float> const&);
template void launch_dropout(cudaStream_t, dropout_task<bf16> const&);
template void launch_gate(cudaStream_t, gate_task<float> const&);
template void launch_gate(cudaStream_t, gate_task<bf16> const&);
template void launch_gate_backward(cudaStream_t, gate_backward_task<float> const&);
template void launch_gate_backward(cudaStream_t, gate_backward_task<bf16> const&);
}  // namespace flan::detail
