#include "flan/eigen.hpp"

#include <vector>

#include "flan/backend/concept.hpp"
#include "flan/testing/conformance.hpp"
#include "support/catch.hpp"
#include "support/sanitized.hpp"

static_assert(flan::training_backend<flan::eigen_backend, flan::fp32>);
static_assert(flan::training_backend<flan::eigen_backend, flan::bf16_mixed>);
static_assert(!flan::inference_backend<flan::eigen_backend, flan::q8_weights>);

TEST_CASE("as_eigen sees a view's own elements, strides too") {
  std::vector<float> v = {1, 2, 3, 4, 5, 6, 7, 8};
  flan::matrix<float> const m(v.data(), 2, 3, 4);
  auto e = flan::as_eigen(m);
  CHECK(e.rows() == 2);
  CHECK(e.cols() == 3);
  CHECK(e(1, 2) == 7);
  e.row(1) *= 2;
  CHECK(v == std::vector<float>{1, 2, 3, 4, 10, 12, 14, 8});
  CHECK(flan::as_eigen(flan::in(m)).sum() == 42);
  CHECK(flan::as_eigen(flan::vector_view<float const>{v.data(), 4}).maxCoeff() == 4);
  static_assert(!std::is_assignable_v<decltype(flan::as_eigen(flan::in(m))(0, 0)), float>);
}

TEST_CASE("view_of sees an Eigen matrix's own elements") {
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> m(2, 3);
  m << 1, 2, 3, 4, 5, 6;
  auto const v = flan::view_of(m);
  CHECK(v.data == m.data());
  CHECK(v.rows == 2);
  CHECK(v.data[1 * v.stride + 2] == 6);
  auto const& constant = m;
  static_assert(std::is_same_v<decltype(flan::view_of(constant)), flan::matrix<double const>>);
}

TEST_CASE("eigen_backend conforms, and its products are its own") {
  auto const found = flan::testing::conformance<flan::fp32>(flan::eigen_backend{}, {.small = flan::testing::sanitized});
  INFO(found);
  CHECK(found.ok());
  CHECK(found.replaced == std::vector<std::string>{"pack", "matmul", "weight_gradient"});
  auto const mixed =
      flan::testing::conformance<flan::bf16_mixed>(flan::eigen_backend{}, {.small = flan::testing::sanitized});
  INFO(mixed);
  CHECK(mixed.ok());
}
