#pragma once
/// Scratch of kernels that run on several threads: an arena per thread, which grows during the first calls and then
/// never allocates again.
///
/// `frame f{thread_scratch()}; auto x = f.make<float>(rows, columns);` inside a chunk of parallel_for.

#include "flan/backend/host_memory.hpp"

namespace flan::detail {

inline host_memory& thread_scratch() {
  thread_local host_memory m;
  return m;
}

}  // namespace flan::detail
