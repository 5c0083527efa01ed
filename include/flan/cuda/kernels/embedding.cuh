#pragma once
/// Kernels of embeddings. Not yet written: launch_embed, launch_embed_backward.

#include "flan/cuda/embedding.hpp"
#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
