#pragma once
/// Which instructions the CPU backend's kernels use: chosen when the program runs, so that nobody needs -march.
///
/// Each group of ops of cpu_backend is a struct constructed from an instruction_set; its kernels exist once per set, in
/// the namespaces detail::portable, detail::avx2 and detail::avx512 (cpu/kernels). Results of two sets differ in the
/// last bits; results of one set do not depend on threads, batch, padding, layout or compiler flags.

#include <cstdlib>
#include <optional>
#include <string_view>

#include "flan/core/error.hpp"

namespace flan {

/// portable: 16-byte vectors, on any processor. avx2: with FMA. avx512: F, BW, DQ and VL.
enum class instruction_set : signed char { portable, avx2, avx512 };

/// The name as FLAN_ISA and error messages write it.
constexpr std::string_view name_of(instruction_set i) {
  return i == instruction_set::portable ? "portable" : i == instruction_set::avx2 ? "avx2" : "avx512";
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
  using enum instruction_set;
  char const* const forced = std::getenv("FLAN_ISA");
  if (forced != nullptr && *forced != '\0') {
    for (instruction_set i : {portable, avx2, avx512})
      if (forced == name_of(i)) return require(i, "the environment variable FLAN_ISA");
    fail("the environment variable FLAN_ISA should be portable, avx2 or avx512, but is \"", forced, "\"");
  }
  return available(avx512) ? avx512 : available(avx2) ? avx2 : portable;
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
