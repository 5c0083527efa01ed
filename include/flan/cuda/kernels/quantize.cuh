#pragma once
/// Kernels that make quantised weights and read them back: a warp a row. The numbers are those of
/// backend/quantized.hpp, bit for bit.

#include <bit>

#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/weights.hpp"

namespace flan::detail {

/// The panel of a row of a weight of `columns` columns.
template <class Q>
__device__ Q* panel_at(Q* panels, extent columns, extent row) {
  return panels + row / q8_panel::rows * q8_panel::bytes_of(columns);
}
/// Where in its panel the integer of (row, column) lies, behind the scales and sums.
__device__ inline extent place_in_panel(extent row, extent column) {
  return 8 * q8_panel::rows + q8_panel::group * (column / q8_panel::terms) + q8_panel::terms * (row % q8_panel::rows) +
         column % q8_panel::terms;
}

template <class W>
__global__ void quantize_kernel(quantize_task t) {
  extent const lane = threadIdx.x % warp_threads, warps = blockDim.x / warp_threads;
  for (extent i = blockIdx.x * warps + threadIdx.x / warp_threads; i < t.x.rows; i += gridDim.x * warps) {
    float const* const x = t.x.data + i * t.x.stride;
    // As the bits of magnitudes order: infinity and NaN above all.
    std::uint32_t most = 0;
    for (extent c = lane; c < t.columns; c += warp_threads) {
      std::uint32_t const magnitude = std::bit_cast<std::uint32_t>(x[c]) & 0x7fffffffu;
      most = magnitude > most ? magnitude : most;
    }
    for (int bits = warp_threads / 2; bits > 0; bits /= 2) {
      std::uint32_t const other = __shfl_xor_sync(whole_warp, most, bits);
      most = other > most ? other : most;
    }
    float scale = std::bit_cast<float>(most) / 127.0f;
    if (most >= 0x7f800000u) scale = std::bit_cast<float>(0x7fc00000u);
    if (scale < 0x1p-126f) scale = 0.0f;
    extent const row = t.first + i;
    W* const panel = panel_at(t.panels, t.columns, row);
    int sum = 0;
    for (extent c = lane; c < t.columns; c += warp_threads) {
      int const q = scale > 0.0f ? static_cast<int>(rintf(x[c] / scale)) : 0;
      sum += q;
      panel[place_in_panel(row, c)].bits = static_cast<std::int8_t>(q);
    }
    sum = warp_sum(sum);
    if (lane == 0) {
      reinterpret_cast<float*>(panel)[row % q8_panel::rows] = scale;
      reinterpret_cast<std::int32_t*>(panel)[q8_panel::rows + row % q8_panel::rows] = sum;
    }
  }
}
template <class W>
requires quantized<W>
void launch_quantize(cudaStream_t s, quantize_task const& t) {
  launch("quantize", quantize_kernel<W>, blocks_for(t.x.rows, 4), 128, 0, s, t);
}

template <class W>
__global__ void dequantize_kernel(dequantize_task t) {
  for (extent r = blockIdx.x; r < t.y.rows; r += gridDim.x) {
    W const* const panel = panel_at(t.panels, t.y.columns, r);
    float const scale = reinterpret_cast<float const*>(panel)[r % q8_panel::rows];
    for (extent c = threadIdx.x; c < t.y.columns; c += blockDim.x)
      t.y.data[r * t.y.stride + c] = scale * static_cast<float>(panel[place_in_panel(r, c)].bits);
  }
}
template <class W>
requires quantized<W>
void launch_dequantize(cudaStream_t s, dequantize_task const& t) {
  launch("unpack", dequantize_kernel<W>, blocks_for(t.y.rows, 1), 128, 0, s, t);
}

}  // namespace flan::detail
