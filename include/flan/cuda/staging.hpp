#pragma once
/// The way between the host's pageable memory and the device's, through a ring of pinned pieces: while one is on the
/// bus, the host fills or empties others, and a small upload finds a free one without waiting for the kernels before
/// it.

#include <algorithm>
#include <cstring>

#include "flan/cuda/stream.hpp"

namespace flan::detail {

class cuda_staging {
  struct piece {
    unsigned char* bytes = nullptr;
    cuda_event done;  ///< the bus is done with it
  };
  static constexpr std::size_t piece_bytes = std::size_t{256} << 10, count = 16;
  piece pieces_[count];
  std::size_t next_ = 0;  ///< how often pieces were taken

  piece& at(std::size_t i) { return pieces_[i % count]; }

 public:
  cuda_staging() {
    void* p = nullptr;
    check_cuda(cudaHostAlloc(&p, count * piece_bytes, cudaHostAllocDefault), "cudaHostAlloc");
    for (std::size_t i = 0; i < count; ++i) pieces_[i].bytes = static_cast<unsigned char*>(p) + i * piece_bytes;
  }
  ~cuda_staging() {
    for (piece& p : pieces_) p.done.settle();  // uploads may still read it
    cudaFreeHost(pieces_[0].bytes);
  }
  cuda_staging(cuda_staging const&) = delete;
  cuda_staging& operator=(cuda_staging const&) = delete;

  /// Device bytes from the host's, which may be reused on return; waits only for a piece to become free.
  void upload(void* to, void const* from, std::size_t bytes, cudaStream_t s) {
    for (std::size_t first = 0; first < bytes; first += piece_bytes) {
      piece& p = at(next_++);
      std::size_t const n = std::min(piece_bytes, bytes - first);
      p.done.wait();
      std::memcpy(p.bytes, static_cast<unsigned char const*>(from) + first, n);
      check_cuda(cudaMemcpyAsync(static_cast<unsigned char*>(to) + first, p.bytes, n, cudaMemcpyHostToDevice, s),
                 "cudaMemcpyAsync to the device");
      p.done.record(s);
    }
  }
  /// Host bytes from the device's; waits for them.
  void download(void* to, void const* from, std::size_t bytes, cudaStream_t s) {
    std::size_t const parts = (bytes + piece_bytes - 1) / piece_bytes, base = next_;
    next_ += parts;
    auto const size = [&](std::size_t i) { return std::min(piece_bytes, bytes - i * piece_bytes); };
    auto const fetch = [&](std::size_t i) {
      piece& p = at(base + i);
      check_cuda(cudaMemcpyAsync(p.bytes, static_cast<unsigned char const*>(from) + i * piece_bytes, size(i),
                                 cudaMemcpyDeviceToHost, s),
                 "cudaMemcpyAsync from the device");
      p.done.record(s);
    };
    for (std::size_t i = 0; i < std::min(parts, count - 1); ++i) fetch(i);
    for (std::size_t i = 0; i < parts; ++i) {
      if (i + count - 1 < parts) fetch(i + count - 1);
      at(base + i).done.wait();
      std::memcpy(static_cast<unsigned char*>(to) + i * piece_bytes, at(base + i).bytes, size(i));
    }
  }
};

}  // namespace flan::detail
