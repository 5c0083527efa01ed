#pragma once
/// A parameter, as layers hold it: rows × columns in an element type, laid out as its backend likes.

#include <cstdint>

#include "flan/tensor/tensor.hpp"

namespace flan {

enum class layout : std::uint8_t {
  row_major,  ///< [rows, columns], readable through view()
  packed      ///< panels of the backend that packed it
};

/// One class for every backend: pointers, extents and an owner without a type. `rows` are a linear layer's outputs,
/// `columns` its inputs, as Hugging Face stores them; a norm's gain is one row. Copies share the memory. Made by a
/// backend's allocate_weight, adopt (borrows or uploads; read-only) and pack; only `unpack` reads a packed one.
template <class W>
struct weight {
  using value_type = W;
  W* data = nullptr;
  extent rows = 0, columns = 0;
  layout format = layout::row_major;
  std::uint8_t panel = 0;  ///< which panels, for the backend that packed
  bool read_only = false;  ///< adopted: may lie in a mapped file
  memory owner{};

  bool empty() const { return data == nullptr; }
  extent size() const { return rows * columns; }

  matrix<W const> view() const {
    if (format != layout::row_major) fail("a packed weight has no row-major view: unpack it");
    return {data, rows, columns};
  }
  /// To write to: gradients, masters, weights being trained.
  matrix<W> values() {
    if (format != layout::row_major || read_only)
      fail("this weight is packed or borrowed: make an owned copy to change it");
    return {data, rows, columns};
  }
};

}  // namespace flan
