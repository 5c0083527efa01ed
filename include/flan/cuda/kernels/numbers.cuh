#pragma once
/// Elements as numbers, in kernels: flan's own formats are read and written here alone.

#include "flan/core/number.hpp"
#include "flan/cuda/kernels/launch.cuh"

namespace flan::detail {

/// The element as a float (double stays double).
template <class T>
__device__ __forceinline__ wide_t<T> read(T const* p) {
  return widen(*p);
}
/// Stores a number, rounded to nearest even.
template <class T>
__device__ __forceinline__ void write(T* p, wide_t<T> x) {
  *p = narrow<T>(x);
}

}  // namespace flan::detail
