// The kernels, compiled by the host's compiler for the emulator: what a program has nvcc compile.

#include "flan/cuda/instantiate.cuh"
