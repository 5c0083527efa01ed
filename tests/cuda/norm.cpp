// The layer norm's kernels against the reference backend, on the emulated device.

#include "emulated.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("cuda: rms_norm conforms") {
  conforms_in_every_order([](cuda_session& s) {
    testing::detail::check_norm<float, float>(s);
    testing::detail::check_norm<bf16, float>(s);
  });
}

TEST_CASE("cuda: rms_norm's backward conforms") {
  conforms_in_every_order([](cuda_session& s) { testing::detail::check_norm_backward<float, float>(s); });
}

TEST_CASE("cuda: the gain's gradient over many runs of rows") {
  conforms_in_every_order([](cuda_session& s) {
    extent const rows = 100, columns = 70;
    auto x = s.make<float>(rows, columns), dy = s.make<float>(rows, columns), dx = s.make<float>(rows, columns);
    auto inverse = s.make<float>(1, rows), dgain = s.make<float>(1, columns);
    auto gain = s.weights<float>(1, columns);
    s.run(
        "rms_norm_backward", "100 x 70",
        [&](auto& be) {
          be.rms_norm_backward(dx.view, dgain.view, in(dy.view), in(x.view), in(inverse.flat()), gain, false);
        },
        dx, dgain);
  });
}
