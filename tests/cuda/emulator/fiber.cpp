#include "fiber.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define FLAN_EMULATOR_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FLAN_EMULATOR_ASAN 1
#endif
#endif
#if defined(FLAN_EMULATOR_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

// flan_emulator_switch(from, to): keeps the registers that a call must keep and the stack pointer in *from, and takes
// those of `to`. A system call less than swapcontext, which would be most of the emulator's time.
#if defined(__x86_64__)
extern "C" void flan_emulator_switch(void** from, void* to);
asm(R"(
.text
.p2align 4
.globl flan_emulator_switch
.type flan_emulator_switch, @function
flan_emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  retq
.size flan_emulator_switch, .-flan_emulator_switch
)");
#endif

namespace flan::emulator {

namespace {
fiber* entering = nullptr;  // by way of a variable: a fresh stack has no arguments

#if defined(__x86_64__)
void switch_stacks(void** from, void* to) { flan_emulator_switch(from, to); }
#else
void switch_stacks(void** from, void* to) {
  ucontext_t mine;
  *from = &mine;
  swapcontext(&mine, static_cast<ucontext_t*>(to));
}
#endif
}  // namespace

fiber::fiber() {
  // Pages that are never touched cost nothing; the first is a guard, so that an overflow is a crash, not a riddle.
  void* const p = ::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  ::mprotect(p, 4096, PROT_NONE);
  stack_ = static_cast<unsigned char*>(p);
}
fiber::~fiber() {
#if !defined(__x86_64__)
  // The first context is leaked: a test program ends soon.
#endif
  ::munmap(stack_, stack_bytes);
}

void fiber::start(void (*body)(void*), void* argument) {
  body_ = body, argument_ = argument, finished_ = false;
#if defined(FLAN_EMULATOR_ASAN)
  __asan_unpoison_memory_region(stack_ + 4096, stack_bytes - 4096);  // an abandoned run left its marks
  fake_stack_ = nullptr;
#endif
  static constexpr auto first = [] { fiber::enter(entering); };
#if defined(__x86_64__)
  // As if the fiber had called flan_emulator_switch from the first instruction of `first`: six registers, where to
  // return to, and a return address of nobody's, so that the stack is aligned as after a call.
  auto** top = reinterpret_cast<void**>(stack_ + stack_bytes) - 1;
  *top = nullptr;
  *--top = reinterpret_cast<void*>(static_cast<void (*)()>(first));
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  here_ = top;
#else
  auto* const context = static_cast<ucontext_t*>(std::malloc(sizeof(ucontext_t)));
  getcontext(context);
  context->uc_stack.ss_sp = stack_ + 4096, context->uc_stack.ss_size = stack_bytes - 4096;
  makecontext(context, first, 0);
  here_ = context;
#endif
}

void fiber::enter(fiber* f) {
#if defined(FLAN_EMULATOR_ASAN)
  __sanitizer_finish_switch_fiber(nullptr, &f->resumer_stack_, &f->resumer_stack_bytes_);
#endif
  f->body_(f->argument_);
  f->finished_ = true;
  f->switch_out(true);
  std::abort();  // a finished fiber is not resumed
}

void fiber::resume() {
  entering = this;
#if defined(FLAN_EMULATOR_ASAN)
  __sanitizer_start_switch_fiber(&resumer_fake_stack_, stack_ + 4096, stack_bytes - 4096);
#endif
  switch_stacks(&resumer_, here_);
#if defined(FLAN_EMULATOR_ASAN)
  __sanitizer_finish_switch_fiber(resumer_fake_stack_, nullptr, nullptr);
#endif
}

void fiber::switch_out([[maybe_unused]] bool for_good) {
#if defined(FLAN_EMULATOR_ASAN)
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack_, resumer_stack_, resumer_stack_bytes_);
#endif
  switch_stacks(&here_, resumer_);
#if defined(FLAN_EMULATOR_ASAN)
  __sanitizer_finish_switch_fiber(fake_stack_, &resumer_stack_, &resumer_stack_bytes_);
#endif
}

void fiber::pause() { switch_out(false); }

}  // namespace flan::emulator
