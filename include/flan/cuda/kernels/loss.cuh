#pragma once
/// Kernels of the loss: a block a row, whose logits are read once for the loss and once more for the gradient. No
/// device has run it yet: unmeasured.

#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
#include "flan/cuda/loss.hpp"

namespace flan::detail {

/// Σ exp of some numbers, as exp(largest)·sum.
struct running_exponentials {
  float largest = -HUGE_VALF, sum = 0.0f;

  __device__ void add(float x) {
    if (x > largest)
      sum = sum * expf(largest - x) + 1.0f, largest = x;
    else if (x != -HUGE_VALF)  // whose part is 0, and where all are, no difference is a number
      sum += expf(x - largest);
  }
  /// Over the block: `largest` is its, and `sum` NaN where a number is NaN or +infinity, or none is above -infinity.
  __device__ void join(block_partials<float>& shared) {
    float const most = block_max(largest, shared);
    sum = block_sum(sum == 0.0f ? 0.0f : sum * expf(largest - most), shared) + (most - most);
    largest = most;
  }
};

template <class X>
__global__ void __launch_bounds__(1024) cross_entropy_kernel(cross_entropy_task<X> t) {
  auto& shared = shared_memory<block_partials<float>>();
  extent const columns = t.logits.columns;
  bool const backward = t.gradient.data != nullptr;
  for (extent r = blockIdx.x; r < t.logits.rows; r += gridDim.x) {
    float const* const logits = t.logits.data + r * t.logits.stride;
    X* const gradient = backward ? t.gradient.data + r * t.gradient.stride : nullptr;
    std::int32_t const label = t.labels[r];
    if (label == t.ignore) {
      if (threadIdx.x == 0) t.loss[r] = 0.0f;
      if (backward)
        for (extent v = threadIdx.x; v < columns; v += blockDim.x) write(gradient + v, 0.0f);
      continue;
    }
    bool const inside = label >= 0 && label < columns;
    float const of_label = inside ? logits[label] : 0.0f;  // before the gradient takes its place
    running_exponentials exponentials;
    float plain = 0.0f;
    for (extent v = threadIdx.x; v < columns; v += blockDim.x) exponentials.add(logits[v]), plain += logits[v];
    exponentials.join(shared);
    // log Z in two parts: differences of large logits stay exact.
    float const largest = exponentials.largest,
                log_sum = inside ? logf(exponentials.sum) : __uint_as_float(0x7fc00000u), log_z = largest + log_sum;
    if (t.smooth != 0.0f) plain = block_sum(plain, shared);
    if (threadIdx.x == 0) {
      float const others = t.smooth != 0.0f ? t.smooth * (static_cast<float>(columns) * log_z - plain) : 0.0f;
      t.loss[r] = t.sharp * ((largest - of_label) + log_sum) + others + t.z * log_z * log_z;
    }
    if (!backward) continue;
    float const factor_of_p = 1.0f + 2.0f * t.z * log_z;
    for (extent v = threadIdx.x; v < columns; v += blockDim.x) {
      float d = expf((logits[v] - largest) - log_sum) * factor_of_p - t.smooth;
      if (v == label) d -= t.sharp;
      write(gradient + v, d * t.factor);
    }
  }
}

template <class X>
void launch_cross_entropy(cudaStream_t s, cross_entropy_task<X> const& t) {
  extent const columns = t.logits.columns;
  unsigned const threads = columns <= 512 ? 64 : columns <= 4096 ? 256 : 1024;
  launch("cross_entropy", cross_entropy_kernel<X>, blocks_for(t.logits.rows, 1), threads, sizeof(block_partials<float>),
         s, t);
}

}  // namespace flan::detail
