#pragma once

#include "flan/cuda/kernels/embedding.cuh"
