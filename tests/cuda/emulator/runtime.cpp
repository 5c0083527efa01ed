// The host's side of the made-up device: memory, streams, facts, errors.

#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "cuda_runtime.h"

namespace {
/// What a stream has still to do.
struct work_queue {
  std::deque<std::function<cudaError_t()>> work;
};
/// A place in a stream: passed when `queue` is null.
struct place_in_queue {
  std::shared_ptr<work_queue> queue;
};
}  // namespace

struct flan_emulated_stream {
  std::shared_ptr<work_queue> queue = std::make_shared<work_queue>();
};
struct flan_emulated_event {
  std::shared_ptr<place_in_queue> place = std::make_shared<place_in_queue>();
};
struct flan_emulated_pool {};

namespace {
std::mutex guard;
std::map<void*, std::size_t> blocks;
cudaError_t last = cudaSuccess;

cudaError_t say(cudaError_t e) {
  if (e != cudaSuccess) last = e;
  return e;
}
std::recursive_mutex queues;
std::vector<std::shared_ptr<work_queue>> all_queues;  // those of destroyed streams too, until they are empty
cudaError_t late_error = cudaSuccess;

void work_off(work_queue& q, place_in_queue const* until) {
  while (!q.work.empty() && (until == nullptr || until->queue != nullptr)) {
    auto const work = std::move(q.work.front());
    q.work.pop_front();
    if (auto const e = work(); e != cudaSuccess) late_error = e;
  }
}
void wait_for(place_in_queue const& p) {
  if (auto const q = p.queue) work_off(*q, &p);
}
void work_all_off() {
  std::lock_guard const lock(queues);
  for (auto const& q : std::vector(all_queues)) work_off(*q, nullptr);
  std::erase_if(all_queues, [](auto const& q) { return q.use_count() == 1; });
}
cudaError_t presence() {
  auto const& d = flan::emulator::device();
  return !d.driver ? cudaErrorInsufficientDriver : d.count == 0 ? cudaErrorNoDevice : cudaSuccess;
}
/// Opaque handles: each its own allocation, so that one that is used after it was destroyed shows under a sanitizer.
template <class T>
cudaError_t create(T** handle) {
  if (presence() != cudaSuccess) return say(presence());
  *handle = new T;
  return cudaSuccess;
}
template <class T>
cudaError_t destroy(T* handle) {
  if (handle == nullptr) return say(cudaErrorInvalidValue);
  delete handle;
  return cudaSuccess;
}
/// Reads the handle: a null one is CUDA's default stream, which a backend should never name.
template <class T>
cudaError_t use(T* handle) {
  if (handle == nullptr) return say(cudaErrorInvalidValue);
  [[maybe_unused]] auto const volatile read = *reinterpret_cast<unsigned char volatile*>(handle);
  return cudaSuccess;
}
}  // namespace

namespace flan::emulator {
cudaError_t give(cudaStream_t stream, std::function<cudaError_t()> work) {
  if (use(stream) != cudaSuccess) return cudaErrorInvalidValue;
  {
    std::lock_guard const lock(queues);
    if (device().late || !stream->queue->work.empty()) {
      stream->queue->work.push_back(std::move(work));
      return cudaSuccess;
    }
  }
  return work();
}
device_state& device() {
  static device_state d;
  return d;
}
void reset() {
  work_all_off();
  late_error = cudaSuccess;
  auto const allocated = device().allocated;
  device() = {};
  device().allocated = allocated;
  last = cudaSuccess;
}
cudaError_t describe(cudaFuncAttributes* a) {
  a->binaryVersion = 10 * device().major + device().minor;
  return device().major < 8 ? say(cudaErrorNoKernelImageForDevice) : cudaSuccess;
}
}  // namespace flan::emulator

