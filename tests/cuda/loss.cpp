// The head with its loss against the reference backend, on the emulated device.

#include <cmath>
#include <limits>

#include "emulated.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("cuda: cross_entropy_head conforms") {
  conforms_in_every_order([](cuda_session& s) { testing::detail::check_head<float, float, float, float>(s); });
  // bf16 on the smaller shapes: the larger ones take long, and ask for nothing else.
  emulator::reset();
  cuda_session s(cuda_backend{}, 1, true);
  testing::detail::check_head<bf16, bf16, float, float>(s);
  std::ostringstream text;
  text << s.result;
  INFO(text.str());
  CHECK(s.result.ok());
}

namespace {

/// Losses of rows of logits, and their gradient: an identity is the head.
struct head_of {
  cuda_backend be{};
  extent width;
  weight<float> w;

  explicit head_of(extent n) : width(n) {
    std::vector<float> identity(static_cast<std::size_t>(n * n));
    for (extent i = 0; i < n; ++i) identity[static_cast<std::size_t>(i * n + i)] = 1;
    w = be.adopt(matrix<float const>(identity.data(), n, n), memory{});
  }
  float loss(std::vector<float> const& logits, std::int32_t label, float* gradient = nullptr, float smoothing = 0) {
    auto const x = to_backend(be, logits.data(), 1, width);
    auto const labels = to_backend(be, &label, 1, 1);
    tensor<float> y(be, 1, 1), dx(be, 1, width);
    loss_options const o{.label_smoothing = static_cast<double>(smoothing)};
    be.cross_entropy_head(flat(y.view), dx.view, matrix<float>{}, in(x.view), w, in(flat(labels.view)), o);
    if (gradient != nullptr) *gradient = to_host(be, dx.view)[0];
    return to_host(be, y.view)[0];
  }
};

}  // namespace

TEST_CASE("cuda: losses of large logits, and of labels outside of the vocabulary") {
  emulator::reset();
  head_of head(3);
  CHECK(head.loss({1000, 1000, 1000}, 1) == Approx(std::log(3.0f)));
  CHECK(head.loss({-1000, -1000, -1000}, 1, nullptr, 0.5f) == Approx(std::log(3.0f)).epsilon(1e-3));
  CHECK(head.loss({200, 0, -200}, 2) == Approx(400.0f));
  float gradient = 0;
  CHECK(std::isnan(head.loss({1, 2, 3}, 3, &gradient)));
  CHECK(std::isnan(gradient));
  CHECK(std::isnan(head.loss({1, 2, 3}, -1, &gradient)));
  CHECK(head.loss({1, 2, 3}, -100, &gradient) == 0);
  CHECK(gradient == 0);
  constexpr float strange = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(head.loss({1, strange, 3}, 0)));
}

TEST_CASE("cuda: a loss over chunks of rows and a long vocabulary") {
  conforms_in_every_order([](cuda_session& s) {
    extent const rows = s.skips(100000) ? 3 : 9, vocabulary = 5000, width = 8;
    auto x = s.make<float>(rows, width), dx = s.make<float>(rows, width), dw = s.make<float>(vocabulary, width);
    auto const w = s.weights<float>(vocabulary, width);
    auto loss = s.make<float>(1, rows);
    auto labels = s.ids(rows, vocabulary);
    s.run(
        "cross_entropy_head", "a long vocabulary",
        [&](auto& be) {
          be.cross_entropy_head(loss.flat(), dx.view, dw.view, in(x.view), w, in(labels.flat()),
                                loss_options{.z_loss = 1e-2, .label_smoothing = 0.1});
        },
        loss, dx, dw);
  });
}
