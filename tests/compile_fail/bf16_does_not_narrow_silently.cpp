// expect: bf16
#include "flan/core/number.hpp"

int main() {
#ifdef MISTAKE
  flan::bf16 x = 1.0f;
#else
  flan::bf16 x(1.0f);
#endif
  return x.bits == 0;
}
