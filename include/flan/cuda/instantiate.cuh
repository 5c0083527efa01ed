#pragma once
/// All kernels of flan::cuda_backend. Include this, and nothing else of flan, in one translation unit that nvcc
/// compiles; programs of any host compiler that include flan/cuda.hpp link with it. Each family's list is a file of its
/// own, so that a program that builds a family alone can.

#include "flan/cuda/instantiate/architectures.cuh"
#include "flan/cuda/instantiate/attention_backward.cuh"
#include "flan/cuda/instantiate/attention_forward.cuh"
#include "flan/cuda/instantiate/bias.cuh"
#include "flan/cuda/instantiate/decode.cuh"
#include "flan/cuda/instantiate/elementwise.cuh"
#include "flan/cuda/instantiate/embedding.cuh"
#include "flan/cuda/instantiate/loss.cuh"
#include "flan/cuda/instantiate/norm.cuh"
#include "flan/cuda/instantiate/optimizer.cuh"
#include "flan/cuda/instantiate/product.cuh"
#include "flan/cuda/instantiate/quantize.cuh"
#include "flan/cuda/instantiate/quantized_product.cuh"
