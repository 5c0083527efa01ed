// Prints the ceilings that products.cpp measures itself against.

#include "peak.hpp"

#include <cstdio>
#include <string>

int main() {
  for (int workers = 1, most = flan::threads(); workers <= most; ++workers) {
    for (auto isa : flan::instruction_sets)
      if (flan::available(isa))
        std::printf("%-10s %2d threads: %7.1f GFLOP/s, of bytes %7.1f Gop/s\n", std::string(name_of(isa)).c_str(),
                    workers, peak::multiply_adds(isa, workers) / 1e9, peak::byte_multiply_adds(isa, workers) / 1e9);
    std::printf("reading    %2d threads: %7.1f GB/s\n", workers, peak::read_rate(workers) / 1e9);
  }
}
