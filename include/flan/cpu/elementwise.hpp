#pragma once
/// CPU: elementwise ops, dropout, activations and gates.

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/core/parallel.hpp"
#include "flan/cpu/dispatch.hpp"
#include "flan/cpu/kernels/elementwise.hpp"

namespace flan::detail {

/// The formats that kernels read and write; others go through plain loops (checkpoints' f16) or do not compile.
template <class... T>
inline constexpr bool has_kernels = ((std::is_same_v<T, float> || std::is_same_v<T, bf16>)&&...);

/// How many rows one parallel chunk takes: some 16,384 elements, so that a chunk outweighs its handing out.
inline extent rows_per_chunk(extent columns) { return columns >= 16384 ? 1 : 16384 / (columns < 1 ? 1 : columns); }

/// f(first row, rows) over chunks of rows.
template <class F>
void for_row_chunks(extent rows, extent columns, F&& f) {
  parallel_for(rows, rows_per_chunk(columns), [&](extent begin, extent end) { f(begin, end - begin); });
}

class cpu_elementwise {
  instruction_set isa_;

  static void expect_known(activation a) {
    if (a == activation::any) fail("activation::any is for configurations: an op expects the activation itself");
  }

  template <class T, class U>
  void convert(matrix<T> y, matrix<U const> x, bool accumulate) {
    for_row_chunks(y.rows, y.columns, [&](extent first, extent rows) {
      T* const to = y.data + first * y.stride;
      U const* const from = x.data + first * x.stride;
      if constexpr (has_kernels<T, U>) {
        with_kernels(isa_, [&](auto set) {
          elementwise_kernels<set()>::copy(to, y.stride, from, x.stride, block{rows, y.columns}, accumulate);
        });
      } else {
        for (extent r = 0; r < rows; ++r)
          for (extent c = 0; c < y.columns; ++c) {
            T& element = to[r * y.stride + c];
            auto const v = static_cast<wide_t<T>>(widen(from[r * x.stride + c]));
            element = narrow<T>(accumulate ? widen(element) + v : v);
          }
      }
    });
  }

 public:
  explicit cpu_elementwise(instruction_set isa) : isa_(isa) {}

  template <class T>
  void fill(matrix<T> y, double value) {
    T const v = narrow<T>(static_cast<wide_t<T>>(value));
    for_row_chunks(y.rows, y.columns, [&](extent first, extent rows) {
      for (extent r = first; r < first + rows; ++r)
        for (extent c = 0; c < y.columns; ++c) y.data[r * y.stride + c] = v;
    });
  }
  template <class T, class U>
  void copy(matrix<T> y, matrix<U const> x) {
    expect_shape("copy", "y", y, x);
    convert(y, x, false);
  }
  template <class T, class U>
  void add(matrix<T> y, matrix<U const> x) {
    expect_shape("add", "y", y, x);
    convert(y, x, true);
  }

  template <class T>
  void dropout(matrix<T> y, matrix<T const> x, dropout_options const& o, bool accumulate) {
    expect_shape("dropout", "y", y, x);
    if (!o.active()) return convert(y, x, accumulate);
    expect("dropout", "the row keys", x.rows, o.rows.size);
    float const scale = static_cast<float>(1 / (1 - o.rate));
    for_row_chunks(y.rows, y.columns, [&](extent first, extent rows) {
      with_kernels(isa_, [&](auto set) {
        elementwise_kernels<set()>::dropout(y.data + first * y.stride, y.stride, x.data + first * x.stride, x.stride,
                                            block{rows, y.columns}, o.rows.data + first, o.site, o.threshold(), scale,
                                            accumulate);
      });
    });
  }

  template <class T>
  void activate(matrix<T> y, matrix<T const> x, activation a) {
    expect_shape("activate", "y", y, x);
    gate_rows(y, x, matrix<T const>{}, a);
  }
  template <class T>
  void gate(matrix<T> y, matrix<T const> g, matrix<T const> u, activation a) {
    expect_shape("gate", "u", u, g);
    expect_shape("gate", "y", y, g);
    gate_rows(y, g, u, a);
  }
  template <class T>
  void activate_backward(matrix<T> dx, matrix<T const> dy, matrix<T const> x, activation a) {
    expect_shape("activate_backward", "dy", dy, x);
    expect_shape("activate_backward", "dx", dx, x);
    gate_rows_backward(dx, matrix<T>{}, dy, x, matrix<T const>{}, a);
  }
  template <class T>
  void gate_backward(matrix<T> dg, matrix<T> du, matrix<T const> dy, matrix<T const> g, matrix<T const> u,
                     activation a) {
    expect_shape("gate_backward", "u", u, g);
    expect_shape("gate_backward", "dy", dy, g);
    expect_shape("gate_backward", "dg", dg, g);
    expect_shape("gate_backward", "du", du, g);
    gate_rows_backward(dg, du, dy, g, u, a);
  }

 private:
  template <class T>
  static T* row(matrix<T> m, extent r) {
    return m.data == nullptr ? nullptr : m.data + r * m.stride;
  }
  template <class T>
  void gate_rows(matrix<T> y, matrix<T const> g, matrix<T const> u, activation a) {
    expect_known(a);
    for_row_chunks(y.rows, y.columns, [&](extent first, extent rows) {
      with_kernels(isa_, [&](auto set) {
        elementwise_kernels<set()>::gate(row(y, first), y.stride, row(g, first), g.stride, row(u, first), u.stride,
                                         block{rows, y.columns}, a);
      });
    });
  }
  template <class T>
  void gate_rows_backward(matrix<T> dg, matrix<T> du, matrix<T const> dy, matrix<T const> g, matrix<T const> u,
                          activation a) {
    expect_known(a);
    for_row_chunks(dg.rows, dg.columns, [&](extent first, extent rows) {
      with_kernels(isa_, [&](auto set) {
        elementwise_kernels<set()>::gate_backward(row(dg, first), dg.stride, row(du, first), du.stride, row(dy, first),
                                                  dy.stride, row(g, first), g.stride, row(u, first), u.stride,
                                                  block{rows, dg.columns}, a);
      });
    });
  }
};

}  // namespace flan::detail
