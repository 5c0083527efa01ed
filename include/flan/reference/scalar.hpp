#pragma once
/// Scalar functions that the reference backend needs, for real and complex numbers. Complex ones are analytic in their
/// argument (nothing is conjugated, comparisons look at the real part), so that f(x + ih) carries h·f'(x) in its
/// imaginary part: the complex-step derivative, exact to rounding (Squire & Trapp 1998).

#include <cmath>
#include <complex>

#include "flan/core/activation.hpp"
#include "flan/core/number.hpp"
#include "flan/core/shape.hpp"

namespace flan::detail {

template <class T>
struct real_type {
  using type = T;
};
template <class T>
struct real_type<std::complex<T>> {
  using type = T;
};
template <class F>
using real_t = typename real_type<F>::type;

/// The type of long sums that a float would spoil: means over a whole parameter.
template <class F>
struct sum_type {
  using type = double;
};
template <class T>
struct sum_type<std::complex<T>> {
  using type = std::complex<T>;
};
template <class F>
using sum_t = typename sum_type<F>::type;

inline float real_part(float x) { return x; }
inline double real_part(double x) { return x; }
template <class T>
T real_part(std::complex<T> const& x) {
  return x.real();
}

inline float error_function(float x) { return std::erf(x); }
inline double error_function(double x) { return std::erf(x); }
/// To first order in the imaginary part, which is all that a complex step needs.
template <class T>
std::complex<T> error_function(std::complex<T> const& x) {
  constexpr T two_over_root_pi = static_cast<T>(1.1283791670955126);
  return {std::erf(x.real()), x.imag() * two_over_root_pi * std::exp(-x.real() * x.real())};
}

template <class F>
F sigmoid(F x) {
  return F(1) / (F(1) + std::exp(-x));
}

/// a(x). A NaN stays a NaN.
template <class F>
F apply(activation a, F x) {
  switch (a) {
    case activation::relu:
      return real_part(x) <= 0 ? F(0) : x;
    case activation::gelu:
      return F(0.5) * x * (F(1) + error_function(x * F(0.7071067811865476)));
    case activation::gelu_new:
      return F(0.5) * x * (F(1) + std::tanh(F(0.7978845608028654) * (x + F(0.044715) * x * x * x)));
    case activation::silu:
      return x * sigmoid(x);
    case activation::any:
      break;
  }
  fail("activation::any is for configurations: an op expects the activation itself");
}

/// a'(x); 0 at relu's kink.
template <class F>
F derivative(activation a, F x) {
  switch (a) {
    case activation::relu:
      return real_part(x) <= 0 ? F(0) : F(1);
    case activation::gelu:
      return F(0.5) * (F(1) + error_function(x * F(0.7071067811865476))) +
             x * F(0.3989422804014327) * std::exp(F(-0.5) * x * x);
    case activation::gelu_new: {
      F const t = std::tanh(F(0.7978845608028654) * (x + F(0.044715) * x * x * x));
      F const inner = F(0.7978845608028654) * (F(1) + F(3 * 0.044715) * x * x);
      return F(0.5) * (F(1) + t) + F(0.5) * x * (F(1) - t * t) * inner;
    }
    case activation::silu: {
      F const s = sigmoid(x);
      return s * (F(1) + x * (F(1) - s));
    }
    case activation::any:
      break;
  }
  fail("activation::any is for configurations: an op expects the activation itself");
}

/// A stored or computed number in another format: through the wide types, so that bf16 meets double.
template <class To, class From>
To convert(From const& x) {
  return narrow<To>(static_cast<wide_t<To>>(widen(x)));
}

}  // namespace flan::detail
