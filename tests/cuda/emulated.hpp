#pragma once
// How tests of kernels run: parts of the conformance suite on the emulated device, in every order of threads.

#include <cuda_runtime_api.h>

#include <sstream>

#include "emulator/emulator.hpp"
#include "flan/cuda.hpp"
#include "flan/testing/conformance.hpp"
#include "support/catch.hpp"
#include "support/sanitized.hpp"

namespace flan::testing {

using cuda_session = conformance_session<cuda_backend>;

/// check(session), and that nothing differed, with the threads of a block in each order. Shuffled, a call that the
/// suite repeats has another order the second time and must give the same bits.
template <class Check>
void conforms_in_every_order(Check const& check) {
  using emulator::order;
  for (auto o : {order::ascending, order::descending, order::shuffled}) {
    emulator::reset();
    emulator::device().threads = o;
    cuda_session s(cuda_backend{}, 1, sanitized || o != order::ascending);
    check(s);
    std::ostringstream text;
    text << s.result;
    INFO("threads " << (o == order::ascending ? "ascending" : o == order::descending ? "descending" : "shuffled"));
    INFO(text.str());
    CHECK(s.result.ok());
  }
  emulator::reset();
}

}  // namespace flan::testing
