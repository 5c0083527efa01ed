#pragma once

#include "flan/cuda/kernels/attention_forward.cuh"
