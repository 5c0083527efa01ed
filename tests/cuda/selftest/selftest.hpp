#pragma once
/// What the parts of flan_cuda_selftest share.

#include <string>
#include <vector>

#include "flan/cuda.hpp"

namespace flan::selftest {

/// Small shapes: shows in seconds that everything runs, and measures nothing.
inline bool quick = false;

/// One measured number.
struct figure {
  std::string name;
  double value;
  std::string unit;
};

/// Bandwidths, products, attention, decoding and a step of training; each figure is printed when it is known.
std::vector<figure> run_benchmarks(cuda_backend& be);

}  // namespace flan::selftest
