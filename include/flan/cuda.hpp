#pragma once
/// The CUDA backend for any host compiler; see flan/cuda/backend.hpp. Besides the standard library it needs
/// <cuda_runtime_api.h>, the CUDA runtime to link, and the kernels.

#include "flan/cuda/backend.hpp"
