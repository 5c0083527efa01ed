#pragma once

#include "flan/cuda/kernels/attention_backward.cuh"
