#pragma once
/// A shuffle without a list: position i of a keyed permutation of [0, n), in a few multiplications.

#include <bit>
#include <cstdint>

#include "flan/core/random.hpp"

namespace flan {

/// A bijection of [0, n), n > 0: a Feistel network over the next even power of two, walked until it is inside.
class keyed_permutation {
 public:
  constexpr keyed_permutation(std::uint64_t key, std::uint64_t n)
      : key_(key),
        n_(n),
        half_((static_cast<unsigned>(std::bit_width(n - 1)) + 1) / 2),
        mask_((std::uint64_t{1} << half_) - 1) {}

  constexpr std::uint64_t operator()(std::uint64_t i) const {
    do i = round_trip(i);
    while (i >= n_);
    return i;
  }

 private:
  constexpr std::uint64_t round_trip(std::uint64_t x) const {
    std::uint64_t left = x >> half_, right = x & mask_;
    // Halves can be one bit wide, and then a few rounds reach few permutations; tasks of a handful of records are real.
    for (std::uint64_t round = 0; round < 12; ++round) {
      std::uint64_t const next = left ^ (mix64(key_ ^ mix64(right * 16 + round)) & mask_);
      left = right;
      right = next;
    }
    return (left << half_) | right;
  }

  std::uint64_t key_, n_;
  unsigned half_;
  std::uint64_t mask_;
};

}  // namespace flan
