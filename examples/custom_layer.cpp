// Your own layer: a low-rank adapter (Hu et al. 2021), its gradient checked by complex step, then trained.

#include <iostream>

#include "flan/cpu/backend.hpp"
#include "flan/layer/linear.hpp"
#include "flan/testing/layer.hpp"

using flan::extent, flan::matrix;

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

template <class B, class T>
void draw(B& be, matrix<T> m, std::uint64_t key) {
  std::vector<T> values;
  for (extent i = 0; i < m.rows * m.columns; ++i)
    values.push_back(static_cast<T>(flan::normal(key, static_cast<std::uint64_t>(i))));
  be.upload(m.data, values.data(), values.size() * sizeof(T));
}

/// Learns to cancel another adapter on 64 samples: the last loss, ½ Σ (both outputs added)², as a part of the first.
double train() {
  flan::cpu_backend be;
  low_rank<8, 8, 2, flan::fp32> layer, other, gradient, m, v;
  for (auto* l : {&layer, &other, &gradient, &m, &v}) allocate_parameters(be, *l);
  draw(be, layer.down.weight.values(), 1);  // `up` begins as zeros, and the adapter as nothing
  draw(be, other.down.weight.values(), 2), draw(be, other.up.weight.values(), 3);
  flan::tensor<float> const x(be, 64, 8), y(be, 64, 8), dx(be, 64, 8);
  flan::tensor<double> const sum(be, 1, 1);
  draw(be, x.view, 4);
  double first = 0, loss = 0;
  for (extent step = 1; step <= 300; ++step) {
    flan::frame kept(be, be.kept());  // gives back what the trace took
    decltype(layer)::trace t;
    be.fill(y.view, 0.0);
    other.forward(be, y.view, x.view);
    layer.forward(be, y.view, x.view, &t);
    be.fill(sum.view, 0.0);
    be.sum_of_squares(flat(sum.view), in(y.view));
    loss = to_host(be, sum.view)[0] / 2;
    if (step == 1) first = loss;
    if (step == 1 || step % 50 == 0) std::cout << "step " << step << ": loss " << loss << '\n';
    for_each_parameter([&](std::string const&, auto& g) { be.fill(g.values(), 0.0); }, gradient);
    layer.backward(be, dx.view, y.view, x.view, t, gradient);  // the loss's gradient by y is y
    for_each_parameter(
        [&](std::string const&, auto& w, auto& g, auto& m1, auto& m2) {
          be.adamw_update(w.values(), in(g.values()), m1.values(), m2.values(), {.rate = 0.03, .step = step});
        },
        layer, gradient, m, v);
  }
  return loss / first;
}

int main() try {
  auto const in_precision = [](auto p) { return low_rank<5, 4, 2, decltype(p)>(); };
  double const error = flan::testing::layer_gradient_error(in_precision, 3, 5, 4), left = train();
  std::cout << "gradient against complex step: " << error << "; loss left: " << 100 * left << " %\n";
  return error < 1e-10 && left < 0.01 ? 0 : 1;
} catch (std::exception const& e) {
  std::cerr << "custom_layer: " << e.what() << '\n';
  return 1;
}
