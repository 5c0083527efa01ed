#pragma once
/// The element types that the kernels exist for.

#include <concepts>

#include "flan/core/number.hpp"
#include "flan/core/packed.hpp"

namespace flan {

/// Numbers that kernels compute with: every op has them.
template <class T>
concept cuda_number = std::same_as<T, float> || std::same_as<T, bf16>;

/// Numbers that can be filled, copied and added: the above, and what checkpoints have besides.
template <class T>
concept cuda_stored = cuda_number<T> || std::same_as<T, f16>;

/// Elements of weights that products and embeddings read.
template <class W>
concept cuda_weight_element = cuda_number<W> || quantized<W>;

}  // namespace flan
