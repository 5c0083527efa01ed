#pragma once
/// Kernels of decoding. Not yet written: launch_append_to_cache, launch_top_k.

#include "flan/cuda/decode.hpp"
#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
