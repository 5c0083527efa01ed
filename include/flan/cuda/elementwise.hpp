#pragma once
/// CUDA: elementwise ops, dropout, activations and gates.

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/cuda/elements.hpp"
#include "flan/cuda/error.hpp"

namespace flan::detail {

// The tasks' matrices have the same extents, which are not empty; their launches are defined in
// kernels/elementwise.cuh.

template <class T>
struct fill_task {
  matrix<T> y;
  T value;
};
/// y = x, or y += x.
template <class T, class U>
struct convert_task {
  matrix<T> y;
  matrix<U const> x;
  bool accumulate;
};
/// y = (or +=) scale·x where dropout_bits(rows[r], site, column) ≥ threshold, else 0. y may be x.
template <class T>
struct dropout_task {
  matrix<T> y;
  matrix<T const> x;
  std::uint32_t const* rows;
  std::uint32_t site, threshold;
  float scale;
  bool accumulate;
};
/// y = a(g)·u, or a(g) where u.data is null. y may be g or u.
template <class T>
struct gate_task {
  matrix<T> y;
  matrix<T const> g, u;
  activation a;
};
/// dg = dy·u·a'(g), du = dy·a(g); without u (data null) dg = dy·a'(g) alone. dg or du may be dy.
template <class T>
struct gate_backward_task {
  matrix<T> dg, du;
  matrix<T const> dy, g, u;
  activation a;
};

template <class T>
void launch_fill(cudaStream_t, fill_task<T> const&);
template <class T, class U>
void launch_convert(cudaStream_t, convert_task<T, U> const&);
template <class T>
void launch_dropout(cudaStream_t, dropout_task<T> const&);
template <class T>
void launch_gate(cudaStream_t, gate_task<T> const&);
template <class T>
void launch_gate_backward(cudaStream_t, gate_backward_task<T> const&);

template <class Backend>
class cuda_elementwise {
  Backend& self() { return static_cast<Backend&>(*this); }

  static void expect_known(activation a) {
    if (a == activation::any) fail("activation::any is for configurations: an op expects the activation itself");
  }

 public:
  template <cuda_stored T>
  void fill(matrix<T> y, double value) {
    if (!y.empty()) launch_fill<T>(self().stream(), {y, narrow<T>(static_cast<wide_t<T>>(value))});
  }
  template <cuda_stored T, cuda_stored U>
  void copy(matrix<T> y, matrix<U const> x) {
    expect_shape("copy", "y", y, x);
    if (!y.empty()) launch_convert<T, U>(self().stream(), {y, x, false});
  }
  template <cuda_stored T, cuda_stored U>
  void add(matrix<T> y, matrix<U const> x) {
    expect_shape("add", "y", y, x);
    if (!y.empty()) launch_convert<T, U>(self().stream(), {y, x, true});
  }

  template <cuda_number T>
  void dropout(matrix<T> y, matrix<T const> x, dropout_options const& o, bool accumulate) {
    expect_shape("dropout", "y", y, x);
    if (o.active()) expect("dropout", "the row keys", x.rows, o.rows.size);
    if (y.empty()) return;
    if (!o.active()) return launch_convert<T, T>(self().stream(), {y, x, accumulate});
    launch_dropout<T>(self().stream(),
                      {y, x, o.rows.data, o.site, o.threshold(), static_cast<float>(1 / (1 - o.rate)), accumulate});
  }

  template <cuda_number T>
  void activate(matrix<T> y, matrix<T const> x, activation a) {
    expect_shape("activate", "y", y, x);
    expect_known(a);
    if (!y.empty()) launch_gate<T>(self().stream(), {y, x, {}, a});
  }
  template <cuda_number T>
  void gate(matrix<T> y, matrix<T const> g, matrix<T const> u, activation a) {
    expect_shape("gate", "u", u, g);
    expect_shape("gate", "y", y, g);
    expect_known(a);
    if (!y.empty()) launch_gate<T>(self().stream(), {y, g, u, a});
  }
  template <cuda_number T>
  void activate_backward(matrix<T> dx, matrix<T const> dy, matrix<T const> x, activation a) {
    expect_shape("activate_backward", "dy", dy, x);
    expect_shape("activate_backward", "dx", dx, x);
    expect_known(a);
    if (!dx.empty()) launch_gate_backward<T>(self().stream(), {dx, {}, dy, x, {}, a});
  }
  template <cuda_number T>
  void gate_backward(matrix<T> dg, matrix<T> du, matrix<T const> dy, matrix<T const> g, matrix<T const> u,
                     activation a) {
    expect_shape("gate_backward", "u", u, g);
    expect_shape("gate_backward", "dy", dy, g);
    expect_shape("gate_backward", "dg", dg, g);
    expect_shape("gate_backward", "du", du, g);
    expect_known(a);
    if (!dg.empty()) launch_gate_backward<T>(self().stream(), {dg, du, dy, g, u, a});
  }
};

}  // namespace flan::detail
