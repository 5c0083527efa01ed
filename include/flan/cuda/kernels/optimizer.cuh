#pragma once
/// Kernels of optimizers. Not yet written: launch_sum_of_squares, launch_adafactor, launch_adamw.

#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
#include "flan/cuda/optimizer.hpp"
