#pragma once
/// Kernels of the bias. Not yet written: launch_expand_bias, launch_expand_bias_backward.

#include "flan/cuda/bias.hpp"
#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
