#pragma once

#include "flan/cuda/kernels/bias.cuh"
