#pragma once
/// Keys and values of earlier positions, kept head-major: [rows, heads, length, d_kv].

#include "flan/tensor/tensor.hpp"

namespace flan {

/// Keys and values of one attention layer. `length` of the views is the capacity.
template <class X>
struct kv_cache {
  memory owner;
  heads_view<X> k, v;

  kv_cache() = default;
  template <allocator B>
  kv_cache(B& be, extent rows, extent heads, extent capacity, extent width) {
    auto const bytes = static_cast<std::size_t>(2 * rows * heads * capacity * width) * sizeof(X);
    owner = be.allocate(bytes);
    k = {static_cast<X*>(owner.get()), rows, heads, capacity, width, heads * capacity * width, capacity * width, width};
    v = k;
    v.data += rows * heads * capacity * width;
  }
};

/// The first `length` positions of a cache.
template <class X>
heads_view<X> first_positions(heads_view<X> cache, extent length) {
  cache.length = length;
  return cache;
}

}  // namespace flan
