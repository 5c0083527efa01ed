// Whether a program of the host's compiler links with nvcc's kernels and runs one. Skipped, aloud, without a device.

#include <cstdio>

#include "flan/cuda.hpp"

int main() {
  try {
    flan::cuda_backend be;
    flan::tensor<float> y(be, 3, 5);
    be.fill(y.view, 2.5);
    for (float v : flan::to_host(be, y.view))
      if (v != 2.5f) return std::puts("fill gave other numbers"), 1;
    std::printf("ran on %s, sm_%d%d\n", be.device().name.c_str(), be.device().major, be.device().minor);
    return 0;
  } catch (flan::cuda_error const& e) {
    bool const absent = flan::no_device(e);
    std::printf("%s%s\n", absent ? "skipped: no device: " : "", e.what());
    return absent ? 77 : 1;
  } catch (flan::error const& e) {
    return std::puts(e.what()), 1;
  }
}
