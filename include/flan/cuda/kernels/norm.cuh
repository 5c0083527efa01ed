#pragma once
/// Kernels of the layer norm: a block a row; the gain's gradient by runs of rows, whose sums are added in order.

#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
#include "flan/cuda/norm.hpp"

namespace flan::detail {

/// Threads of a block that has a row.
inline unsigned threads_for_row(extent columns) { return columns <= 256 ? 64 : columns <= 1024 ? 128 : 256; }

template <class Y>
__global__ void __launch_bounds__(256) rms_norm_kernel(rms_norm_task<Y> t) {
  auto& shared = shared_memory<block_partials<float>>();
  extent const columns = t.x.columns;
  for (extent r = blockIdx.x; r < t.x.rows; r += gridDim.x) {
    float const* const x = t.x.data + r * t.x.stride;
    float squares = 0.0f;
    for (extent c = threadIdx.x; c < columns; c += blockDim.x) squares += x[c] * x[c];
    float const mean = block_sum(squares, shared) / static_cast<float>(columns);
    float const inverse = 1.0f / sqrtf(mean + t.epsilon);
    if (threadIdx.x == 0 && t.inverse != nullptr) t.inverse[r] = inverse;
    Y* const y = t.y.data + r * t.y.stride;
    for (extent c = threadIdx.x; c < columns; c += blockDim.x) write(y + c, x[c] * inverse * t.gain[c]);
  }
}
template <class Y>
void launch_rms_norm(cudaStream_t s, rms_norm_task<Y> const& t) {
  launch("rms_norm", rms_norm_kernel<Y>, blocks_for(t.x.rows, 1), threads_for_row(t.x.columns),
         sizeof(block_partials<float>), s, t);
}

/// partial[i, c] = Σ dy·n over the rows of run i, in order.
template <class D, class G, class E>
__global__ void gain_partials_kernel(rms_norm_backward_task<D, G, E> t) {
  extent const c = extent{blockIdx.x} * blockDim.x + threadIdx.x;
  if (c >= t.x.columns) return;
  for (extent part = blockIdx.y; part < t.partial.rows; part += gridDim.y) {
    extent const first = part * t.rows_per_part, end = first + t.rows_per_part;
    float sum = 0.0f;
    for (extent r = first; r < end && r < t.x.rows; ++r)
      sum += read(t.dy.data + r * t.dy.stride + c) * (t.x.data[r * t.x.stride + c] * t.inverse[r]);
    t.partial.data[part * t.partial.stride + c] = sum;
  }
}
template <class D, class G, class E>
__global__ void gain_gradient_kernel(rms_norm_backward_task<D, G, E> t) {
  extent const c = extent{blockIdx.x} * blockDim.x + threadIdx.x;
  if (c >= t.x.columns) return;
  float sum = 0.0f;
  for (extent part = 0; part < t.partial.rows; ++part) sum += t.partial.data[part * t.partial.stride + c];
  write(t.dgain + c, read(t.dgain + c) + sum);
}

template <class D, class G, class E>
__global__ void __launch_bounds__(256) rms_norm_backward_kernel(rms_norm_backward_task<D, G, E> t) {
  auto& shared = shared_memory<block_partials<float>>();
  extent const columns = t.x.columns;
  for (extent r = blockIdx.x; r < t.x.rows; r += gridDim.x) {
    float const* const x = t.x.data + r * t.x.stride;
    E const* const dy = t.dy.data + r * t.dy.stride;
    float const inverse = t.inverse[r];
    float sum = 0.0f;
    for (extent c = threadIdx.x; c < columns; c += blockDim.x) sum += read(dy + c) * t.gain[c] * (x[c] * inverse);
    float const mean = block_sum(sum, shared) / static_cast<float>(columns);
    D* const dx = t.dx.data + r * t.dx.stride;
    for (extent c = threadIdx.x; c < columns; c += blockDim.x) {
      float const d = inverse * (read(dy + c) * t.gain[c] - x[c] * inverse * mean);
      write(dx + c, t.accumulate ? read(dx + c) + d : d);
    }
  }
}
template <class D, class G, class E>
void launch_rms_norm_backward(cudaStream_t s, rms_norm_backward_task<D, G, E> const& t) {
  extent const rows = t.x.rows, columns = t.x.columns;
  // The gain first, since dx may be dy.
  launch("rms_norm_backward (parts of the gain)", gain_partials_kernel<D, G, E>,
         dim3(blocks_for(columns, 128), blocks_for(t.partial.rows, 1)), 128, 0, s, t);
  launch("rms_norm_backward (gain)", gain_gradient_kernel<D, G, E>, blocks_for(columns, 128), 128, 0, s, t);
  launch("rms_norm_backward", rms_norm_backward_kernel<D, G, E>, blocks_for(rows, 1), threads_for_row(columns),
         sizeof(block_partials<float>), s, t);
}

}  // namespace flan::detail
