// The host's side of the made-up device: memory, streams, facts, errors.

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "cuda_runtime.h"

struct flan_emulated_stream {};
struct flan_emulated_event {};
struct flan_emulated_pool {};

namespace {
std::mutex guard;
std::map<void*, std::size_t> blocks;
cudaError_t last = cudaSuccess;

cudaError_t say(cudaError_t e) {
  if (e != cudaSuccess) last = e;
  return e;
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
device_state& device() {
  static device_state d;
  return d;
}
void reset() {
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
cudaError_t cudaDeviceSynchronize() { return say(presence()); }
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
  if (use(stream) != cudaSuccess) return say(cudaErrorInvalidValue);
  std::lock_guard const lock(guard);
  auto const found = blocks.find(p);
  if (found == blocks.end()) return say(cudaErrorInvalidValue);
  flan::emulator::device().allocated -= found->second;
  blocks.erase(found);
  std::free(p);
  return cudaSuccess;
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
  if (bytes != 0) std::memmove(to, from, bytes);
  return use(stream);
}
cudaError_t cudaMemsetAsync(void* p, int value, std::size_t bytes, cudaStream_t stream) {
  if (bytes != 0) std::memset(p, value, bytes);
  return use(stream);
}
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, void const* from, std::size_t from_pitch,
                              std::size_t width, std::size_t height, cudaMemcpyKind, cudaStream_t stream) {
  if (width > to_pitch || width > from_pitch) return say(cudaErrorInvalidValue);
  for (std::size_t r = 0; r < height; ++r)
    std::memcpy(static_cast<char*>(to) + r * to_pitch, static_cast<char const*>(from) + r * from_pitch, width);
  return use(stream);
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) { return create(s); }
cudaError_t cudaStreamDestroy(cudaStream_t s) { return destroy(s); }
cudaError_t cudaStreamSynchronize(cudaStream_t s) {
  ++flan::emulator::device().synchronizations;
  return use(s);
}
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned) {
  return use(e) == cudaSuccess ? use(s) : cudaErrorInvalidValue;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned) { return create(e); }
cudaError_t cudaEventDestroy(cudaEvent_t e) { return destroy(e); }
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) {
  return use(e) == cudaSuccess ? use(s) : cudaErrorInvalidValue;
}
cudaError_t cudaEventSynchronize(cudaEvent_t e) { return use(e); }
