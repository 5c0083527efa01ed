#pragma once
/// The way between the host's pageable memory and the device's, through pinned memory in two halves: while one is on
/// the bus, the host fills or empties the other.

#include <algorithm>
#include <cstring>

#include "flan/cuda/stream.hpp"

namespace flan::detail {

class cuda_staging {
  struct half {
    unsigned char* bytes = nullptr;
    cuda_event done;  ///< the bus is done with it
  };
  static constexpr std::size_t half_bytes = std::size_t{1} << 20;
  half halves_[2];

  half& at(std::size_t i) { return halves_[i % 2]; }

 public:
  cuda_staging() {
    void* p = nullptr;
    check_cuda(cudaHostAlloc(&p, 2 * half_bytes, cudaHostAllocDefault), "cudaHostAlloc");
    halves_[0].bytes = static_cast<unsigned char*>(p), halves_[1].bytes = halves_[0].bytes + half_bytes;
  }
  ~cuda_staging() {
    for (half& h : halves_) h.done.settle();  // uploads may still read it
    cudaFreeHost(halves_[0].bytes);
  }
  cuda_staging(cuda_staging const&) = delete;
  cuda_staging& operator=(cuda_staging const&) = delete;

  /// Device bytes from the host's, which may be reused on return; waits only for a half to become free.
  void upload(void* to, void const* from, std::size_t bytes, cudaStream_t s) {
    std::size_t i = 0;
    for (std::size_t first = 0; first < bytes; first += half_bytes, ++i) {
      half& h = at(i);
      std::size_t const count = std::min(half_bytes, bytes - first);
      h.done.wait();
      std::memcpy(h.bytes, static_cast<unsigned char const*>(from) + first, count);
      check_cuda(cudaMemcpyAsync(static_cast<unsigned char*>(to) + first, h.bytes, count, cudaMemcpyHostToDevice, s),
                 "cudaMemcpyAsync to the device");
      h.done.record(s);
    }
  }
  /// Host bytes from the device's; waits for them.
  void download(void* to, void const* from, std::size_t bytes, cudaStream_t s) {
    auto const count = [&](std::size_t i) { return std::min(half_bytes, bytes - i * half_bytes); };
    auto const fetch = [&](std::size_t i) {
      half& h = at(i);
      check_cuda(cudaMemcpyAsync(h.bytes, static_cast<unsigned char const*>(from) + i * half_bytes, count(i),
                                 cudaMemcpyDeviceToHost, s),
                 "cudaMemcpyAsync from the device");
      h.done.record(s);
    };
    std::size_t const parts = (bytes + half_bytes - 1) / half_bytes;
    if (parts != 0) fetch(0);
    for (std::size_t i = 0; i < parts; ++i) {
      if (i + 1 < parts) fetch(i + 1);
      at(i).done.wait();
      std::memcpy(static_cast<unsigned char*>(to) + i * half_bytes, at(i).bytes, count(i));
    }
  }
};

}  // namespace flan::detail
