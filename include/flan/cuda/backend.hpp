#pragma once
/// The CUDA backend: what a host compiler needs of it. Its kernels come from one translation unit of the program's that
/// nvcc compiles: `#include "flan/cuda/instantiate.cuh"` and nothing else (CMake: flan_add_cuda_kernels).

#include "flan/cuda/attention.hpp"
#include "flan/cuda/attention_backward.hpp"
#include "flan/cuda/bias.hpp"
#include "flan/cuda/decode.hpp"
#include "flan/cuda/elementwise.hpp"
#include "flan/cuda/embedding.hpp"
#include "flan/cuda/loss.hpp"
#include "flan/cuda/memory.hpp"
#include "flan/cuda/norm.hpp"
#include "flan/cuda/optimizer.hpp"
#include "flan/cuda/products.hpp"
#include "flan/cuda/weights.hpp"

namespace flan {

/// Models training_backend for fp32 and bf16_mixed, inference_backend for q8_weights. Copies share the device and its
/// memory and have a stream, workspace and library handles of their own. The same call gives the same bits on the same
/// kind of device. Composite ops (cross_entropy_head) use the kernels of this class, not a derived class's matmul.
/// Errors of kernels show at a later call, at the latest at `synchronize`.
class cuda_backend : public detail::cuda_memory,
                     public detail::cuda_weights<cuda_backend>,
                     public detail::cuda_products<cuda_backend>,
                     public detail::cuda_elementwise<cuda_backend>,
                     public detail::cuda_norm<cuda_backend>,
                     public detail::cuda_embedding<cuda_backend>,
                     public detail::cuda_bias<cuda_backend>,
                     public detail::cuda_attention<cuda_backend>,
                     public detail::cuda_attention_backward<cuda_backend>,
                     public detail::cuda_decode<cuda_backend>,
                     public detail::cuda_loss<cuda_backend>,
                     public detail::cuda_optimizer<cuda_backend> {
 public:
  /// Throws cuda_error where there is no driver or no device, and flan::error where the program's kernels were not
  /// compiled for the device.
  explicit cuda_backend(cuda_options const& o = {}) : detail::cuda_memory(o) {}
};

}  // namespace flan
