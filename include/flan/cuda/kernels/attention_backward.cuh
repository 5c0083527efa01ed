#pragma once
/// Kernels of attention's backward. Not yet written: launch_attention_backward.

#include "flan/cuda/attention_backward.hpp"
#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