char const* cudaGetErrorName(cudaError_t e) {
  switch (e) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorInsufficientDriver:
      return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorNoKernelImageForDevice:
      return "cudaErrorNoKernelImageForDevice";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
  }
  return "?";
}
char const* cudaGetErrorString(cudaError_t e) {
  auto const& failure = flan::emulator::device().failure;
  if ((e == cudaErrorLaunchFailure || e == cudaErrorInvalidConfiguration) && !failure.empty()) return failure.c_str();
  return e == cudaErrorInsufficientDriver ? "CUDA driver version is insufficient for CUDA runtime version"
         : e == cudaErrorNoDevice         ? "no CUDA-capable device is detected"
                                          : "as the emulator says";
}
cudaError_t cudaGetLastError() {
  auto const e = last;
  last = cudaSuccess;
  return e;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = flan::emulator::device().driver ? 13000 : 0;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* n) {
  *n = flan::emulator::device().count;
  return say(presence());
}
cudaError_t cudaGetDevice(int* d) {
  *d = 0;
  return say(presence());
}
cudaError_t cudaSetDevice(int d) { return d == 0 ? say(presence()) : say(cudaErrorInvalidDevice); }
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr a, int) {
  auto const& d = flan::emulator::device();
  switch (a) {
    case cudaDevAttrWarpSize:
      *value = 32;
      break;
    case cudaDevAttrMultiProcessorCount:
      *value = d.processors;
      break;
    case cudaDevAttrL2CacheSize:
      *value = 50 << 20;
      break;
    case cudaDevAttrComputeCapabilityMajor:
      *value = d.major;
      break;
    case cudaDevAttrComputeCapabilityMinor:
      *value = d.minor;
      break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(d.shared_per_block);
      break;
    case cudaDevAttrMemoryPoolsSupported:
      *value = 1;
      break;
  }
  return say(presence());
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int) {
  std::strcpy(p->name, "an emulated device");
  return say(presence());
}
cudaError_t cudaDeviceSynchronize() {
  work_all_off();
  return say(presence() != cudaSuccess ? presence() : late_error);
}
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  auto const& d = flan::emulator::device();
  *total = d.memory, *free = d.memory - d.allocated;
  return say(presence());
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* p, cudaMemPoolProps const*) { return create(p); }
cudaError_t cudaMemPoolDestroy(cudaMemPool_t p) { return destroy(p); }
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t p, cudaMemPoolAttr, void*) { return use(p); }
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t p, std::size_t) { return use(p); }
cudaError_t cudaMallocFromPoolAsync(void** p, std::size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  if (use(pool) != cudaSuccess || use(stream) != cudaSuccess || bytes == 0) return say(cudaErrorInvalidValue);
  std::lock_guard const lock(guard);
  auto& d = flan::emulator::device();
  if (bytes > d.memory || d.allocated > d.memory - bytes) return say(cudaErrorMemoryAllocation);
  // Exactly as many bytes as were asked for, so that a sanitizer sees the first one behind.
  if (::posix_memalign(p, 256, bytes) != 0) return say(cudaErrorMemoryAllocation);
  std::memset(*p, 0xff, bytes);
  blocks[*p] = bytes;
  ++d.allocations, d.allocated += bytes;
  return cudaSuccess;
}
cudaError_t cudaFreeAsync(void* p, cudaStream_t stream) {
  return flan::emulator::give(stream, [p] {
    std::lock_guard const lock(guard);
    auto const found = blocks.find(p);
    if (found == blocks.end()) return say(cudaErrorInvalidValue);
    flan::emulator::device().allocated -= found->second;
    std::memset(p, 0xff, found->second);  // who reads it still, sees that
    blocks.erase(found);
    std::free(p);
    return cudaSuccess;
  });
}
cudaError_t cudaHostAlloc(void** p, std::size_t bytes, unsigned) {
  *p = std::malloc(bytes);
  return *p == nullptr ? say(cudaErrorMemoryAllocation) : cudaSuccess;
}
cudaError_t cudaFreeHost(void* p) {
  std::free(p);
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, void const* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  return flan::emulator::give(stream, [=] {
    if (bytes != 0) std::memmove(to, from, bytes);
    return cudaSuccess;
  });
}
cudaError_t cudaMemsetAsync(void* p, int value, std::size_t bytes, cudaStream_t stream) {
  return flan::emulator::give(stream, [=] {
    if (bytes != 0) std::memset(p, value, bytes);
    return cudaSuccess;
  });
}
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, void const* from, std::size_t from_pitch,
                              std::size_t width, std::size_t height, cudaMemcpyKind, cudaStream_t stream) {
  if (width > to_pitch || width > from_pitch) return say(cudaErrorInvalidValue);
  return flan::emulator::give(stream, [=] {
    for (std::size_t r = 0; r < height; ++r)
      std::memcpy(static_cast<char*>(to) + r * to_pitch, static_cast<char const*>(from) + r * from_pitch, width);
    return cudaSuccess;
  });
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) {
  auto const e = create(s);
  if (e != cudaSuccess) return e;
  std::lock_guard const lock(queues);
  std::erase_if(all_queues, [](auto const& q) { return q.use_count() == 1 && q->work.empty(); });
  all_queues.push_back((*s)->queue);
  return e;
}
cudaError_t cudaStreamDestroy(cudaStream_t s) { return destroy(s); }  // what it was given is still done
cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  if (use(s) != cudaSuccess) return cudaErrorInvalidValue;
  std::lock_guard const lock(queues);
  ++flan::emulator::device().synchronizations;
  work_off(*s->queue, nullptr);
  return say(late_error);
}
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned) {
  if (use(e) != cudaSuccess) return cudaErrorInvalidValue;
  return flan::emulator::give(s, [place = e->place] {
    wait_for(*place);
    return cudaSuccess;
  });
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned) { return create(e); }
cudaError_t cudaEventDestroy(cudaEvent_t e) { return destroy(e); }
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) {
  if (use(e) != cudaSuccess || use(s) != cudaSuccess) return cudaErrorInvalidValue;
  std::lock_guard const lock(queues);
  e->place = std::make_shared<place_in_queue>(place_in_queue{s->queue});
  return flan::emulator::give(s, [place = e->place] {
    place->queue = nullptr;
    return cudaSuccess;
  });
}
cudaError_t cudaEventSynchronize(cudaEvent_t e) {
  if (use(e) != cudaSuccess) return cudaErrorInvalidValue;
  std::lock_guard const lock(queues);
  wait_for(*e->place);
  return say(late_error);
}
