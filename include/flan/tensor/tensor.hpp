#pragma once
/// Tensors own: a matrix together with the backend memory it lies in.

#include <utility>
#include <vector>

#include "flan/tensor/memory.hpp"
#include "flan/tensor/view.hpp"

namespace flan {

/// An owning rows × columns matrix. Copies share the memory.
template <class T>
struct tensor {
  memory owner;
  matrix<T> view;

  tensor() = default;
  template <allocator B>
  tensor(B& be, extent rows, extent columns)
      : owner(be.allocate(static_cast<std::size_t>(rows * columns) * sizeof(T))),
        view(static_cast<T*>(owner.get()), rows, columns) {}
};

/// Host values into backend memory (waits until the host may reuse them).
template <class T, class B>
tensor<T> to_backend(B& be, T const* values, extent rows, extent columns) {
  tensor<T> t(be, rows, columns);
  be.upload(t.view.data, values, static_cast<std::size_t>(rows * columns) * sizeof(T));
  return t;
}

/// Backend values as a host vector, row by row; waits for the ops before it.
template <class B, class T, extent C>
std::vector<std::remove_const_t<T>> to_host(B& be, matrix<T, C> m) {
  std::vector<std::remove_const_t<T>> v(static_cast<std::size_t>(m.rows * m.columns));
  if (m.contiguous()) {
    if (!v.empty()) be.download(v.data(), m.data, v.size() * sizeof(T));
  } else {
    for (extent r = 0; r < m.rows; ++r)
      be.download(v.data() + r * m.columns, m.data + r * m.stride, static_cast<std::size_t>(m.columns) * sizeof(T));
  }
  return v;
}
template <class B, class T>
std::vector<std::remove_const_t<T>> to_host(B& be, vector_view<T> v) {
  return to_host(be, matrix<T>(v.data, 1, v.size));
}

}  // namespace flan
