// The backend around the kernels: what it is, memory, copies, and what it says when something is wrong.

#include <memory>
#include <optional>

#include "emulated.hpp"

using namespace flan;
using namespace flan::testing;

static_assert(training_backend<cuda_backend, fp32>);
static_assert(training_backend<cuda_backend, bf16_mixed>);
static_assert(inference_backend<cuda_backend, q8_weights>);
static_assert(!training_backend<cuda_backend, q8_weights>);
static_assert(!inference_backend<cuda_backend, fp64>);  // no kernels: said by the compiler, not the linker

TEST_CASE("cuda: no device is told from a driver that is too old") {
  emulator::reset();
  CHECK(no_device({cudaErrorNoDevice, ""}));
  CHECK(!no_device({cudaErrorInsufficientDriver, ""}));
  CHECK(!no_device({cudaErrorMemoryAllocation, ""}));
  emulator::device().driver = false;
  CHECK(no_device({cudaErrorInsufficientDriver, ""}));
  emulator::reset();
}

TEST_CASE("cuda: backends made apart share the device, and with it each other's order") {
  emulator::reset();
  cuda_backend const a, b;
  CHECK(&a.device() == &b.device());
}

TEST_CASE("cuda: without a driver, a device or kernels for it, construction says so") {
  emulator::reset();
  emulator::device().driver = false;
  CHECK_THROWS_WITH(cuda_backend{}, ContainsSubstring("driver version is insufficient") &&
                                        ContainsSubstring("cudaErrorInsufficientDriver") &&
                                        ContainsSubstring("flan/cuda/device.hpp:"));
  emulator::reset();
  emulator::device().count = 0;
  CHECK_THROWS_AS(cuda_backend{}, cuda_error);
  emulator::reset();
  CHECK_THROWS_WITH(cuda_backend{{.device = 3}}, ContainsSubstring("a device between 0 and 0 but was asked for 3"));
  emulator::device().major = 7, emulator::device().minor = 5;
  CHECK_THROWS_WITH(cuda_backend{}, ContainsSubstring("built for sm_80, sm_90; device is sm_75"));
  emulator::reset();
  CHECK_NOTHROW(cuda_backend{});
}

TEST_CASE("cuda: bytes go to the device and back, in parts larger than the staging's too") {
  emulator::reset();
  cuda_backend be;
  for (std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 20, (std::size_t{5} << 19) + 3}) {
    std::vector<unsigned char> there(bytes), back(bytes);
    for (std::size_t i = 0; i < bytes; ++i) there[i] = static_cast<unsigned char>(i * 2654435761u >> 24);
    auto const m = be.allocate(bytes);
    REQUIRE(m != nullptr);
    be.upload(m.get(), there.data(), bytes);
    be.download(back.data(), m.get(), bytes);
    CHECK(there == back);
  }
  be.synchronize();
}

TEST_CASE("cuda: memory outlives the backend that allocated it, and all is given back") {
  emulator::reset();
  auto const before = emulator::device().allocated;
  {
    std::optional<cuda_backend> first{std::in_place};
    auto w = first->allocate_weight<float>(8, 8);
    cuda_backend second = *first;
    CHECK(second.stream() != first->stream());
    first.reset();
    auto const scratch = frame{second}.make<float>(4, 4);
    second.fill(scratch, 2);
    second.unpack(w.values(), w);
    second = cuda_backend{};
    CHECK(to_host(second, w.view()) == std::vector<float>(64));
  }
  CHECK(emulator::device().allocated == before);
}

TEST_CASE("cuda: a full device is an error that says how full") {
  emulator::reset();
  emulator::device().memory = emulator::device().allocated + 1000;
  cuda_backend be;
  auto const first = be.allocate(900);
  CHECK_THROWS_WITH(be.allocate(101), ContainsSubstring("no room for a block of 101 bytes: 100 of"));
  CHECK_NOTHROW(be.allocate(100));
  emulator::reset();
}

TEST_CASE("cuda: only download and synchronize wait") {
  emulator::reset();
  cuda_backend be;
  tensor<float> x(be, 3, 4), y(be, 3, 4);
  be.fill(x.view, 1);
  be.gate(y.view, in(x.view), in(x.view), activation::silu);
  be.add(y.view, in(x.view));
  CHECK(emulator::device().synchronizations == 0);
  be.synchronize();
  CHECK(emulator::device().synchronizations == 1);
}
