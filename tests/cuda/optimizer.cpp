// Optimizers' kernels against the reference backend, on the emulated device.

#include <cmath>

#include "emulated.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("cuda: optimizers conform") {
  conforms_in_every_order([](cuda_session& s) { testing::detail::check_optimizers<float, float>(s); });
}

TEST_CASE("cuda: optimizers where rows and columns have many parts") {
  conforms_in_every_order([](cuda_session& s) {
    for (auto [rows, columns] : {std::pair<extent, extent>{1100, 17}, {37, 1300}, {1, 20000}, {5000, 1}}) {
      auto const context = sentence(rows, " x ", columns);
      auto w = s.make<float>(rows, columns, placement::ragged, 0.1);
      auto g = s.make<float>(rows, columns, placement::ragged, 1e-3);
      auto row = s.make<float>(1, rows), column = s.make<float>(1, columns), v = s.make<float>(rows, columns);
      auto m = s.make<float>(rows, columns, placement::aligned, 1e-3);
      auto const positive = [&] { return 1e-6 * std::abs(s.normal()); };
      s.fill(row, positive), s.fill(column, positive), s.fill(v, positive);
      auto sum = s.make<double>(1, 1);
      s.run(
          "sum_of_squares", context, [&](auto& be) { be.sum_of_squares(sum.flat(), in(g.view)); }, sum);
      adafactor_options o;
      o.beta2 = 0.8;
      s.run(
          "adafactor_update", context + ", factored",
          [&](auto& be) { be.adafactor_update(w.view, in(g.view), row.flat(), column.flat(), matrix<float>{}, o); }, w,
          row, column);
      s.run(
          "adafactor_update", context,
          [&](auto& be) {
            be.adafactor_update(w.view, in(g.view), vector_view<float>{}, vector_view<float>{}, v.view, o);
          },
          w, v);
      s.run(
          "adamw_update", context,
          [&](auto& be) { be.adamw_update(w.view, in(g.view), m.view, v.view, adamw_options{}); }, w, m, v);
    }
  });
}

TEST_CASE("cuda: a sum of squares has the same bits whatever the stride") {
  emulator::reset();
  cuda_backend be;
  extent const rows = 70, columns = 1033;
  tensor<float> wide(be, rows, columns + 7), narrow(be, rows, columns);
  std::vector<float> values(static_cast<std::size_t>(rows * (columns + 7)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(normal(11, i));
  be.upload(wide.view.data, values.data(), values.size() * sizeof(float));
  be.copy(narrow.view, in(wide.view.column_range(0, columns)));
  double const zeros[] = {0, 0};
  auto const sums = to_backend(be, zeros, 1, 2);
  be.sum_of_squares({sums.view.data, 1}, in(wide.view.column_range(0, columns)));
  be.sum_of_squares({sums.view.data + 1, 1}, in(narrow.view));
  auto const got = to_host(be, sums.view);
  CHECK(got[0] == got[1]);
  CHECK(got[0] > 0);
}
