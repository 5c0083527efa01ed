#pragma once
/// Kernels of products. Not yet written: launch_matmul for numbers, launch_weight_gradient.

#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
#include "flan/cuda/products.hpp"
