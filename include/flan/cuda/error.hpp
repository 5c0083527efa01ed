#pragma once
/// Failures of CUDA as exceptions.

#include <cuda_runtime_api.h>

#include <string>
#include <string_view>

#include "flan/core/error.hpp"

namespace flan {

/// A call of CUDA that failed: what was called, what CUDA says about it, and where. Kernels run later than they are
/// launched: what one did wrong is reported by a call after it, at the latest by `synchronize`.
struct cuda_error : error {
  cudaError_t code;
  cuda_error(cudaError_t c, std::string const& sentence) : error(sentence), code(c) {}
};

/// Whether a failure says that the machine has no device, or no driver at all. A driver older than the program's CUDA
/// is something else.
inline bool no_device(cuda_error const& e) {
  int supported = 0;
  return e.code == cudaErrorNoDevice ||
         (e.code == cudaErrorInsufficientDriver && cudaDriverGetVersion(&supported) == cudaSuccess && supported == 0);
}

namespace detail {

/// Where a call stands. The builtins of std::source_location, which not every compiler has whole.
struct place {
  char const* file;
  int line;
  static constexpr place here(char const* f = __builtin_FILE(), int l = __builtin_LINE()) { return {f, l}; }
};

/// "…/include/flan/cuda/memory.hpp" as "flan/cuda/memory.hpp".
inline std::string_view short_path(std::string_view path) {
  auto const at = path.rfind("flan/cuda/");
  return at == std::string_view::npos ? path : path.substr(at);
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_cuda(cudaError_t code, std::string_view call, place where) {
  cudaGetLastError();  // else the next call that looks finds the same error
  throw cuda_error(code, sentence(call, " failed: ", cudaGetErrorString(code), " (", cudaGetErrorName(code), "), at ",
                                  short_path(where.file), ":", where.line));
}

/// Throws cuda_error unless `code` is success.
inline void check_cuda(cudaError_t code, std::string_view call, place where = place::here()) {
  if (code != cudaSuccess) [[unlikely]]
    fail_cuda(code, call, where);
}

}  // namespace detail
}  // namespace flan
