#pragma once
/// A GPU: what it is, and whether the program's kernels run on it.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "flan/cuda/error.hpp"

namespace flan {

/// Which device, and how a backend behaves there.
struct cuda_options {
  int device = 0;  ///< CUDA's ordinal
};

namespace detail {

/// Architectures that the kernels of this program were compiled for, as __CUDA_ARCH_LIST__ has them: 800, 900.
/// Defined in the translation unit that includes flan/cuda/instantiate.cuh.
template <class = void>
std::vector<int> cuda_architectures();

/// Whether the current device can run them: success, or what CUDA says of a kernel that it has no image of. Defined
/// there too.
template <class = void>
cudaError_t probe_cuda_kernels();

/// "built for sm_80, sm_90; device is sm_75"
inline std::string describe_architectures(std::vector<int> const& built, int major, int minor) {
  std::string s = "built for ";
  for (std::size_t i = 0; i < built.size(); ++i) s += sentence(i == 0 ? "sm_" : ", sm_", built[i] / 10);
  return s + sentence("; device is sm_", major, minor);
}

/// Shared by all copies of a backend: the device's facts, its pool of memory, and the streams that are alive.
class cuda_device {
  int ordinal_;
  cudaMemPool_t pool_ = nullptr;
  std::mutex guard_;
  std::vector<std::pair<cudaStream_t, cudaEvent_t>> streams_;  // each with an event to mark its place

  int attribute(cudaDeviceAttr a) const {
    int value = 0;
    check_cuda(cudaDeviceGetAttribute(&value, a, ordinal_), "cudaDeviceGetAttribute");
    return value;
  }

 public:
  std::string name;
  int major, minor;                   ///< compute capability
  int processors;                     ///< streaming multiprocessors
  std::size_t shared_bytes_of_block;  ///< the most that a block may ask for
  std::size_t cache_bytes;            ///< of the second level

  /// Throws cuda_error where there is no driver or no such device, flan::error where the kernels do not run there.
  explicit cuda_device(cuda_options const& o) : ordinal_(o.device) {
    int count = 0;
    check_cuda(cudaGetDeviceCount(&count), "cuda_backend looked for a device: cudaGetDeviceCount");
    if (ordinal_ < 0 || ordinal_ >= count)
      fail("cuda_backend expected a device between 0 and ", count - 1, " but was asked for ", ordinal_);
    make_current();
    major = attribute(cudaDevAttrComputeCapabilityMajor), minor = attribute(cudaDevAttrComputeCapabilityMinor);
    processors = attribute(cudaDevAttrMultiProcessorCount);
    shared_bytes_of_block = static_cast<std::size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin));
    cache_bytes = static_cast<std::size_t>(attribute(cudaDevAttrL2CacheSize));
    cudaDeviceProp properties{};
    check_cuda(cudaGetDeviceProperties(&properties, ordinal_), "cudaGetDeviceProperties");
    name = properties.name;
    if (cudaError_t const e = probe_cuda_kernels<>(); e != cudaSuccess) {
      cudaGetLastError();
      fail("the kernels of this program do not run on ", name, ": ",
           describe_architectures(cuda_architectures<>(), major, minor), " (", cudaGetErrorString(e), ")");
    }
    if (attribute(cudaDevAttrMemoryPoolsSupported) == 0) fail(name, " has no memory pools, which cuda_backend needs");
    cudaMemPoolProps props{};
    props.allocType = cudaMemAllocationTypePinned;
    props.location.type = cudaMemLocationTypeDevice;
    props.location.id = ordinal_;
    // A pool of our own: the program's other users of CUDA keep their settings.
    check_cuda(cudaMemPoolCreate(&pool_, &props), "cudaMemPoolCreate");
    std::uint64_t keep = ~std::uint64_t{0};  // what is freed stays with the pool
    check_cuda(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &keep), "cudaMemPoolSetAttribute");
  }
  /// The one of this number that backends of the process have in common while there is any: only then does memory that
  /// one of them made wait, when it is freed, for the others' streams.
  static std::shared_ptr<cuda_device> shared(cuda_options const& o) {
    static std::mutex guard;
    static std::map<int, std::weak_ptr<cuda_device>> known;
    std::lock_guard const lock(guard);
    auto& one = known[o.device];
    std::shared_ptr<cuda_device> d = one.lock();
    if (d == nullptr) one = d = std::make_shared<cuda_device>(o);
    return d;
  }

  cuda_device(cuda_device const&) = delete;
  cuda_device& operator=(cuda_device const&) = delete;
  ~cuda_device() {
    if (pool_ != nullptr) cudaMemPoolDestroy(pool_);
  }

  int ordinal() const { return ordinal_; }
  /// CUDA's calls concern the calling thread's current device.
  void make_current() const { check_cuda(cudaSetDevice(ordinal_), "cudaSetDevice"); }

  cudaStream_t make_stream() {
    make_current();
    cudaStream_t s = nullptr;
    cudaEvent_t e = nullptr;
    check_cuda(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    check_cuda(cudaEventCreateWithFlags(&e, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    std::lock_guard const lock(guard_);
    streams_.emplace_back(s, e);
    return s;
  }
  void destroy_stream(cudaStream_t s) noexcept {
    std::lock_guard const lock(guard_);
    auto const found = std::find_if(streams_.begin(), streams_.end(), [s](auto const& e) { return e.first == s; });
    if (found == streams_.end()) return;
    // What it was given would still be done, but `free` could no longer wait for it.
    cudaStreamSynchronize(found->first);
    cudaStreamDestroy(found->first), cudaEventDestroy(found->second);
    streams_.erase(found);
  }

  /// Bytes that work given to `s` from now on may use. Where the pool has none left, once more after it gave back what
  /// it kept. Throws flan::error where the device has no room.
  void* allocate(std::size_t bytes, cudaStream_t s) {
    void* p = nullptr;
    cudaError_t e = cudaMallocFromPoolAsync(&p, bytes, pool_, s);
    if (e == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      check_cuda(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
      check_cuda(cudaMemPoolTrimTo(pool_, 0), "cudaMemPoolTrimTo");
      e = cudaMallocFromPoolAsync(&p, bytes, pool_, s);
    }
    if (e == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      std::size_t free = 0, total = 0;
      check_cuda(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
      fail(name, " has no room for a block of ", bytes, " bytes: ", free, " of ", total, " are free");
    }
    check_cuda(e, "cudaMallocFromPoolAsync");
    return p;
  }
  /// Frees when all that was given to any stream so far is done: a weight is made by one session and read by others.
  void free(void* p, cudaStream_t s) noexcept {
    std::lock_guard const lock(guard_);
    for (auto const& [stream, event] : streams_)
      if (stream != s && cudaEventRecord(event, stream) == cudaSuccess) cudaStreamWaitEvent(s, event, 0);
    cudaFreeAsync(p, s);
  }
};

}  // namespace detail
}  // namespace flan
