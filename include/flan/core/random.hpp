#pragma once
/// Counter-based random numbers: a value is a function of its key and counter, of nothing else. Nothing has state, so
/// batching, threads and resuming cannot change what is drawn.

#include <cmath>
#include <cstdint>

namespace flan {

/// The finalizer of splitmix64: a bijection whose output bits each depend on every input bit.
constexpr std::uint64_t mix64(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// A 32-bit bijection of the same kind, cheap enough for one call per dropped element.
constexpr std::uint32_t mix32(std::uint32_t z) {
  z ^= z >> 16;
  z *= 0x7feb352du;
  z ^= z >> 15;
  z *= 0x846ca68bu;
  return z ^ (z >> 16);
}

/// A key for a part of a key's domain: key_of(seed, step, site) names an independent stream.
constexpr std::uint64_t key_of(std::uint64_t key) { return mix64(key); }
template <class... Rest>
constexpr std::uint64_t key_of(std::uint64_t key, std::uint64_t part, Rest... rest) {
  return key_of(mix64(key) ^ (part * 0xd1342543de82ef95u + 1), static_cast<std::uint64_t>(rest)...);
}

/// Uniform in [0, 1), 53 bits.
constexpr double uniform(std::uint64_t key, std::uint64_t counter) {
  return static_cast<double>(mix64(key ^ mix64(counter)) >> 11) * 0x1p-53;
}

/// Standard normal (Box–Muller; one of the pair).
inline double normal(std::uint64_t key, std::uint64_t counter) {
  double const u = 1.0 - uniform(key, 2 * counter), v = uniform(key, 2 * counter + 1);
  return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
}

/// Uniform in [0, n), without modulo bias worth naming for n < 2^32.
constexpr std::uint64_t uniform_below(std::uint64_t key, std::uint64_t counter, std::uint64_t n) {
  return static_cast<std::uint64_t>(uniform(key, counter) * static_cast<double>(n));
}

/// The 32 random bits that decide whether dropout keeps one element. `row` is the element's row key (sample and
/// position), `site` the key of the call, `column` the column (or, in attention, the key position's row key).
constexpr std::uint32_t dropout_bits(std::uint32_t row, std::uint32_t site, std::uint32_t column) {
  return mix32(mix32(row ^ site) + column * 0x9e3779b9u);
}

}  // namespace flan
