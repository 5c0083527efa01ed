#pragma once
/// Kernels of the loss. Not yet written: launch_cross_entropy.

#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
#include "flan/cuda/loss.hpp"
