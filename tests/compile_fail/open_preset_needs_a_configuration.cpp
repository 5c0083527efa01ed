// expect: is_resolved
#include "flan/model/presets.hpp"
#include "flan/model/t5.hpp"

int main() {
#ifdef MISTAKE
  flan::t5<flan::any_t5, flan::fp32> const model;  // of what size?
#else
  flan::t5<flan::any_t5, flan::fp32> const model(flan::flan_t5_small);
#endif
  return model.config() == flan::flan_t5_small ? 0 : 1;
}
