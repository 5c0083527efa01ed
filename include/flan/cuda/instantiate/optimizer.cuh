#pragma once

#include "flan/cuda/kernels/optimizer.cuh"
