// expect: const flan::bf16
#include "flan/core/number.hpp"

int main() {
  flan::bf16 const x(1.0f), y(2.0f);
#ifdef MISTAKE
  auto const sum = x + y;
#else
  auto const sum = flan::widen(x) + flan::widen(y);
#endif
  return static_cast<int>(sum);
}
