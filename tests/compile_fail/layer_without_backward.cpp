// expect: has_backward
#include "flan/cpu/backend.hpp"
#include "flan/layer/concept.hpp"
#include "flan/layer/linear.hpp"

struct doubled {
  flan::linear<8, 8, flan::fp32> w{8, 8};
  static constexpr auto members = flan::members("w", &doubled::w);
  template <class B>
  void forward(B& be, flan::matrix<float, 8> y, flan::matrix<float, 8> x) const {
    w.forward(be, y, x, {.scale = 2});
  }
#ifndef MISTAKE
  template <class B, class G>
  void backward(B& be, flan::matrix<float, 8> dx, flan::matrix<float, 8> dy, flan::matrix<float, 8> x, G& d) const {
    w.backward_weight(be, dy, x, d.w, 2);
    w.backward_input(be, dx, dy, {.scale = 2});
  }
#endif
};
static_assert(flan::layer<doubled>);

template <flan::trainable_layer<flan::cpu_backend> L>
void train(L&) {}

int main() {
  doubled d;
  train(d);
}
