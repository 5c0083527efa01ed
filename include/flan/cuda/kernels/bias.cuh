#pragma once
/// Kernels of the bias by distance. Unmeasured: no device has run them yet.

#include "flan/cuda/bias.hpp"
#include "flan/cuda/kernels/elementwise.cuh"
#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"

namespace flan::detail {

template <class T, class U>
__global__ void expand_bias_kernel(expand_bias_task<T, U> t) {
  for_elements(t.bias.rows, t.bias.columns, [&](extent h, extent c) {
    write(t.bias.data + h * t.bias.stride + c, read(t.table.data + t.bucket[c] * t.table.stride + h));
  });
}
template <class T, class U>
void launch_expand_bias(cudaStream_t s, expand_bias_task<T, U> const& t) {
  launch_elements("expand_bias", expand_bias_kernel<T, U>, t.bias.rows, t.bias.columns, s, t);
}

/// A warp an element of the table: it looks at all columns, of which there are few, and adds those of its bucket.
template <class G, class T>
__global__ void expand_bias_backward_kernel(expand_bias_backward_task<G, T> t) {
  extent const lane = threadIdx.x % warp_threads, warps = blockDim.x / warp_threads;
  extent const buckets = t.dtable.rows, elements = buckets * t.dtable.columns;
  for (extent i = blockIdx.x * warps + threadIdx.x / warp_threads; i < elements; i += gridDim.x * warps) {
    extent const h = i / buckets, b = i - h * buckets;  // warps of one head are neighbours: they read the same row
    T const* const dbias = t.dbias.data + h * t.dbias.stride;
    float sum = 0.0f;
    for (extent c = lane; c < t.dbias.columns; c += warp_threads)
      if (t.bucket[c] == b) sum += read(dbias + c);
    sum = warp_sum(sum);
    G* const d = t.dtable.data + b * t.dtable.stride + h;
    if (lane == 0) write(d, read(d) + sum);
  }
}
template <class G, class T>
void launch_expand_bias_backward(cudaStream_t s, expand_bias_backward_task<G, T> const& t) {
  launch("expand_bias_backward", expand_bias_backward_kernel<G, T>, blocks_for(t.dtable.rows * t.dtable.columns, 4),
         128, 0, s, t);
}

}  // namespace flan::detail
