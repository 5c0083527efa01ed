#include "flan/cpu/backend.hpp"

#include <cstdlib>

#include "flan/backend/concept.hpp"
#include "support/catch.hpp"

static_assert(flan::training_backend<flan::cpu_backend, flan::fp32>);
static_assert(flan::training_backend<flan::cpu_backend, flan::bf16_mixed>);

namespace {

/// The environment variable for the length of a scope.
struct with_isa {
  explicit with_isa(char const* value) { setenv("FLAN_ISA", value, 1); }
  ~with_isa() { unsetenv("FLAN_ISA"); }
};

// One name, one signature: a struct that shadows an op replaces it.
struct counting : flan::cpu_backend {
  int products = 0;
  template <class Y, class X, class W>
  void matmul(flan::matrix<Y> y, flan::matrix<X const> x, flan::weight<W> const& w, flan::matmul_options const& o) {
    ++products;
    flan::cpu_backend::matmul(y, x, w, o);
  }
};
static_assert(flan::training_backend<counting, flan::fp32>);

}  // namespace

TEST_CASE("the instruction set is the machine's best, FLAN_ISA's or the options'") {
  using enum flan::instruction_set;
  unsetenv("FLAN_ISA");
  auto const best = flan::available(avx512_dot) ? avx512_dot
                    : flan::available(avx512)   ? avx512
                    : flan::available(avx2)     ? avx2
                                                : portable;
  CHECK(flan::cpu_backend{}.isa() == best);
  CHECK(flan::cpu_backend{{.isa = portable}}.isa() == portable);
  {
    with_isa const forced("portable");
    CHECK(flan::cpu_backend{}.isa() == portable);
    if (flan::available(avx2)) CHECK(flan::cpu_backend{{.isa = avx2}}.isa() == avx2);
    flan::cpu_backend const original;
    flan::cpu_backend const copy = original;
    CHECK(copy.isa() == portable);
  }
  {
    with_isa const wrong("sse9");
    CHECK_THROWS_WITH(flan::cpu_backend{}, ContainsSubstring("portable, avx2, avx512 or avx512_dot, but is \"sse9\""));
  }
  if (!flan::available(avx512)) {
    with_isa const lacking("avx512");
    CHECK_THROWS_WITH(flan::cpu_backend{}, ContainsSubstring("FLAN_ISA asks for avx512"));
    CHECK_THROWS_WITH(flan::cpu_backend{{.isa = avx512}}, ContainsSubstring("cpu_options asks for avx512"));
  }
}

TEST_CASE("a derived backend replaces one op") {
  counting be;
  auto w = be.allocate_weight<float>(4, 8);
  flan::tensor<float> x(be, 2, 8), y(be, 2, 4);
  be.fill(x.view, 1.0);
  be.matmul(y.view, flan::in(x.view), w, {});
  CHECK(be.products == 1);
  CHECK(flan::to_host(be, y.view) == std::vector<float>(8, 0.0f));
}
