// expect: a part of a layer needs `static constexpr auto members`
#include "flan/layer/linear.hpp"
#include "flan/layer/parameters.hpp"

struct scale {
  float by = 1;
#ifndef MISTAKE
  static constexpr auto members = flan::members();  // no parameter
#endif
};
struct scaled {
  flan::linear<8, 8, flan::fp32> w{8, 8};
  scale s;
  static constexpr auto members = flan::members("w", &scaled::w, "s", &scaled::s);
};

int main() {
  scaled layer;
  return flan::count_parameters(layer) == 64 ? 0 : 1;
}
