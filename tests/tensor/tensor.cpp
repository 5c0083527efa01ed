/// Views, tensors and scratch, on memory the host can read and on memory it cannot.

#include "flan/tensor/tensor.hpp"

#include <vector>

#include "flan/reference/backend.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "support/catch.hpp"

using flan::matrix;

TEST_CASE("a matrix says its width to the compiler where it is known") {
  float v[12] = {};
  matrix<float, 4> const fixed(v, 3, 4);
  matrix<float const> const loose = fixed;
  CHECK(loose.columns == 4);
  matrix<float, 4> const again = matrix<float>(v, 3, 4);
  CHECK(again.rows == 3);
  CHECK_THROWS_WITH((matrix<float, 4>(matrix<float>(v, 4, 3))), ContainsSubstring("4 columns cannot view 3"));
  static_assert(!std::is_constructible_v<matrix<float, 4>, matrix<float, 3>>);
  static_assert(!std::is_constructible_v<matrix<float>, matrix<float const>>);
}

TEST_CASE("ranges of rows and columns keep the stride") {
  float v[12];
  for (int i = 0; i < 12; ++i) v[i] = static_cast<float>(i);
  matrix<float> const m(v, 3, 4);
  auto const part = m.row_range(1, 2).column_range(1, 2);
  CHECK(part.rows == 2);
  CHECK(part.columns == 2);
  CHECK(part.data[0] == 5);
  CHECK(part.data[part.stride + 1] == 10);
  CHECK(m.contiguous());
  CHECK_FALSE(part.contiguous());
  CHECK(part.row_range(0, 1).contiguous());
  CHECK(flan::flat(m).size == 12);
}

TEST_CASE("a projection is seen by heads") {
  float v[48];
  matrix<float> const m(v, 6, 8);  // 2 × 3 positions, 4 heads of 2
  auto const h = flan::split_heads(m, 2, 4);
  CHECK(h.length == 3);
  CHECK(h.width == 2);
  CHECK(h.at(1, 2, 1) == v + (1 * 3 + 1) * 8 + 2 * 2);
}

TEMPLATE_TEST_CASE("tensors go to the backend and come back", "", flan::reference_backend,
                   flan::testing::unreadable_backend<flan::reference_backend>) {
  TestType be;
  std::vector<float> const v = {1, 2, 3, 4, 5, 6};
  auto const t = flan::to_backend(be, v.data(), 2, 3);
  auto const shared = t;
  CHECK(flan::to_host(be, shared.view) == v);
  CHECK(flan::to_host(be, t.view.column_range(1, 2)) == std::vector<float>{2, 3, 5, 6});
  CHECK(flan::to_host(be, flan::flat(t.view).part(4, 2)) == std::vector<float>{5, 6});
  CHECK(flan::to_host(be, matrix<float>()).empty());
}

TEMPLATE_TEST_CASE("frames nest, give back and never allocate twice", "", flan::reference_backend,
                   flan::testing::unreadable_backend<flan::reference_backend>) {
  TestType be;
  auto const step = [&] {
    flan::frame outer{be};
    auto const a = outer.template make<float>(100, 7);
    void* inner_address = nullptr;
    {
      flan::frame inner{be};
      auto const b = inner.template make<float>(1000, 1000);  // more than a first block holds
      auto const c = inner.template make_vector<double>(3);
      CHECK(static_cast<void*>(b.data) != static_cast<void*>(a.data));
      CHECK(reinterpret_cast<std::uintptr_t>(c.data) % flan::memory_alignment == 0);
      inner_address = b.data;
    }
    flan::frame again{be};
    CHECK(again.template make<float>(1000, 1000).data == inner_address);
  };
  step();
  auto const reserved = be.scratch().reserved();
  step();
  CHECK(be.scratch().reserved() == reserved);
}

TEST_CASE("what is kept outlives the frame it was made in") {
  flan::reference_backend be;
  flan::frame step{be, be.kept()};
  matrix<float> m;
  {
    flan::frame f{be};
    m = flan::keep<float>(be, 2, 2);
    be.fill(m, 3);
  }
  {
    flan::frame f{be};
    be.fill(f.make<float>(2, 2), 4);
  }
  CHECK(flan::to_host(be, m) == std::vector<float>{3, 3, 3, 3});
}
