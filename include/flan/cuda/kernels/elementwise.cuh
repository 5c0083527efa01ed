#pragma once
/// Kernels of elementwise ops: a thread an element, going round where a row is longer than the grid.

#include "flan/core/random.hpp"
#include "flan/cuda/elementwise.hpp"
#include "flan/cuda/kernels/activation.cuh"
#include "flan/cuda/kernels/numbers.cuh"

namespace flan::detail {

/// Calls f(row, column) for each element that is this thread's, of `rows` × `columns`.
template <class F>
__device__ void for_elements(extent rows, extent columns, F const& f) {
  extent const step = extent{gridDim.x} * blockDim.x;
  for (extent r = blockIdx.y; r < rows; r += gridDim.y)
    for (extent c = extent{blockIdx.x} * blockDim.x + threadIdx.x; c < columns; c += step) f(r, c);
}

/// Launches a kernel of for_elements over `rows` × `columns` elements.
template <class... Parameters, class... Arguments>
void launch_elements(char const* name, void (*kernel)(Parameters...), extent rows, extent columns, cudaStream_t stream,
                     Arguments const&... arguments) {
  unsigned const threads = columns <= 32 ? 32 : columns <= 128 ? 128 : 256;
  launch(name, kernel, dim3(blocks_for(columns, threads), blocks_for(rows, 1)), threads, 0, stream, arguments...);
}

template <class T>
__global__ void fill_kernel(fill_task<T> t) {
  for_elements(t.y.rows, t.y.columns, [&](extent r, extent c) { t.y.data[r * t.y.stride + c] = t.value; });
}
template <class T>
void launch_fill(cudaStream_t s, fill_task<T> const& t) {
  launch_elements("fill", fill_kernel<T>, t.y.rows, t.y.columns, s, t);
}

template <class T, class U>
__global__ void convert_kernel(convert_task<T, U> t) {
  for_elements(t.y.rows, t.y.columns, [&](extent r, extent c) {
    T* const y = t.y.data + r * t.y.stride + c;
    auto const x = read(t.x.data + r * t.x.stride + c);
    write(y, t.accumulate ? read(y) + x : x);
  });
}
template <class T, class U>
void launch_convert(cudaStream_t s, convert_task<T, U> const& t) {
  launch_elements("convert", convert_kernel<T, U>, t.y.rows, t.y.columns, s, t);
}

template <class T>
__global__ void dropout_kernel(dropout_task<T> t) {
  for_elements(t.y.rows, t.y.columns, [&](extent r, extent c) {
    bool const dropped = dropout_bits(t.rows[r], t.site, static_cast<std::uint32_t>(c)) < t.threshold;
    float const x = read(t.x.data + r * t.x.stride + c), kept = dropped ? 0.0f : x * t.scale;
    T* const y = t.y.data + r * t.y.stride + c;
    write(y, t.accumulate ? read(y) + kept : kept);
  });
}
template <class T>
void launch_dropout(cudaStream_t s, dropout_task<T> const& t) {
  launch_elements("dropout", dropout_kernel<T>, t.y.rows, t.y.columns, s, t);
}

template <class T>
__global__ void gate_kernel(gate_task<T> t) {
  for_elements(t.y.rows, t.y.columns, [&](extent r, extent c) {
    float y = activated(t.a, read(t.g.data + r * t.g.stride + c));
    if (t.u.data != nullptr) y *= read(t.u.data + r * t.u.stride + c);
    write(t.y.data + r * t.y.stride + c, y);
  });
}
template <class T>
void launch_gate(cudaStream_t s, gate_task<T> const& t) {
  launch_elements("gate", gate_kernel<T>, t.y.rows, t.y.columns, s, t);
}

template <class T>
__global__ void gate_backward_kernel(gate_backward_task<T> t) {
  for_elements(t.dg.rows, t.dg.columns, [&](extent r, extent c) {
    // All are read before one is written: dg or du may be dy.
    float const d = read(t.dy.data + r * t.dy.stride + c), g = read(t.g.data + r * t.g.stride + c);
    float dg = d * activated_slope(t.a, g);
    if (t.u.data != nullptr) {
      dg = d * read(t.u.data + r * t.u.stride + c) * activated_slope(t.a, g);
      write(t.du.data + r * t.du.stride + c, d * activated(t.a, g));
    }
    write(t.dg.data + r * t.dg.stride + c, dg);
  });
}
template <class T>
void launch_gate_backward(cudaStream_t s, gate_backward_task<T> const& t) {
  launch_elements("gate_backward", gate_backward_kernel<T>, t.dg.rows, t.dg.columns, s, t);
}

}  // namespace flan::detail
