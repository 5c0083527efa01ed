// Layer norm and embeddings of the CPU backend.
#include "flan/cpu/norm.hpp"

#include <cstring>

#include "flan/cpu/embedding.hpp"
#include "flan/reference/backend.hpp"
#include "numbers.hpp"
#include "support/catch.hpp"

using namespace flan;
using namespace flan::testing;

namespace {

/// A gain or a table, and its double.
template <class T>
weight<T> weight_of(std::vector<T>& v, extent rows, extent columns) {
  weight<T> w;
  w.data = v.data(), w.rows = rows, w.columns = columns;
  return w;
}

}  // namespace

TEMPLATE_TEST_CASE("rms_norm and its backward follow the oracle at every width", "[cpu][norm]", float, bf16) {
  using Y = TestType;
  reference_backend oracle;
  for (auto isa : sets_of_kernels()) {
    flan::detail::cpu_norm be(isa);
    for (extent columns : {1, 3, 8, 16, 31, 63, 64, 65, 129, 512})
      for (extent rows : {0, 1, 3, 300}) {
        if (rows * columns > 40'000) continue;
        CAPTURE(name_of(isa), rows, columns);
        auto x = normals<float>(1, rows * columns, 3), gain = normals<float>(2, columns);
        auto x_wide = doubles(x), gain_wide = doubles(gain);
        auto const w = weight_of(gain, 1, columns);
        auto const w_wide = weight_of(gain_wide, 1, columns);
        std::vector<Y> y(x.size());
        std::vector<float> inverse(static_cast<std::size_t>(rows));
        std::vector<double> y_wide(x.size()), inverse_wide(inverse.size());
        be.rms_norm(as_matrix(y, rows, columns), as_vector(inverse), in(as_matrix(x, rows, columns)), w, 1e-6);
        oracle.rms_norm(as_matrix(y_wide, rows, columns), as_vector(inverse_wide), in(as_matrix(x_wide, rows, columns)),
                        w_wide, 1e-6);
        REQUIRE(distance(y, y_wide) < (std::is_same_v<Y, bf16> ? 4e-3 : 5e-7));
        REQUIRE(distance(inverse, inverse_wide) < 5e-7);
        auto const before = y;
        be.rms_norm(as_matrix(y, rows, columns), vector_view<float>{}, in(as_matrix(x, rows, columns)), w, 1e-6);
        REQUIRE(before == y);

        auto dy = normals<float>(3, rows * columns), dx = normals<float>(4, rows * columns);
        auto dgain = normals<float>(5, columns);
        for (bool accumulate : {false, true}) {
          auto dx_wide = doubles(dx), dy_wide = doubles(dy), dgain_wide = doubles(dgain);
          be.rms_norm_backward(as_matrix(dx, rows, columns), as_matrix(dgain, 1, columns),
                               in(as_matrix(dy, rows, columns)), in(as_matrix(x, rows, columns)),
                               in(as_vector(inverse)), w, accumulate);
          oracle.rms_norm_backward(as_matrix(dx_wide, rows, columns), as_matrix(dgain_wide, 1, columns),
                                   in(as_matrix(dy_wide, rows, columns)), in(as_matrix(x_wide, rows, columns)),
                                   in(as_vector(inverse_wide)), w_wide, accumulate);
          REQUIRE(distance(dx, dx_wide) < 3e-6);
          REQUIRE(distance(dgain, dgain_wide) < 2e-5);
        }
        // dx may be dy.
        auto apart = dy;
        be.rms_norm_backward(as_matrix(apart, rows, columns), as_matrix(dgain, 1, columns),
                             in(as_matrix(dy, rows, columns)), in(as_matrix(x, rows, columns)), in(as_vector(inverse)),
                             w, false);
        auto const gain_before = dgain;
        be.rms_norm_backward(as_matrix(dy, rows, columns), as_matrix(dgain, 1, columns),
                             in(as_matrix(dy, rows, columns)), in(as_matrix(x, rows, columns)), in(as_vector(inverse)),
                             w, false);
        REQUIRE(apart == dy);
        if (rows > 0) REQUIRE(gain_before != dgain);
      }
  }
}

TEST_CASE("rms_norm: a row's bits do not depend on rows beside it, nor gradients on threads", "[cpu][norm]") {
  for (auto isa : sets_of_kernels()) {
    CAPTURE(name_of(isa));
    flan::detail::cpu_norm be(isa);
    extent const rows = 700, columns = 200;
    auto x = normals<float>(1, rows * columns), dy = normals<float>(2, rows * columns),
         gain = normals<float>(3, columns);
    auto const w = weight_of(gain, 1, columns);
    std::vector<float> y(x.size()), inverse(static_cast<std::size_t>(rows)), one(static_cast<std::size_t>(columns));
    be.rms_norm(as_matrix(y, rows, columns), as_vector(inverse), in(as_matrix(x, rows, columns)), w, 1e-6);
    for (extent r : {0, 81, 82, 699}) {
      be.rms_norm(as_matrix(one, 1, columns), vector_view<float>{}, in(as_matrix(x, rows, columns)).row_range(r, 1), w,
                  1e-6);
      REQUIRE(std::memcmp(one.data(), y.data() + r * columns, one.size() * sizeof(float)) == 0);
    }
    std::vector<float> dx[2], dgain[2];
    for (int t : {0, 1}) {
      set_threads(t == 0 ? 1 : 4);
      dx[t].resize(x.size()), dgain[t].resize(static_cast<std::size_t>(columns));
      be.rms_norm_backward(as_matrix(dx[t], rows, columns), as_matrix(dgain[t], 1, columns),
                           in(as_matrix(dy, rows, columns)), in(as_matrix(x, rows, columns)), in(as_vector(inverse)), w,
                           false);
    }
    set_threads(0);
    REQUIRE(dx[0] == dx[1]);
    REQUIRE(dgain[0] == dgain[1]);
  }
}

TEST_CASE("a NaN spoils its own row of rms_norm alone", "[cpu][norm]") {
  for (auto isa : sets_of_kernels()) {
    flan::detail::cpu_norm be(isa);
    auto x = normals<float>(1, 3 * 70), gain = normals<float>(2, 70);
    x[70 + 69] = NAN;
    std::vector<float> y(x.size());
    be.rms_norm(as_matrix(y, 3, 70), vector_view<float>{}, in(as_matrix(x, 3, 70)), weight_of(gain, 1, 70), 1e-6);
    for (std::size_t i = 0; i < y.size(); ++i) REQUIRE(std::isnan(y[i]) == (i / 70 == 1));
  }
}

TEMPLATE_TEST_CASE("embed reads rows from either layout, and its backward adds them up", "[cpu][embedding]", float,
                   bf16) {
  using W = TestType;
  reference_backend oracle;
  extent const rows = 70, columns = 37;
  auto values = normals<W>(1, rows * columns);
  auto row_major = weight_of(values, rows, columns);
  auto packed = row_major;
  flan::detail::cpu_weights{}.pack(packed);
  std::vector<std::int32_t> ids{0, 69, 5, 5, 31, 32, 5};
  auto const m = static_cast<extent>(ids.size());
  for (auto isa : sets_of_kernels()) {
    CAPTURE(name_of(isa));
    flan::detail::cpu_embedding be(isa);
    std::vector<float> y(static_cast<std::size_t>(m * columns)), from_packed(y.size()), expected(y.size());
    be.embed(as_matrix(y, m, columns), in(as_vector(ids)), row_major);
    be.embed(as_matrix(from_packed, m, columns), in(as_vector(ids)), packed);
    oracle.embed(as_matrix(expected, m, columns), in(as_vector(ids)), row_major);
    REQUIRE(y == expected);
    REQUIRE(from_packed == expected);

    auto dy = normals<float>(2, m * columns), dtable = normals<float>(3, rows * columns);
    auto dy_wide = doubles(dy), dtable_wide = doubles(dtable);
    be.embed_backward(as_matrix(dtable, rows, columns), in(as_matrix(dy, m, columns)), in(as_vector(ids)));
    oracle.embed_backward(as_matrix(dtable_wide, rows, columns), in(as_matrix(dy_wide, m, columns)),
                          in(as_vector(ids)));
    REQUIRE(distance(dtable, dtable_wide) < 1e-6);

    std::vector<std::int32_t> wrong{0, 70};
    REQUIRE_THROWS_WITH(be.embed(as_matrix(y, 2, columns), in(as_vector(wrong)), row_major),
                        ContainsSubstring("between 0 and 69 but found 70 at 1"));
  }
}

TEST_CASE("expand_bias and its backward follow the oracle", "[cpu][embedding]") {
  reference_backend oracle;
  flan::detail::cpu_embedding be(instruction_set::portable);
  for (bool bidirectional : {false, true}) {
    bias_options const o{bidirectional, 32, 128};
    extent const heads = 3, farthest = 140, columns = 2 * farthest + 1;
    auto table = normals<float>(1, 32 * heads), dbias = normals<float>(2, heads * columns);
    std::vector<float> bias(dbias.size()), expected(dbias.size());
    be.expand_bias(as_matrix(bias, heads, columns), in(as_matrix(table, 32, heads)), o);
    oracle.expand_bias(as_matrix(expected, heads, columns), in(as_matrix(table, 32, heads)), o);
    REQUIRE(bias == expected);
    auto table_wide = doubles(table), dbias_wide = doubles(dbias);
    be.expand_bias_backward(as_matrix(table, 32, heads), in(as_matrix(dbias, heads, columns)), o);
    oracle.expand_bias_backward(as_matrix(table_wide, 32, heads), in(as_matrix(dbias_wide, heads, columns)), o);
    REQUIRE(distance(table, table_wide) < 1e-5);
  }
}
