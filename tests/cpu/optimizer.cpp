// Optimizer ops of the CPU backend.
#include "flan/cpu/optimizer.hpp"

#include "flan/reference/backend.hpp"
#include "numbers.hpp"
#include "support/catch.hpp"

using namespace flan;
using namespace flan::testing;

TEST_CASE("sum_of_squares is a double's, and the same on any number of threads", "[cpu][optimizer]") {
  for (auto isa : sets_of_kernels()) {
    flan::detail::cpu_optimizer be(isa);
    for (extent columns : {1, 7, 16, 33, 20'000})
      for (extent rows : {0, 1, 40}) {
        CAPTURE(name_of(isa), rows, columns);
        auto g = normals<float>(1, rows * columns);
        std::vector<double> sum{0.5}, again{0.5};
        set_threads(1);
        be.sum_of_squares(as_vector(sum), in(as_matrix(g, rows, columns)));
        set_threads(4);
        be.sum_of_squares(as_vector(again), in(as_matrix(g, rows, columns)));
        set_threads(0);
        double expected = 0.5;
        for (float x : g) expected += static_cast<double>(x) * static_cast<double>(x);
        REQUIRE(sum[0] == again[0]);
        REQUIRE(std::abs(sum[0] - expected) <= 1e-12 * expected);
      }
  }
}

TEST_CASE("ten steps of Adafactor follow the oracle", "[cpu][optimizer]") {
  struct shape {
    extent rows, columns;
    bool factored;
  };
  for (auto isa : sets_of_kernels())
    for (shape s :
         {shape{130, 200, true}, {400, 130, true}, {32, 6, false}, {1, 512, false}, {1, 1, false}, {3, 17, true}})
      for (double weight_decay : {0.0, 0.01}) {
        CAPTURE(name_of(isa), s.rows, s.columns, s.factored, weight_decay);
        flan::detail::cpu_optimizer be(isa);
        reference_backend oracle;
        extent const size = s.rows * s.columns;
        auto w = normals<float>(1, size, 0.1);
        auto w_wide = doubles(w);
        std::vector<float> row(s.factored ? static_cast<std::size_t>(s.rows) : 0),
            column(s.factored ? static_cast<std::size_t>(s.columns) : 0), v(s.factored ? 0 : w.size());
        auto row_wide = doubles(row), column_wide = doubles(column), v_wide = doubles(v);
        auto const start = w;
        for (int step = 0; step < 10; ++step) {
          auto g = normals<float>(static_cast<std::uint64_t>(10 + step), size, std::pow(10.0, step % 6 - 4));
          for (std::size_t i = 4; i < g.size(); i += 9) g[i] = 0;
          if (s.factored)  // rows without a gradient, as most of an embedding's
            for (extent r = 1; r < s.rows; r += 5) std::fill_n(g.begin() + r * s.columns, s.columns, 0.0f);
          auto g_wide = doubles(g);
          adafactor_options o;
          o.beta2 = 1 - std::pow(step + 1.0, -0.8);
          o.weight_decay = weight_decay;
          o.gradient_scale = 0.5;
          auto const update = [&](auto& backend, auto& w_, auto& g_, auto& row_, auto& column_, auto& v_) {
            auto const vm = s.factored ? as_matrix(v_, 0, 0) : as_matrix(v_, s.rows, s.columns);
            backend.adafactor_update(as_matrix(w_, s.rows, s.columns), in(as_matrix(g_, s.rows, s.columns)),
                                     as_vector(row_), as_vector(column_), vm, o);
          };
          update(be, w, g, row, column, v);
          update(oracle, w_wide, g_wide, row_wide, column_wide, v_wide);
        }
        REQUIRE(distance(w, start) > 1e-5);  // something moved
        REQUIRE(distance(w, w_wide) < 1e-6);
        REQUIRE(distance(row, row_wide) < 1e-6);
        REQUIRE(distance(v, v_wide) < 1e-6);
      }
}

TEST_CASE("Adafactor with sums of squares kept from the last update gives the same bits", "[cpu][optimizer]") {
  for (auto isa : sets_of_kernels())
    for (auto const& extents : {std::pair<extent, extent>{300, 200}, {130, 257}, {3, 17}, {2, 20'000}})
      for (double weight_decay : {0.0, 0.01})
        for (int workers : {1, 3}) {
          extent const rows = extents.first, columns = extents.second;
          CAPTURE(name_of(isa), rows, columns, weight_decay);
          threads_of const here(workers);
          flan::detail::cpu_optimizer be(isa);
          auto w = normals<float>(1, rows * columns, 0.1), again = w;
          std::vector<float> row(static_cast<std::size_t>(rows)), column(static_cast<std::size_t>(columns)), none;
          auto row_again = row, column_again = column;
          std::vector<double> sums(row.size(), -1);
          adafactor_options o;
          o.weight_decay = weight_decay;
          auto const update = [&](auto& w_, auto& g, auto& row_, auto& column_) {
            be.adafactor_update(as_matrix(w_, rows, columns), in(as_matrix(g, rows, columns)), as_vector(row_),
                                as_vector(column_), as_matrix(none, 0, 0), o);
          };
          for (int step = 0; step < 4; ++step) {
            auto g = normals<float>(static_cast<std::uint64_t>(10 + step), rows * columns);
            for (extent r = step % 2; r < rows; r += 3) std::fill_n(g.begin() + r * columns, columns, 0.0f);
            o.beta2 = 1 - std::pow(step + 1.0, -0.8);
            update(w, g, row, column);
            auto with = o;
            with.row_squares = as_vector(sums), with.squares_known = step != 0;
            std::swap(o, with);
            update(again, g, row_again, column_again);
            std::swap(o, with);
            REQUIRE(w == again);
            double expected = 0;  // of the first row
            for (extent c = 0; c < columns; ++c)
              expected += std::pow(static_cast<double>(w[static_cast<std::size_t>(c)]), 2);
            REQUIRE(std::abs(sums[0] - expected) <= 1e-12 * expected);
          }
          // They are used: wrong ones give another rate.
          auto g = normals<float>(3, rows * columns);
          for (double& s : sums) s *= 4;
          o.row_squares = as_vector(sums), o.squares_known = true;
          update(again, g, row_again, column_again);
          o.row_squares = {}, o.squares_known = false;
          update(w, g, row, column);
          REQUIRE(w != again);
        }
}

TEST_CASE("Adafactor survives a gradient of zeros", "[cpu][optimizer]") {
  for (auto isa : sets_of_kernels()) {
    flan::detail::cpu_optimizer be(isa);
    std::vector<float> w(130 * 130, 0.5f), g(w.size()), row(130), column(130), none;
    auto const start = w;
    be.adafactor_update(as_matrix(w, 130, 130), in(as_matrix(g, 130, 130)), as_vector(row), as_vector(column),
                        as_matrix(none, 0, 0), adafactor_options{});
    REQUIRE(w == start);
  }
}

TEST_CASE("ten steps of AdamW follow the oracle", "[cpu][optimizer]") {
  for (auto isa : sets_of_kernels())
    for (extent columns : {1, 5, 16, 130}) {
      CAPTURE(name_of(isa), columns);
      flan::detail::cpu_optimizer be(isa);
      reference_backend oracle;
      extent const rows = 7;
      auto w = normals<float>(1, rows * columns, 0.1);
      auto w_wide = doubles(w);
      std::vector<float> m(w.size()), v(w.size());
      std::vector<double> m_wide(w.size()), v_wide(w.size());
      for (extent step = 1; step <= 10; ++step) {
        auto g = normals<float>(static_cast<std::uint64_t>(step), rows * columns, 0.01);
        auto g_wide = doubles(g);
        adamw_options const o{.weight_decay = 0.01, .step = step, .gradient_scale = 0.7};
        be.adamw_update(as_matrix(w, rows, columns), in(as_matrix(g, rows, columns)), as_matrix(m, rows, columns),
                        as_matrix(v, rows, columns), o);
        oracle.adamw_update(as_matrix(w_wide, rows, columns), in(as_matrix(g_wide, rows, columns)),
                            as_matrix(m_wide, rows, columns), as_matrix(v_wide, rows, columns), o);
      }
      REQUIRE(distance(w, w_wide) < 1e-6);
      REQUIRE(distance(m, m_wide) < 1e-7);
    }
}

TEST_CASE("updates have the same bits on any number of threads", "[cpu][optimizer]") {
  for (auto isa : sets_of_kernels()) {
    CAPTURE(name_of(isa));
    flan::detail::cpu_optimizer be(isa);
    extent const rows = 900, columns = 130;
    auto g = normals<float>(1, rows * columns);
    std::vector<float> w[2], row[2], column[2], none;
    for (int t : {0, 1}) {
      set_threads(t == 0 ? 1 : 4);
      w[t] = normals<float>(2, rows * columns);
      row[t].resize(static_cast<std::size_t>(rows)), column[t].resize(static_cast<std::size_t>(columns));
      be.adafactor_update(as_matrix(w[t], rows, columns), in(as_matrix(g, rows, columns)), as_vector(row[t]),
                          as_vector(column[t]), as_matrix(none, 0, 0), adafactor_options{});
    }
    set_threads(0);
    REQUIRE(w[0] == w[1]);
    REQUIRE(row[0] == row[1]);
    REQUIRE(column[0] == column[1]);
  }
}
