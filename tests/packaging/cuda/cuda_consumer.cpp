// Its own file is the host compiler's; the kernels are compiled for it.
#include <cstdio>
#include <flan/cuda.hpp>

int main() try {
  flan::cuda_backend be;
  flan::tensor<float> y(be, 3, 5);
  be.fill(y.view, 2.5);
  std::printf("ran on %s\n", be.device().name.c_str());
  return flan::to_host(be, y.view).at(14) == 2.5f ? 0 : 1;
} catch (flan::cuda_error const& e) {
  std::puts(e.what());
  return e.code == cudaErrorNoDevice || e.code == cudaErrorInsufficientDriver ? 0 : 1;
}
