// Your own backend: derive from the library's, shadow one op, and let the conformance suite tell whether it is right.

#include <algorithm>
#include <cmath>
#include <iostream>

#include "flan/flan.hpp"
#include "flan/testing/conformance.hpp"

/// Every product of the models goes through here: the place for your BLAS, your accelerator, your profiler.
struct my_backend : flan::cpu_backend {
  template <class Y, class X, class W>
  void matmul(flan::matrix<Y> y, flan::matrix<X const> x, flan::weight<W> const& w, flan::matmul_options const& o) {
    // Panels are known to who packed them. `load` packs nothing for a backend whose matmul is its own.
    if (w.format == flan::layout::packed) return cpu_backend::matmul(y, x, w, o);
    auto const m = w.view();
    auto const at = [&](flan::extent row, flan::extent k) {
      return flan::widen(o.transpose ? m.data[k * m.stride + row] : m.data[row * m.stride + k]);
    };
    flan::parallel_for(y.rows, 4, [&](flan::extent begin, flan::extent end) {
      for (flan::extent r = begin; r < end; ++r)
        for (flan::extent c = 0; c < y.columns; ++c) {
          flan::wide_t<Y> sum = 0;
          for (flan::extent k = 0; k < x.columns; ++k) sum += flan::widen(x.data[r * x.stride + k]) * at(c, k);
          Y& to = y.data[r * y.stride + c];
          sum *= static_cast<flan::wide_t<Y>>(o.scale);
          to = flan::narrow<Y>(o.accumulate ? flan::widen(to) + sum : sum);
        }
    });
  }
};
static_assert(flan::training_backend<my_backend, flan::fp32>);
static_assert(flan::training_backend<my_backend, flan::bf16_mixed>);

int main() try {
  auto const report = flan::testing::conformance(my_backend(), {.small = true});
  std::cout << report;

  // A folder's model would be flan::load<flan::any_t5>(folder, my_backend()).
  flan::t5_config shape = flan::byt5_small;
  shape.d_model = 64, shape.d_ff = 128, shape.layers = shape.decoder_layers = 2;
  auto const state = [&](auto backend) {
    auto model = flan::fresh_model(shape, flan::byte_tokenizer(), /*seed*/ 1, backend);
    model.pack();
    return model.encode({"Is the sky blue?"}).mean().front();
  };
  auto const mine = state(my_backend()), theirs = state(flan::cpu_backend());
  float off = 0;
  for (std::size_t i = 0; i < mine.size(); ++i) off = std::max(off, std::abs(mine[i] - theirs[i]));
  std::cout << "a text's mean state differs from cpu_backend's by at most " << off << '\n';
  return report.ok() && off < 1e-4f ? 0 : 1;
} catch (std::exception const& e) {
  std::cerr << "custom_backend: " << e.what() << '\n';
  return 1;
}
