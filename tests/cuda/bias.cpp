// The bias by distance against the reference backend, on the emulated device.

#include "emulated.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("cuda: expand_bias and its backward over more columns than a bias has elsewhere") {
  conforms_in_every_order([](cuda_session& s) {
    bias_options const o{true, 32, 300};
    auto table = s.make<float>(32, 70), bias = s.make<float>(70, 1001, placement::ragged);
    s.run(
        "expand_bias", "70 x 1001", [&](auto& be) { be.expand_bias(bias.view, in(table.view), o); }, bias);
    auto dtable = s.make<float>(32, 70, placement::ragged);
    s.run(
        "expand_bias_backward", "70 x 1001", [&](auto& be) { be.expand_bias_backward(dtable.view, in(bias.view), o); },
        dtable);
  });
}
