#pragma once
/// The memory of backends that compute on host memory: a base for reference, cpu and whatever derives from them.

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstring>
#include <memory>
#include <new>

#include "flan/backend/quantized.hpp"
#include "flan/tensor/frame.hpp"

namespace flan {

/// Models `memory_backend`. Copies share nothing but the process's memory: each has its own arenas.
class host_memory {
  workspace workspace_;

 public:
  static constexpr bool reads_host_memory = true;

  /// Uninitialised bytes, aligned to memory_alignment. Never null, also for zero bytes: null means "absent".
  memory allocate(std::size_t bytes) {
    constexpr std::align_val_t alignment{memory_alignment};
    // No process has 2^47 bytes of addresses: asked of operator new, a sanitizer would end the program instead.
    void* const p = bytes >> 47 != 0 ? nullptr : ::operator new(bytes == 0 ? 1 : bytes, alignment, std::nothrow);
    if (p == nullptr) fail("the host has no room for a block of ", bytes, " bytes");
    return {p, [](void* q) { ::operator delete (q, std::align_val_t{memory_alignment}); }};
  }
  void upload(void* to, void const* from, std::size_t bytes) {
    if (bytes != 0) std::memcpy(to, from, bytes);
  }
  void download(void* to, void const* from, std::size_t bytes) {
    if (bytes != 0) std::memcpy(to, from, bytes);
  }
  void synchronize() {}
  arena& scratch() { return workspace_.scratch(); }
  arena& kept() { return workspace_.kept(); }

  /// An owned row-major weight of zeros.
  template <class W>
  weight<W> allocate_weight(extent rows, extent columns) {
    std::size_t const bytes = static_cast<std::size_t>(rows * columns) * sizeof(W);
    weight<W> w;
    w.owner = zeros(bytes);  // every number format has all bits zero as its zero
    w.data = static_cast<W*>(w.owner.get());
    w.rows = rows, w.columns = columns;
    return w;
  }

  /// An owned weight of quantised zeros, in panels (backend/quantized.hpp).
  template <quantized W>
  weight<W> allocate_weight(extent rows, extent columns) {
    return detail::q8_zeros(allocate(detail::q8_bytes(rows, columns)), rows, columns);
  }

  /// Borrows where the rows are consecutive (a mapped file), else copies; read-only either way.
  template <class W>
  weight<W> adopt(matrix<W const> host, memory owner) {
    weight<W> w;
    if (host.contiguous()) {
      w.data = const_cast<W*>(host.data);  // never written: read_only guards values()
      w.rows = host.rows, w.columns = host.columns;
      w.owner = std::move(owner);
    } else {
      w = allocate_weight<W>(host.rows, host.columns);
      for (extent r = 0; r < host.rows; ++r)
        upload(w.data + r * w.columns, host.data + r * host.stride, static_cast<std::size_t>(w.columns) * sizeof(W));
    }
    w.read_only = true;
    return w;
  }

 private:
  /// Large ones come from the system in pages of their own, huge ones if it has them, and go back to it: a heap would
  /// keep the holes that weights leave when they are packed one by one, a third of a model's size.
  memory zeros(std::size_t bytes) {
#if defined(__linux__)
    constexpr std::size_t large = 1u << 20;
    void* const p = bytes < large || bytes >> 47 != 0
                        ? MAP_FAILED
                        : ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED) {
      ::madvise(p, bytes, MADV_HUGEPAGE);  // advice: to be refused is no error
      return {p, [bytes](void* q) { ::munmap(q, bytes); }};
    }
#endif
    memory m = allocate(bytes);  // or says that there is no room
    std::memset(m.get(), 0, bytes);
    return m;
  }
};

}  // namespace flan
