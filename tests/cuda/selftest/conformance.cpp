// Every op against the reference backend, in each precision.

#include "flan/testing/conformance.hpp"

#include <sstream>
#include <vector>

#include "cuda/selftest/selftest.hpp"
#include "support/catch.hpp"

using namespace flan;

namespace {
template <class P>
void check() {
  std::ostringstream text;
  auto const found = testing::conformance<P>(cuda_backend{}, {.seed = 1, .small = selftest::quick});
  text << found;
  INFO(text.str());
  CHECK(found.ok());
}
}  // namespace

TEST_CASE("conformance in float") { check<fp32>(); }
TEST_CASE("conformance in bf16") { check<bf16_mixed>(); }

TEST_CASE("products of quantised weights are those of the numbers they stand for") {
  cuda_backend be;
  for (extent const rows : {1, 3, 8, 65}) {
    extent const k = 200, n = 130;
    auto const values = [](std::uint64_t key, extent count) {
      std::vector<float> v(static_cast<std::size_t>(count));
      for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>(normal(key, i));
      return v;
    };
    auto const x = values(1, rows * k);
    auto w = be.allocate_weight<q8>(n, k);
    be.quantize(w, 0, in(to_backend(be, values(2, n * k).data(), n, k).view));
    tensor<float> stands_for(be, n, k), y(be, rows, n);
    be.unpack(stands_for.view, w);
    be.matmul(y.view, in(to_backend(be, x.data(), rows, k).view), w, matmul_options{});
    auto const wide = to_host(be, stands_for.view), got = to_host(be, y.view);
    double error = 0, size = 0;
    for (extent r = 0; r < rows; ++r)
      for (extent c = 0; c < n; ++c) {
        double sum = 0;
        for (extent i = 0; i < k; ++i)
          sum +=
              static_cast<double>(x[static_cast<std::size_t>(r * k + i)]) * wide[static_cast<std::size_t>(c * k + i)];
        double const e = got[static_cast<std::size_t>(r * n + c)] - sum;
        error += e * e, size += sum * sum;
      }
    CHECK(error <= 1e-4 * size);  // x may be rounded to seven bits and a sign, some 1/200 of it
  }
}
