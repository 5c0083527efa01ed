#pragma once
/// Storage formats whose elements mean nothing alone: quantised weights.

#include <concepts>
#include <cstdint>

#include "flan/core/number.hpp"

namespace flan {

/// One byte of a quantised weight: an integer of −127 … 127 that stands for itself times the scale of its row. Without
/// the row it is no number (there is no conversion, so it does not model `number`), and without the backend that
/// quantised it no row can be found: a weight<q8> is always packed.
struct q8 {
  std::int8_t bits = 0;
  friend constexpr bool operator==(q8, q8) = default;
};

namespace detail {
template <>
struct wide_type<q8> {
  using type = float;
};
}  // namespace detail

/// An element of weights that are quantised: made from wide numbers by a backend's `quantize`, multiplied by its
/// matmul, read back as wide numbers by its `unpack`; never trained, never saved.
template <class W>
concept quantized = std::same_as<W, q8>;

}  // namespace flan
