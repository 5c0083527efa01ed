#pragma once
/// Which part of a whole each index of an endless sequence draws from, and how often that part was drawn before: a pure
/// function of shares, key and index, without a list and without going through what lies before.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/core/random.hpp"
#include "flan/data/permutation.hpp"

namespace flan {
namespace detail {

__extension__ using u128 = unsigned __int128;

/// 2^64: the number of fractions of 64 bits.
inline constexpr u128 whole_turn = u128{1} << 64;

struct floor_sum_result {
  std::uint64_t value = 0;  ///< modulo 2^64
  int rounds = 0;           ///< of Euclid's algorithm, two divisions each: what it cost
};

/// Σ ⌊(a·i + b) / m⌋ over 0 <= i < n, modulo 2^64. Euclid's algorithm: the points under the line are counted by whole
/// rows and columns, and what remains is a smaller triangle with the axes swapped. 0 < m <= 2^64.
constexpr floor_sum_result floor_sum(std::uint64_t n, u128 m, u128 a, u128 b) {
  floor_sum_result r;
  for (;; ++r.rounds) {
    r.value += static_cast<std::uint64_t>(u128{n} * (u128{n} - 1) / 2) * static_cast<std::uint64_t>(a / m);
    a %= m;
    r.value += n * static_cast<std::uint64_t>(b / m);
    b %= m;
    u128 const top = a * n + b;  // below m·n + m: it fits
    if (top < m) return r;
    n = static_cast<std::uint64_t>(top / m);
    b = top % m;
    std::swap(a, m);
  }
}

/// ⌊part / whole · 2^64⌋ for part < whole < 2^127, bit by bit.
constexpr std::uint64_t fraction_of(u128 part, u128 whole) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 64; ++i) {
    part <<= 1;
    bits = bits << 1 | (part >= whole);
    if (part >= whole) part -= whole;
  }
  return bits;
}

}  // namespace detail

/// Shares of a whole: consecutive intervals of the fractions of 64 bits. Integers throughout, so that every machine
/// agrees; a share is its weight's part of the sum to within 2^-63.
class shares {
 public:
  /// Weights relative to each other. Throws unless they are finite, above 0, and none is too small beside the others to
  /// have a fraction of its own.
  [[gnu::cold]] explicit shares(std::vector<double> const& weights) {
    if (weights.empty()) fail("shares of a whole need a weight");
    for (double const w : weights)
      if (!(w > 0) || !std::isfinite(w)) fail("a share has the weight ", w, "; expected a number above 0");
    int exponent = 0;
    std::frexp(*std::max_element(weights.begin(), weights.end()), &exponent);
    auto const scaled = [&](double w) { return static_cast<detail::u128>(std::ldexp(w, 100 - exponent)); };
    detail::u128 sum = 0, before = 0;
    for (double const w : weights) sum += scaled(w);
    for (double const w : weights) {
      if (scaled(w) <= sum >> 62)  // less, and the interval could be empty
        fail("a share has the weight ", w, ", too little beside the others ever to be drawn");
      begins_.push_back(detail::fraction_of(before, sum));
      before += scaled(w);
    }
  }

  std::size_t size() const { return begins_.size(); }
  /// The interval of a part: its first and its last fraction.
  std::uint64_t first(std::size_t part) const { return begins_[part]; }
  std::uint64_t last(std::size_t part) const { return part + 1 < begins_.size() ? begins_[part + 1] - 1 : ~0ull; }
  /// The part whose interval holds a fraction.
  std::size_t holder(std::uint64_t fraction) const {
    return static_cast<std::size_t>(std::upper_bound(begins_.begin(), begins_.end(), fraction) - begins_.begin()) - 1;
  }

 private:
  std::vector<std::uint64_t> begins_;
};

/// What one index draws.
struct drawn {
  std::size_t part = 0;
  std::uint64_t before = 0;  ///< indices below this one that draw the same part
};

/// Draws of a key. Index i draws the part whose interval holds the fraction of j·α + phase, where j is i's place in an
/// order that the key shuffles within blocks. α is near the golden section, with partial quotients of at most 4, and so
/// the fractions of the first n are spread as evenly as points can be: at the end of a block, each part has been drawn
/// n·share times, give or take 16 up to n = 10^12 (not proved: an adversary who chooses n and the interval digit by
/// digit gets 13.92 away). How many fall into an interval is a difference of two floor sums: some fifty divisions,
/// whatever the index. The shares must outlive this.
class draws {
 public:
  static constexpr std::uint64_t block = 1024;               ///< indices that are shuffled among each other
  static constexpr std::uint64_t step = 0x9E3779B97F50A387;  ///< α·2^64

  draws(shares const& s, std::uint64_t key)
      : shares_(&s), order_(key_of(key, 0x6f72646572u)), phase_(key_of(key, 0x7068617365u)) {}  // "order", "phase"

  shares const& parts() const { return *shares_; }

  /// The fraction that decides what index i draws.
  std::uint64_t fraction_at(std::uint64_t i) const { return fraction_in(shuffle_of(i / block), i); }

