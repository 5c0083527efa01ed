#pragma once
/// CUDA: a session's stream, its memory, and the way to and from the host.

#include <memory>
#include <optional>

#include "flan/cuda/staging.hpp"
#include "flan/cuda/stream.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::detail {

/// Models `memory_backend`. A copy shares the device and its memory and has a stream, arenas, staging and library
/// handles of its own. Its stream begins where the original's was when it was copied; what one writes later another
/// may read after the writer's `synchronize`.
class cuda_memory {
  std::shared_ptr<cuda_stream> stream_;
  std::optional<workspace> workspace_{std::in_place};
  std::unique_ptr<cuda_staging> staging_;  // made when it is first needed
  std::shared_ptr<void> library_;

  cuda_staging& staging() {
    if (staging_ == nullptr) staging_ = std::make_unique<cuda_staging>();
    return *staging_;
  }

 public:
  static constexpr bool reads_host_memory = false;

  explicit cuda_memory(cuda_options const& o) : stream_(std::make_shared<cuda_stream>(cuda_device::shared(o))) {}
  cuda_memory(cuda_memory const& other) : stream_(std::make_shared<cuda_stream>(other.stream_->shared_device())) {
    stream_->follow(*other.stream_);
  }
  /// As a copy: stream and handles are new, behind the work of both.
  cuda_memory& operator=(cuda_memory const& other) {
    if (this == &other) return *this;
    auto stream = std::make_shared<cuda_stream>(other.stream_->shared_device());
    stream->follow(*other.stream_);
    stream->follow(*stream_);  // whose arenas stay, unless they are another device's
    if (&stream->device() != &stream_->device()) workspace_.emplace();
    staging_ = nullptr, library_ = nullptr;
    stream_ = std::move(stream);
    return *this;
  }

  /// Uninitialised bytes, aligned to memory_alignment; never null. They are freed behind the work that was given to any
  /// stream of the device before their owner went.
  memory allocate(std::size_t bytes) {
    void* const p = stream_->device().allocate(bytes == 0 ? 1 : bytes, stream());
    return {p, [owner = stream_](void* q) { owner->device().free(q, owner->get()); }};
  }
  /// Device bytes from the host's, which the caller may reuse at once.
  void upload(void* to, void const* from, std::size_t bytes) {
    cudaStream_t const s = stream();  // first: it makes the device current, on which staging makes its events
    staging().upload(to, from, bytes, s);
  }
  /// Host bytes from the device's; waits for the work before.
  void download(void* to, void const* from, std::size_t bytes) {
    cudaStream_t const s = stream();
    staging().download(to, from, bytes, s);
  }
  /// Waits for all work of this session, and throws what went wrong in it.
  void synchronize() { stream_->synchronize(); }
  arena& scratch() { return workspace_->scratch(); }
  arena& kept() { return workspace_->kept(); }

  /// The session's stream, with its device made current: for launches of one's own between ops.
  cudaStream_t stream() {
    stream_->device().make_current();
    return stream_->get();
  }
  cuda_device const& device() const { return stream_->device(); }
  /// A slot for handles of a library, made by whoever needs them first; a copy begins with an empty one.
  std::shared_ptr<void>& library() { return library_; }
};

}  // namespace flan::detail
