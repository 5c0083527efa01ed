#pragma once

#include "flan/cuda/kernels/quantized_product.cuh"
