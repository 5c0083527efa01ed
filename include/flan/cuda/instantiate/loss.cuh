#pragma once

#include "flan/cuda/kernels/loss.cuh"
