#pragma once
/// Kernels of attention. Not yet written: launch_attention.

#include "flan/cuda/attention.hpp"
#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
