#pragma once
/// A stream: work is done in the order in which it was given.

#include <memory>

#include "flan/cuda/device.hpp"

namespace flan::detail {

/// Owns a CUDA event: a place in a stream that others can wait for.
class cuda_event {
  cudaEvent_t event_ = nullptr;

 public:
  cuda_event() { check_cuda(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreateWithFlags"); }
  cuda_event(cuda_event const&) = delete;
  cuda_event& operator=(cuda_event const&) = delete;
  ~cuda_event() { cudaEventDestroy(event_); }

  void record(cudaStream_t s) { check_cuda(cudaEventRecord(event_, s), "cudaEventRecord"); }
  /// The host waits. An event that was never recorded is past.
  void wait() { check_cuda(cudaEventSynchronize(event_), "cudaEventSynchronize"); }
  void settle() noexcept { cudaEventSynchronize(event_); }
  /// The work given to `s` from now on waits.
  void hold(cudaStream_t s) { check_cuda(cudaStreamWaitEvent(s, event_, 0), "cudaStreamWaitEvent"); }
};

/// Owns a stream, and through the device all that is needed to free memory on it.
class cuda_stream {
  std::shared_ptr<cuda_device> device_;
  cudaStream_t stream_;

 public:
  explicit cuda_stream(std::shared_ptr<cuda_device> d) : device_(std::move(d)), stream_(device_->make_stream()) {}
  cuda_stream(cuda_stream const&) = delete;
  cuda_stream& operator=(cuda_stream const&) = delete;
  ~cuda_stream() { device_->destroy_stream(stream_); }

  cuda_device& device() const { return *device_; }
  std::shared_ptr<cuda_device> const& shared_device() const { return device_; }
  cudaStream_t get() const { return stream_; }

  /// What is given to this stream from now on sees what was given to the other so far.
  void follow(cuda_stream const& other) {
    other.device().make_current();  // an event belongs to the device that is current when it is made
    cuda_event e;
    e.record(other.get());
    e.hold(stream_);
  }
  void synchronize() const { check_cuda(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }
};

}  // namespace flan::detail
