// Elementwise kernels against the reference backend, on the emulated device.

#include "emulated.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("cuda: fill, copy and add conform") {
  conforms_in_every_order([](cuda_session& s) {
    testing::detail::check_conversions<float, float>(s);
    testing::detail::check_conversions<float, bf16>(s);
    testing::detail::check_conversions<bf16, float>(s);
  });
}

TEST_CASE("cuda: dropout conforms, with the same mask as on the host") {
  conforms_in_every_order([](cuda_session& s) {
    testing::detail::check_dropout<float>(s);
    testing::detail::check_dropout<bf16>(s);
  });
}

TEST_CASE("cuda: activations and gates conform") {
  conforms_in_every_order([](cuda_session& s) {
    testing::detail::check_activations<float>(s);
    testing::detail::check_activations<bf16>(s);
  });
}

TEST_CASE("cuda: backwards of activations and gates conform") {
  conforms_in_every_order([](cuda_session& s) {
    testing::detail::check_activations_backward<float>(s);
    testing::detail::check_activations_backward<bf16>(s);
  });
}

TEST_CASE("cuda: an element is reached where a matrix has more rows or columns than a grid has blocks") {
  emulator::reset();
  cuda_backend be;
  for (auto [rows, columns] : {std::pair<extent, extent>{70000, 1}, {1, 70000}}) {
    tensor<float> y(be, rows, columns);
    be.fill(y.view, 3);
    for (float v : to_host(be, y.view))
      if (v != 3) FAIL("an element was left out");
  }
}

TEST_CASE("cuda: ops refuse shapes that do not fit, and an open activation") {
  emulator::reset();
  cuda_backend be;
  tensor<float> a(be, 2, 3), b(be, 3, 2);
  CHECK_THROWS_WITH(be.copy(a.view, in(b.view)), ContainsSubstring("copy expected y to be 3 x 2 but found 2 x 3"));
  CHECK_THROWS_WITH(be.activate(a.view, in(a.view), activation::any), ContainsSubstring("activation::any"));
}
