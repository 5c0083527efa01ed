#pragma once
/// Which instructions the CPU backend's kernels use: chosen when the program runs, so that nobody needs -march.
///
/// Each group of ops of cpu_backend is a struct constructed from an instruction_set; its kernels exist once per set, in
/// classes over portable, avx2 and avx512 (cpu/kernels); avx512_dot shares avx512's but for products of bf16. Results
/// of two sets differ in the last bits; results of one set do not depend on threads, batch, padding, layout or compiler
/// flags.

#include <cstdlib>
#include <optional>
#include <string_view>

#include "flan/core/error.hpp"

namespace flan {

/// portable: 16-byte vectors, on any processor. avx2: with FMA. avx512: F, BW, DQ and VL. avx512_dot: avx512, and its
/// dot products of bf16 (BF16) and of bytes (VNNI).
enum class instruction_set : signed char { portable, avx2, avx512, avx512_dot };

/// All, from the plainest on.
inline constexpr instruction_set instruction_sets[] = {instruction_set::portable, instruction_set::avx2,
                                                       instruction_set::avx512, instruction_set::avx512_dot};

/// The name as FLAN_ISA and error messages write it.
constexpr std::string_view name_of(instruction_set i) {
  constexpr std::string_view names[] = {"portable", "avx2", "avx512", "avx512_dot"};
  return names[static_cast<int>(i)];
}

/// Whether this machine has the instructions.
inline bool available(instruction_set i) {
#if defined(__x86_64__)
  switch (i) {
    case instruction_set::portable:
      return true;
    case instruction_set::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case instruction_set::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             available(instruction_set::avx2);
    case instruction_set::avx512_dot:
      return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni") &&
             available(instruction_set::avx512);
  }
  return false;
#else
  return i == instruction_set::portable;
#endif
}

namespace detail {

/// `i`, or an error that says who asked for what this machine lacks.
inline instruction_set require(instruction_set i, std::string_view asked_by) {
  if (!available(i)) fail(asked_by, " asks for ", name_of(i), " instructions, which this machine does not have");
  return i;
}

inline instruction_set default_instruction_set() {
  char const* const forced = std::getenv("FLAN_ISA");
  if (forced != nullptr && *forced != '\0') {
    for (instruction_set i : instruction_sets)
      if (forced == name_of(i)) return require(i, "the environment variable FLAN_ISA");
    fail("the environment variable FLAN_ISA should be portable, avx2, avx512 or avx512_dot, but is \"", forced, "\"");
  }
  instruction_set best = instruction_set::portable;
  for (instruction_set i : instruction_sets)
    if (available(i)) best = i;
  return best;
}

}  // namespace detail

/// How a cpu_backend is made.
struct cpu_options {
  /// The instructions to use; without a value FLAN_ISA from the environment, else the best that the machine has.
  std::optional<instruction_set> isa{};

  instruction_set resolved() const {
    return isa ? detail::require(*isa, "cpu_options") : detail::default_instruction_set();
  }
};

}  // namespace flan
