#pragma once
/// Kernels of products with quantised weights. Not yet written: launch_matmul for q8.

#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
#include "flan/cuda/products.hpp"
