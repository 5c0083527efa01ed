#pragma once
/// Gradients by complex step: for an analytic f, Im f(x + ih)/h is f'(x) to rounding, since nothing is subtracted
/// (Squire & Trapp 1998). Write a layer as a template over its precision, run its forward on the reference backend in
/// `complex_precision`, its backward in `fp64`, and ask for `gradient_error` below 1e-10.

#include <cmath>
#include <complex>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/core/precision.hpp"
#include "flan/core/random.hpp"
#include "flan/tensor/view.hpp"

namespace flan::testing {

using complex = std::complex<double>;

/// What the oracle's forward runs in when derivatives are asked for.
using complex_precision = precision<complex, complex, complex, complex>;

/// Small enough that its square vanishes beside any real part, large enough that products of a few stay normal.
inline constexpr double complex_step_size = 1e-40;

/// d f / d x for each element of x, row by row. f() returns the complex loss and reads x, which lies in host memory; it
/// is called once per element, and x is as before afterwards.
template <class F>
std::vector<double> complex_step(F&& f, matrix<complex> x) {
  std::vector<double> derivative;
  derivative.reserve(static_cast<std::size_t>(x.rows * x.columns));
  for (extent r = 0; r < x.rows; ++r)
    for (extent c = 0; c < x.columns; ++c) {
      complex& element = x.data[r * x.stride + c];
      complex const before = element;
      element += complex(0, complex_step_size);
      derivative.push_back(complex(f()).imag() / complex_step_size);
      element = before;
    }
  return derivative;
}

/// A parameter and the gradient that a backward pass found for it, both in host memory and of one shape.
struct parameter_gradient {
  matrix<complex> parameter;
  matrix<double const> gradient;
};

/// The derivative of f along one direction through all parameters at once, and what the gradients say it is: two calls'
/// worth of work for a whole model. Directions are standard normal, drawn from `key`.
struct directional {
  double by_complex_step, by_gradient;
  double error() const { return std::abs(by_complex_step - by_gradient) / std::abs(by_complex_step); }
};
template <class F>
directional along_random_direction(F&& f, std::vector<parameter_gradient> const& parameters, std::uint64_t key) {
  directional d{0, 0};
  std::uint64_t counter = 0;
  auto const each = [&](auto&& visit) {
    counter = 0;
    for (auto const& p : parameters)
      for (extent r = 0; r < p.parameter.rows; ++r)
        for (extent c = 0; c < p.parameter.columns; ++c)
          visit(p.parameter.data[r * p.parameter.stride + c], p.gradient.data[r * p.gradient.stride + c],
                normal(key, counter++));
  };
  each([&](complex& x, double g, double direction) {
    x.imag(direction * complex_step_size);
    d.by_gradient += direction * g;
  });
  d.by_complex_step = complex(f()).imag() / complex_step_size;
  each([](complex& x, double, double) { x.imag(0); });
  return d;
}

/// ‖found − expected‖ / ‖expected‖; 0 where both are zero, infinite where only the expected is. Throws when the sizes
/// differ.
inline double gradient_error(std::vector<double> const& found, std::vector<double> const& expected) {
  if (found.size() != expected.size())
    fail("gradient_error expected ", expected.size(), " elements but found ", found.size());
  double off = 0, size = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    off += (found[i] - expected[i]) * (found[i] - expected[i]);
    size += expected[i] * expected[i];
  }
  return off == 0 ? 0 : std::sqrt(off / size);
}

/// The elements of a matrix in host memory, row by row.
template <class T>
std::vector<std::remove_const_t<T>> elements(matrix<T> m) {
  std::vector<std::remove_const_t<T>> v;
  for (extent r = 0; r < m.rows; ++r) v.insert(v.end(), m.data + r * m.stride, m.data + r * m.stride + m.columns);
  return v;
}

/// complex_step of f at x against the gradient a backward pass found: what a test bounds by 1e-10.
template <class F>
double gradient_error(F&& f, matrix<complex> x, matrix<double const> found) {
  return gradient_error(elements(found), complex_step(f, x));
}

}  // namespace flan::testing
