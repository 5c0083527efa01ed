// Your own layer: a low-rank adapter (Hu et al. 2021), its gradient checked by complex step, then trained.

#include <iostream>

#include "flan/cpu/backend.hpp"
#include "flan/layer/linear.hpp"
#include "flan/testing/layer.hpp"

using flan::extent, flan::matrix;

/// As the library's layers: parts with names, a trace, forward and backward side by side. Use it on any backend.
template <extent In, extent Out, extent Rank, class P>
struct low_rank {
  using F = typename P::wide;        // the residual stream: float, also where activations are bf16
  using X = typename P::activation;  // what products read

  flan::linear<In, Rank, P> down{In, Rank};
  flan::linear<Rank, Out, P> up{Rank, Out};
  // Names once: checkpoints, packing and optimizers find the parameters here.
  static constexpr auto members = flan::members("lora_A", &low_rank::down, "lora_B", &low_rank::up);

  struct trace {  // what forward leaves for backward
    matrix<X, Rank> hidden;
  };

  /// y[rows, Out] += up·down·x
  template <class B>
  void forward(B& be, matrix<F, Out> y, matrix<X, In> x, trace* kept = nullptr) const {
    flan::frame f(be);
    auto const hidden = kept ? flan::keep<X, Rank>(be, x.rows) : f.template make<X, Rank>(x.rows);
    down.forward(be, hidden, x);
    up.forward(be, y, hidden, {.accumulate = true});
    if (kept) kept->hidden = hidden;
  }
  /// dx = the gradient of x; d, a low_rank too, gathers those of the parameters.
  template <class B, class G>
  void backward(B& be, matrix<F, In> dx, matrix<F, Out> dy, matrix<X, In> x, trace const& kept, G& d) const {
    flan::frame f(be);
    auto const dhidden = f.template make<X, Rank>(x.rows);
    up.backward_weight(be, dy, kept.hidden, d.up);
    up.backward_input(be, dhidden, dy);
    down.backward_weight(be, dhidden, x, d.down);
    down.backward_input(be, dx, dhidden);
  }
};
static_assert(flan::trainable_layer<low_rank<8, 8, 2, flan::fp32>, flan::cpu_backend>);

int main() try {
  auto const in_precision = [](auto p) { return low_rank<8, 6, 2, decltype(p)>(); };
  double const error = flan::testing::layer_gradient_error(in_precision, 3, 8, 6);
  std::cout << "gradient against complex step: " << error << '\n';
  double const left = flan::testing::layer_error_left(flan::cpu_backend(), in_precision, 64, 8, 6);
  std::cout << "learning what another adapter does leaves " << 100 * left << " % of the error\n";
  return error < 1e-10 && left < 0.01 ? 0 : 1;
} catch (std::exception const& e) {
  std::cerr << "custom_layer: " << e.what() << '\n';
  return 1;
}
