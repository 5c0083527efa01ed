#pragma once

#include "flan/cuda/kernels/product.cuh"
