#pragma once
/// Storage formats of numbers, and the type in which each is computed.

#include <bit>
#include <cstdint>
#include <string_view>

namespace flan {

/// The upper half of a float. Storage only: arithmetic happens in `wide_t<bf16>`, float. Rounds to nearest, ties to
/// even.
struct bf16 {
  std::uint16_t bits = 0;
  constexpr bf16() = default;
  constexpr explicit bf16(float f) {
    auto const u = std::bit_cast<std::uint32_t>(f);
    // A NaN whose payload is in the lower half must stay a NaN.
    bits = static_cast<std::uint16_t>((u & 0x7fffffffu) > 0x7f800000u ? (u >> 16) | 0x40u
                                                                      : (u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
  }
  constexpr explicit operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
  friend constexpr bool operator==(bf16, bf16) = default;
};

/// IEEE binary16. Storage only, for checkpoints.
struct f16 {
  std::uint16_t bits = 0;
  constexpr f16() = default;
  constexpr explicit f16(float f) {
    auto const u = std::bit_cast<std::uint32_t>(f);
    std::uint32_t const sign = (u >> 16) & 0x8000u;
    std::uint32_t const a = u & 0x7fffffffu;
    std::uint32_t h;
    if (a > 0x7f800000u) {
      h = 0x7e00u;
    } else if (a >= 0x477ff000u) {  // rounds past the largest finite value
      h = 0x7c00u;
    } else if (a < 0x38800000u) {  // subnormal: let the float adder round at 2^-24
      h = std::bit_cast<std::uint32_t>(std::bit_cast<float>(a) + 0.5f) - 0x3f000000u;
    } else {
      h = (a - 0x38000000u + 0xfffu + ((a >> 13) & 1u)) >> 13;
    }
    bits = static_cast<std::uint16_t>(sign | h);
  }
  constexpr explicit operator float() const {
    std::uint32_t const sign = (bits & 0x8000u) << 16u;
    std::uint32_t const e = (bits >> 10) & 31u;
    std::uint32_t const m = bits & 1023u;
    if (e == 31) return std::bit_cast<float>(sign | 0x7f800000u | (m << 13));
    if (e != 0) return std::bit_cast<float>(sign | ((e + 112u) << 23) | (m << 13));
    float const v = static_cast<float>(m) * 0x1p-24f;
    return sign ? -v : v;
  }
  friend constexpr bool operator==(f16, f16) = default;
};

namespace detail {
template <class T>
struct wide_type {
  using type = T;
};
template <>
struct wide_type<bf16> {
  using type = float;
};
template <>
struct wide_type<f16> {
  using type = float;
};
}  // namespace detail

/// The type in which a stored T is computed: float for bf16, f16 and float, else T itself (double,
/// std::complex<double>).
template <class T>
using wide_t = typename detail::wide_type<T>::type;

/// A format that can be computed with once it is widened. Products ask it of weights, so that a storage type that a
/// backend cannot read is no weight for it, at compile time.
template <class T>
concept number = requires(T x, wide_t<T> a) {
  static_cast<wide_t<T>>(x);
  a = a * a + a;
};

/// The element as a number to compute with.
template <class T>
constexpr wide_t<T> widen(T x) {
  return static_cast<wide_t<T>>(x);
}

/// Stores a computed number; the only place where precision is given up.
template <class T, class W>
constexpr T narrow(W const& x) {
  return static_cast<T>(x);
}

/// The name of a format as safetensors writes it.
template <class T>
inline constexpr std::string_view number_name = "?";
template <>
inline constexpr std::string_view number_name<float> = "F32";
template <>
inline constexpr std::string_view number_name<double> = "F64";
template <>
inline constexpr std::string_view number_name<bf16> = "BF16";
template <>
inline constexpr std::string_view number_name<f16> = "F16";

}  // namespace flan
