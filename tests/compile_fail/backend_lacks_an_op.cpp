// expect: constraints not satisfied
#include <optional>

#include "flan/generate/load.hpp"

/// A backend with an op too few.
struct half_done : flan::cpu_backend {
#ifdef MISTAKE
  void matmul() = delete;  // hides the base's
#endif
};

int main() {
  auto const open = [] { return flan::load<flan::flan_t5_small, flan::fp32>("models/flan-t5-small", half_done()); };
  static_cast<void>(open);
}