  /// Costs a walk over the indices of the block before i, and the count before the block: tens of microseconds.
  drawn operator()(std::uint64_t i) const {
    auto const order = shuffle_of(i / block);
    auto const part = shares_->holder(fraction_in(order, i));
    std::uint64_t const begin = i - i % block, first = shares_->first(part), width = shares_->last(part) - first;
    drawn d{part, before_block(part, i / block)};
    for (std::uint64_t earlier = begin; earlier < i; ++earlier)
      d.before += fraction_in(order, earlier) - first <= width;
    return d;
  }

  /// How many indices of the first `blocks` blocks draw a part.
  std::uint64_t before_block(std::size_t part, std::uint64_t blocks) const {
    return in_order(shares_->first(part), shares_->last(part), blocks * block).value;
  }

  /// The first index from i on that draws a part; none when indices end before. A block without it is passed over by
  /// its counts: a hundred of them at most.
  [[gnu::cold]] std::optional<std::uint64_t> next_of(std::size_t part, std::uint64_t i) const {
    if (auto const found = next_in_block(part, i)) return found;
    constexpr std::uint64_t last = ~std::uint64_t{0} / block;
    std::uint64_t low = i / block + 1;  // every block before it and from i on is without the part
    if (low > last) return {};
    auto const before = before_block(part, low);
    std::uint64_t high = low;
    for (std::uint64_t reach = 1; before_block(part, high) == before; reach *= 2) {
      if (high == last) return next_in_block(part, last * block);
      low = high;
      high += std::min(reach, last - high);
    }
    while (high - low > 1) {
      auto const middle = low + (high - low) / 2;
      (before_block(part, middle) == before ? low : high) = middle;
    }
    return next_in_block(part, low * block);
  }

  /// How many of the first n fractions lie in [first, last], the shuffling left aside: exact for every n.
  detail::floor_sum_result in_order(std::uint64_t first, std::uint64_t last, std::uint64_t n) const {
    // x lies in [first, last] when adding 2^64 − first carries over and adding 2^64 − last − 1 does not.
    auto const from = detail::floor_sum(n, detail::whole_turn, step, detail::whole_turn + phase_ - first);
    auto const to = detail::floor_sum(n, detail::whole_turn, step, detail::whole_turn + phase_ - last - 1);
    return {from.value - to.value, from.rounds + to.rounds};
  }

  /// The order of one block's indices.
  keyed_permutation shuffle_of(std::uint64_t number) const { return {key_of(order_, number), block}; }
  /// fraction_at(i), given the order of i's block.
  std::uint64_t fraction_in(keyed_permutation const& order, std::uint64_t i) const {
    return fraction(i - i % block + order(i % block));
  }
  /// The fraction of a place in the order that is not shuffled.
  std::uint64_t fraction(std::uint64_t place) const { return place * step + phase_; }

 private:
  std::optional<std::uint64_t> next_in_block(std::size_t part, std::uint64_t i) const {
    auto const order = shuffle_of(i / block);
    std::uint64_t const first = shares_->first(part), width = shares_->last(part) - first;
    for (std::uint64_t left = block - i % block; left > 0; --left, ++i)
      if (fraction_in(order, i) - first <= width) return i;
    return {};
  }

  shares const* shares_;
  std::uint64_t order_, phase_;
};

/// The same, for going through indices: a fraction of a microsecond each, a block at a time. To go anywhere else costs
/// a block, and a count for each part that is asked for.
class draw_cursor {
 public:
  explicit draw_cursor(draws const& d)
      : draws_(d), before_(d.parts().size()), in_block_(d.parts().size()), known_(d.parts().size()) {}

  drawn operator()(std::uint64_t i) {
    if (parts_.empty() || i / draws::block != number_) enter(i / draws::block);
    auto const at = static_cast<std::size_t>(i % draws::block);
    auto const part = parts_[at];
    if (!known_[part]) {
      before_[part] = draws_.before_block(part, number_);
      known_[part] = true;
    }
    return {part, before_[part] + ranks_[at]};
  }

 private:
  void enter(std::uint64_t number) {
    if (!parts_.empty() && number == number_ + 1) {
      for (auto const part : parts_) ++before_[part];  // of no use, and of no harm, where it is not known
    } else {
      std::fill(known_.begin(), known_.end(), false);
    }
    number_ = number;
    parts_.resize(draws::block);
    ranks_.resize(draws::block);
    auto const order = draws_.shuffle_of(number);
    for (std::size_t at = 0; at < draws::block; ++at) {
      auto const part = draws_.parts().holder(draws_.fraction_in(order, number * draws::block + at));
      parts_[at] = static_cast<std::uint32_t>(part);
      ranks_[at] = in_block_[part]++;
    }
    for (auto const part : parts_) in_block_[part] = 0;
  }

  draws draws_;
  std::uint64_t number_ = 0;             // of the block
  std::vector<std::uint32_t> parts_;     // [block]: what each index draws; empty before the first
  std::vector<std::uint32_t> ranks_;     // [block]: draws of the same part earlier in the block
  std::vector<std::uint64_t> before_;    // [parts]: draws before the block, where known
  std::vector<std::uint32_t> in_block_;  // [parts]: zero but while a block is read
  std::vector<bool> known_;              // [parts]
};

}  // namespace flan
