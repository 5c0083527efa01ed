#pragma once
/// Several elements of a row by one load.

#include <cstdint>

#include "flan/cuda/kernels/numbers.cuh"

namespace flan::detail {

/// Views elements of any type; nvcc makes one load of it, where it makes bytes of a memcpy.
template <int Words>
struct alignas(4 * Words) [[gnu::may_alias]] words_of {
  std::uint32_t word[Words];
};

/// Words · 4 bytes from an address that is a multiple of so many.
template <int Words>
__device__ __forceinline__ words_of<Words> read_words(void const* p) {
  return *static_cast<words_of<Words> const*>(p);
}

/// Element i of words that hold consecutive ones.
template <class T, int Words>
__device__ __forceinline__ float element_of(words_of<Words> const& v, int i) {
  if constexpr (sizeof(T) == 4) {
    return __uint_as_float(v.word[i]);
  } else {
    T element;
    element.bits = static_cast<std::uint16_t>(v.word[i / 2] >> (i % 2 * 16));
    return read(&element);
  }
}

/// Sixteen bytes of a row, of which `left` elements are left: zeros past its end. `Whole`: the address is a multiple of
/// 16 and the end is not among them.
template <bool Whole, class T>
__device__ __forceinline__ words_of<4> read_lot(T const* p, extent left) {
  constexpr int n = 16 / static_cast<int>(sizeof(T));
  words_of<4> v{};
  if constexpr (Whole) {
    if (left >= n) v = read_words<4>(p);
  } else {
    for (int i = 0; i < n; ++i) {
      if (i >= left) continue;
      if constexpr (sizeof(T) == 4)
        v.word[i] = __float_as_uint(p[i]);
      else
        v.word[i / 2] |= std::uint32_t{p[i].bits} << (i % 2 * 16);
    }
  }
  return v;
}

/// to[i] = p[i] for i < left, else 0. `vector`: p is a multiple of to's bytes.
template <class T, int N>
__device__ __forceinline__ void read_row(float (&to)[N], T const* p, extent left, bool vector) {
  if (vector && left >= N) {
    auto const v = read_words<N* static_cast<int>(sizeof(T)) / 4>(p);
    for (int i = 0; i < N; ++i) to[i] = element_of<T>(v, i);
  } else {
    for (int i = 0; i < N; ++i) to[i] = i < left ? read(p + i) : 0.0f;
  }
}

/// Whether each row of a matrix begins at a multiple of `bytes`.
template <class T>
bool rows_aligned(T const* data, extent stride, std::size_t bytes) {
  return reinterpret_cast<std::uintptr_t>(data) % bytes == 0 &&
         static_cast<std::size_t>(stride) * sizeof(T) % bytes == 0;
}

}  // namespace flan::detail
