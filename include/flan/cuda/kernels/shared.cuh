#pragma once
/// The shared memory of a block. All of it is dynamic, and described by one struct of the kernel's: `__shared__` stands
/// nowhere else, so that what a block needs is a sizeof, and tests can watch over it.

#include "flan/cuda/kernels/launch.cuh"

alignas(128) extern __shared__ unsigned char flan_shared_memory[];

namespace flan::detail {

/// The block's shared memory as a T, uninitialised; launch with shared_bytes = sizeof(T), or more where T is only its
/// beginning.
template <class T>
__device__ T& shared_memory() {
  static_assert(alignof(T) <= 128);
  return *reinterpret_cast<T*>(flan_shared_memory);
}

}  // namespace flan::detail
