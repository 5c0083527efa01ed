// expect: constraints not satisfied
#include <cstdint>

#include "flan/generate/load.hpp"

/// Two weights in a byte: a storage format of somebody's own, which cpu_backend's products do not read.
struct nibbles {
  std::uint8_t bits;
};

#ifdef MISTAKE
using chosen = flan::precision<nibbles, float, float, float>;
#else
using chosen = flan::precision<flan::f16, float, float, float>;
#endif

int main() {
  auto const open = [] { return flan::load<flan::flan_t5_small, chosen>("models/flan-t5-small"); };
  static_cast<void>(open);
}
