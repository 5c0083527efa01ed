#pragma once

#include "flan/cuda/kernels/decode.cuh"
