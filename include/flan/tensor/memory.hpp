#pragma once
/// Memory of a backend, without the backend's type.

#include <concepts>
#include <cstddef>
#include <memory>

namespace flan {

/// Owns a block of backend memory; its deleter knows where it came from. On a device, `get()` is a device address that
/// the host must not dereference: only upload, download and the ops may.
using memory = std::shared_ptr<void>;

/// Every block starts at a multiple of this many bytes, and so does every matrix that a frame hands out.
inline constexpr std::size_t memory_alignment = 64;

/// A backend's memory, as far as tensors need it.
template <class B>
concept allocator = requires(B& be, std::size_t bytes) {
  { be.allocate(bytes) } -> std::same_as<memory>;
};

}  // namespace flan
