// expect: beams
#include "flan/generate/options.hpp"

int main() {
#ifdef MISTAKE
  flan::generate_options const o{.beams = flan::nucleus{.p = 0.9f}};
#else
  flan::generate_options const o{.sampling = flan::nucleus{.p = 0.9f}};
#endif
  return o.sampling ? 0 : 1;
}
