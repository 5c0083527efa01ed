#pragma once
/// The activations, in floats. Formulas and their edges: reference/scalar.hpp.

#include "flan/core/activation.hpp"
#include "flan/cuda/kernels/launch.cuh"

namespace flan::detail {

__device__ inline float sigmoid_of(float x) { return 1.0f / (1.0f + expf(-x)); }

/// a(x). A NaN stays a NaN.
__device__ inline float activated(activation a, float x) {
  switch (a) {
    case activation::relu:
      return x <= 0.0f ? 0.0f : x;
    case activation::gelu:
      return 0.5f * x * (1.0f + erff(x * 0.70710678f));
    case activation::gelu_new:
      return 0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
    case activation::silu:
      return x * sigmoid_of(x);
    case activation::any:
      break;
  }
  return x;
}

/// a'(x); 0 at relu's kink.
__device__ inline float activated_slope(activation a, float x) {
  switch (a) {
    case activation::relu:
      return x <= 0.0f ? 0.0f : 1.0f;
    case activation::gelu:
      return 0.5f * (1.0f + erff(x * 0.70710678f)) + x * 0.39894228f * expf(-0.5f * x * x);
    case activation::gelu_new: {
      float const t = tanhf(0.79788456f * (x + 0.044715f * x * x * x));
      float const inner = 0.79788456f * (1.0f + 3 * 0.044715f * x * x);
      return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * inner;
    }
    case activation::silu: {
      float const s = sigmoid_of(x);
      return s * (1.0f + x * (1.0f - s));
    }
    case activation::any:
      break;
  }
  return 1.0f;
}

}  // namespace flan::detail
