#pragma once
/// Checks for a layer of one's own, each in one call: is its gradient right, and does it learn.

#include <string>
#include <type_traits>
#include <vector>

#include "flan/core/precision.hpp"
#include "flan/layer/concept.hpp"
#include "flan/layer/parameters.hpp"
#include "flan/reference/backend.hpp"
#include "flan/testing/gradient.hpp"

namespace flan::testing {

/// How far a layer's backward is from the derivative of its forward, relative, along a random direction through its
/// input and all its parameters, which are normal numbers too. Below 1e-10 for one that is right. `make(P())` gives the
/// layer in precision P, its parameters without memory; its functions are
///   forward(be, y[rows, outputs], x[rows, inputs], trace*)        y is zero before: it may be added to
///   backward(be, dx, dy, x, trace const&, gradient)
template <class Make>
double layer_gradient_error(Make make, extent rows, extent inputs, extent outputs, std::uint64_t key = 1) {
  using L = decltype(make(fp64()));
  static_assert(trainable_layer<L, reference_backend>, "a layer that is trained needs a forward and a backward");
  reference_backend be;
  frame kept(be, be.kept());
  auto z = make(complex_precision());  // the same layer in complex numbers
  L layer = make(fp64()), d = make(fp64());
  allocate_parameters(be, z), allocate_parameters(be, layer), allocate_parameters(be, d);
  tensor<double> const x(be, rows, inputs), y(be, rows, outputs), dx(be, rows, inputs), dy(be, rows, outputs);
  tensor<complex> const zx(be, rows, inputs), zy(be, rows, outputs);

  std::uint64_t counter = 0;
  auto const draw = [&](matrix<double> m) {
    for (extent i = 0; i < m.rows * m.columns; ++i) m.data[i] = normal(key, counter++);
  };
  draw(x.view), draw(dy.view);
  be.copy(zx.view, in(x.view));
  std::vector<parameter_gradient> pairs{{zx.view, in(dx.view)}};
  for_each_parameter(
      [&](std::string const&, auto& wz, auto& w, auto& g) {
        draw(w.values());
        be.copy(wz.values(), in(w.values()));
        pairs.push_back({wz.values(), in(g.values())});
      },
      z, layer, d);

  typename L::trace t;
  be.fill(y.view, 0.0);
  layer.forward(be, y.view, x.view, &t);
  layer.backward(be, dx.view, dy.view, x.view, t, d);
  auto const loss = [&] {  // Σ dy·y, whose gradient by y is dy
    be.fill(zy.view, 0.0);
    z.forward(be, zy.view, zx.view);
    complex sum = 0;
    for (extent i = 0; i < rows * outputs; ++i) sum += zy.view.data[i] * dy.view.data[i];
    return sum;
  };
  return along_random_direction(loss, pairs, key_of(key, 1)).error();
}

/// How much is left, of the squared error that it begins with, when a layer in f32 has learnt for some steps of AdamW
/// on backend `be` to give, for `rows` normal inputs, the outputs of another such layer. Both begin with normal numbers
/// as parameters. `make` and the layer's functions are as above; what they are there to show is that they work together
/// on a backend of use, where nothing is complex.
template <class B, class Make>
double layer_error_left(B be, Make make, extent rows, extent inputs, extent outputs, extent steps = 300,
                        double rate = 0.03, std::uint64_t key = 1) {
  using L = decltype(make(fp32()));
  static_assert(trainable_layer<L, B>, "a layer that is trained needs a forward and a backward");
  L layer = make(fp32()), other = make(fp32()), gradient = make(fp32()), m = make(fp32()), v = make(fp32());
  for (L* l : {&layer, &other, &gradient, &m, &v}) allocate_parameters(be, *l);
  tensor<float> const x(be, rows, inputs), y(be, rows, outputs), dx(be, rows, inputs);
  std::uint64_t counter = 0;
  auto const draw = [&](matrix<float> to) {
    std::vector<float> values(static_cast<std::size_t>(to.rows * to.columns));
    for (float& value : values) value = static_cast<float>(normal(key, counter++));
    be.upload(to.data, values.data(), values.size() * sizeof(float));
  };
  draw(x.view);
  for (L* l : {&layer, &other}) for_each_parameter([&](std::string const&, auto& w) { draw(w.values()); }, *l);
  be.fill(y.view, 0.0);
  other.forward(be, y.view, x.view);
  auto const wanted = to_host(be, y.view);

  double first = 0, now = 0;
  adamw_options o;
  o.rate = rate;
  for (o.step = 1; o.step <= steps; ++o.step) {
    frame kept(be, be.kept());  // gives back what the trace took
    typename L::trace t;
    be.fill(y.view, 0.0);
    layer.forward(be, y.view, x.view, &t);
    auto error = to_host(be, y.view);  // and so the gradient of half its square
    now = 0;
    for (std::size_t i = 0; i < error.size(); ++i) {
      error[i] -= wanted[i];
      now += static_cast<double>(error[i]) * static_cast<double>(error[i]);
    }
    if (o.step == 1) first = now;
    be.upload(y.view.data, error.data(), error.size() * sizeof(float));
    for_each_parameter([&](std::string const&, auto& g) { be.fill(g.values(), 0.0); }, gradient);
    layer.backward(be, dx.view, y.view, x.view, t, gradient);
    for_each_parameter([&](std::string const&, auto& w, auto& g, auto& m1,
                           auto& m2) { be.adamw_update(w.values(), in(g.values()), m1.values(), m2.values(), o); },
                       layer, gradient, m, v);
  }
  return now / first;
}

}  // namespace flan::testing
