#pragma once
/// The element types of stored tensors, and conversion from them.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

#include "flan/core/error.hpp"
#include "flan/core/number.hpp"

namespace flan {

static_assert(std::endian::native == std::endian::little, "checkpoints are little-endian and are read as they lie");

/// Element types that a safetensors file may hold. Parameters are one of the first four; others are carried, not read.
enum class number_format : unsigned char {
  f32,
  f16,
  bf16,
  f64,
  boolean,
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  u64,
  i64,
  f8_e4m3,
  f8_e5m2
};

namespace detail {
struct number_format_fact {
  std::string_view name;
  std::size_t bytes;
};
inline constexpr std::array<number_format_fact, 15> number_format_facts{{
    {"F32", 4},
    {"F16", 2},
    {"BF16", 2},
    {"F64", 8},
    {"BOOL", 1},
    {"U8", 1},
    {"I8", 1},
    {"U16", 2},
    {"I16", 2},
    {"U32", 4},
    {"I32", 4},
    {"U64", 8},
    {"I64", 8},
    {"F8_E4M3", 1},
    {"F8_E5M2", 1},
}};
}  // namespace detail

/// As safetensors writes it: "BF16".
constexpr std::string_view name_of(number_format f) {
  return detail::number_format_facts[static_cast<std::size_t>(f)].name;
}
/// Bytes of one element.
constexpr std::size_t bytes_of(number_format f) {
  return detail::number_format_facts[static_cast<std::size_t>(f)].bytes;
}

/// The format of that name, if it is known.
constexpr std::optional<number_format> number_format_named(std::string_view name) {
  for (std::size_t i = 0; i < detail::number_format_facts.size(); ++i)
    if (detail::number_format_facts[i].name == name) return static_cast<number_format>(i);
  return std::nullopt;
}

/// The format in which a T is stored.
template <class T>
requires(number_name<T> != "?") inline constexpr number_format format_of = *number_format_named(number_name<T>);

constexpr bool is_floating(number_format f) { return f <= number_format::f64; }

namespace detail {
// Elements are loaded through memcpy: a file may put them at any address. Compilers make vector loads of it.
template <class From, class To>
void convert_elements(std::byte const* from, To* to, std::size_t count) {
  if constexpr (std::is_same_v<From, To>) {
    if (count) std::memcpy(to, from, count * sizeof(To));
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      From x;
      std::memcpy(&x, from + i * sizeof(From), sizeof(From));
      if constexpr (std::is_same_v<To, bf16> || std::is_same_v<To, f16>) {
        to[i] = To(static_cast<float>(x));
      } else {
        to[i] = static_cast<To>(widen(x));
      }
    }
  }
}
}  // namespace detail

/// `count` elements stored in `format` at any address, as T (float, double, bf16, f16, std::complex<double>).
/// F32 and F64 round to nearest, ties to even, on their way to narrower formats; F64 rounds to float first.
template <class T>
void convert_numbers(number_format format, void const* stored, T* to, std::size_t count) {
  auto const* const from = static_cast<std::byte const*>(stored);
  switch (format) {
    case number_format::f32:
      return detail::convert_elements<float>(from, to, count);
    case number_format::f16:
      return detail::convert_elements<f16>(from, to, count);
    case number_format::bf16:
      return detail::convert_elements<bf16>(from, to, count);
    case number_format::f64:
      return detail::convert_elements<double>(from, to, count);
    default:
      fail("numbers stored as ", name_of(format), " cannot be parameters; F32, F16, BF16 and F64 can");
  }
}

}  // namespace flan
