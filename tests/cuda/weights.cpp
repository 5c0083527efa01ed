// Weights on the emulated device: layouts, uploads, quantised panels.

#include <cmath>
#include <cstring>
#include <limits>

#include "emulated.hpp"
#include "flan/cpu/backend.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("cuda: weights are packed and unpacked bit for bit") {
  conforms_in_every_order([](cuda_session& s) {
    testing::detail::check_layouts<float>(s);
    testing::detail::check_layouts<bf16>(s);
  });
}

TEST_CASE("cuda: an owned weight is zeros, an adopted one a read-only copy") {
  emulator::reset();
  cuda_backend be;
  auto zeros = be.allocate_weight<bf16>(3, 5);
  for (bf16 x : to_host(be, zeros.view())) CHECK(x.bits == 0);
  float const host[] = {1, 2, -1, 3, 4, -1};
  auto w = be.adopt(matrix<float const>(host, 2, 2, 3), memory{});
  CHECK(w.data != host);
  CHECK(to_host(be, w.view()) == std::vector<float>{1, 2, 3, 4});
  CHECK_THROWS_AS(w.values(), error);
}

TEST_CASE("cuda: quantised weights have the host's panels, bit for bit") {
  emulator::reset();
  cuda_backend be;
  cpu_backend host;
  for (auto [rows, columns] : {std::pair<extent, extent>{1, 1}, {33, 70}, {64, 33}, {5, 256}}) {
    std::vector<float> values(static_cast<std::size_t>(rows * columns));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(normal(7, i));
    if (rows > 4) {
      values[static_cast<std::size_t>(columns)] = std::numeric_limits<float>::quiet_NaN();
      for (extent c = 0; c < columns; ++c) values[static_cast<std::size_t>(2 * columns + c)] = 1e-38f;
    }
    auto const x = to_backend(be, values.data(), rows, columns);
    auto w = be.allocate_weight<q8>(rows, columns);
    auto expected = host.allocate_weight<q8>(rows, columns);
    extent const first = rows / 3;  // by parts, as a checkpoint is read
    be.quantize(w, 0, in(x.view.row_range(0, first)));
    be.quantize(w, first, in(x.view.row_range(first, rows - first)));
    host.quantize(expected, 0, matrix<float const>(values.data(), rows, columns));
    std::vector<unsigned char> bytes(flan::detail::q8_bytes(rows, columns));
    be.download(bytes.data(), w.data, bytes.size());
    CHECK(std::memcmp(bytes.data(), expected.data, bytes.size()) == 0);

    tensor<float> y(be, rows, columns);
    be.unpack(y.view, w);
    std::vector<float> plain(values.size());
    host.unpack(matrix<float>(plain.data(), rows, columns), expected);
    auto const got = to_host(be, y.view);
    CHECK(std::memcmp(got.data(), plain.data(), plain.size() * sizeof(float)) == 0);
  }
}
