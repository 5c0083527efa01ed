#pragma once
/// The gradient check for a layer of one's own, in one call.

#include <string>
#include <type_traits>
#include <vector>

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

}  // namespace flan::testing
