// Products of the same rows at once: the same bits as one after the other, and only where nothing was shadowed.

#include "flan/backend/together.hpp"

#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "flan/cpu/backend.hpp"
#include "flan/layer/linear.hpp"
#include "flan/reference/backend.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "numbers.hpp"
#include "support/catch.hpp"

using namespace flan;
using namespace flan::testing;

namespace {

struct with_own_gate : cpu_backend {
  template <class T>
  void gate(matrix<T> y, matrix<T const> g, matrix<T const> u, activation a) {
    cpu_backend::gate(y, g, u, a);
  }
};
struct with_own_gate_of_floats : cpu_backend {
  void gate(matrix<float> y, matrix<float const> g, matrix<float const> u, activation a) {
    cpu_backend::gate(y, g, u, a);
  }
};
struct with_own_matmul : cpu_backend {
  template <class Y, class X, class W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options const& o) {
    cpu_backend::matmul(y, x, w, o);
  }
};
struct with_own_top_k : cpu_backend {
  void top_k(matrix<float> values, matrix<std::int32_t> ids, vector_view<float> lse, matrix<float const> logits) {
    cpu_backend::top_k(values, ids, lse, logits);
  }
};
struct with_own_norm : cpu_backend {
  void rms_norm() = delete;
};

template <class B, class X, class W>
constexpr bool together = multiplies_together<B, X, X, W>;

static_assert(together<cpu_backend, float, float> && multiplies_gated<cpu_backend, float, float>);
static_assert(together<cpu_backend, bf16, bf16> && multiplies_gated<cpu_backend, bf16, bf16>);
static_assert(together<cpu_backend, float, q8> && multiplies_gated<cpu_backend, float, q8>);
static_assert(together<with_own_norm, float, float> && multiplies_gated<with_own_norm, float, float>);
static_assert(together<with_own_gate, float, float> && !multiplies_gated<with_own_gate, float, float>);
static_assert(!multiplies_gated<with_own_gate_of_floats, float, float>);
static_assert(!multiplies_gated<cpu_backend, float, double> && !multiplies_gated<cpu_backend, double, double>);
static_assert(!together<with_own_matmul, float, float> && !multiplies_gated<with_own_matmul, float, float>);
static_assert(!together<reference_backend, double, double> && !multiplies_gated<reference_backend, double, double>);
static_assert(multiplies_to_top_k<cpu_backend, float, float, float>);
static_assert(multiplies_to_top_k<cpu_backend, float, bf16, bf16>);
static_assert(multiplies_to_top_k<cpu_backend, float, bf16, q8>);
static_assert(multiplies_to_top_k<with_own_norm, float, float, float>);
static_assert(!multiplies_to_top_k<with_own_top_k, float, float, float>);
static_assert(!multiplies_to_top_k<with_own_matmul, float, float, float>);
static_assert(!multiplies_to_top_k<cpu_backend, double, double, double>);
static_assert(!multiplies_to_top_k<reference_backend, float, float, float>);
static_assert(together<unreadable_backend<cpu_backend>, float, float>);
static_assert(!together<unreadable_backend<reference_backend>, float, float>);

template <class T>
struct filled_rows {
  std::vector<T> store;
  matrix<T> view;

  /// Uniform numbers, with spare columns.
  filled_rows(extent rows, extent columns, std::uint64_t key, extent spare = 5)
      : store(static_cast<std::size_t>(rows * (columns + spare) + 1)),
        view(store.data(), rows, columns, columns + spare) {
    for (std::size_t i = 0; i < store.size(); ++i)
      store[i] = narrow<T>(static_cast<wide_t<T>>(2 * uniform(key, i) - 1));
  }
  bool operator==(filled_rows const& other) const {
    return std::memcmp(store.data(), other.store.data(), store.size() * sizeof(T)) == 0;
  }
};

template <class W>
weight<W> drawn_weight(cpu_backend& be, extent rows, extent columns, std::uint64_t key, bool packed) {
  auto w = be.allocate_weight<W>(rows, columns);
  filled_rows<wide_t<W>> const values(rows, columns, key, 0);
  if constexpr (quantized<W>) {
    be.quantize(w, 0, in(values.view));
  } else {
    for (extent i = 0; i < rows * columns; ++i) w.data[i] = narrow<W>(values.view.data[i]);
    if (packed) be.pack(w);
  }
  return w;
}

struct together_sizes {
  extent rows, terms, first, second, third;
};
// One row and few, ragged widths, several tasks, and sums so long that they come in blocks.
constexpr together_sizes together_shapes[] = {{1, 64, 96, 96, 96},   {1, 300, 33, 200, 7},    {2, 257, 40, 1, 129},
                                              {13, 40, 31, 65, 32},  {300, 96, 64, 96, 33},   {300, 512, 130, 70, 40},
                                              {5, 3300, 40, 33, 64}, {1, 3300, 130, 200, 33}, {3, 0, 4, 5, 6},
                                              {0, 8, 3, 4, 5},       {3, 8, 0, 4, 5}};

template <class Y, class X, class W>
void check_projections(cpu_backend be, together_sizes s, bool packed) {
  filled_rows<X> const x(s.rows, s.terms, 1);
  extent const widths[] = {s.first, s.second, s.third};
  std::vector<weight<W>> w;
  std::vector<filled_rows<Y>> alone, at_once;
  for (extent i = 0; i < 3; ++i) {
    w.push_back(drawn_weight<W>(be, widths[i], s.terms, key_of(2, static_cast<std::uint64_t>(i)), packed));
    alone.emplace_back(s.rows, widths[i], 7);
  }
  at_once = alone;
  for (std::size_t i = 0; i < 3; ++i) at_once[i].view.data = at_once[i].store.data();
  matmul_options const o{.accumulate = s.rows % 2 == 0, .scale = 0.75};
  for (std::size_t i = 0; i < 3; ++i) be.matmul(alone[i].view, in(x.view), w[i], o);
  be.matmul(
      std::array<projection<Y, W>, 3>{
          {{at_once[0].view, borrowed(w[0])}, {at_once[1].view, borrowed(w[1])}, {at_once[2].view, borrowed(w[2])}}},
      in(x.view), o);
  CAPTURE(name_of(be.isa()), s.rows, s.terms, packed);
  for (std::size_t i = 0; i < 3; ++i) CHECK(alone[i] == at_once[i]);
}

template <class X, class W>
void check_gated(cpu_backend be, together_sizes s, activation a) {
  filled_rows<X> const x(s.rows, s.terms, 1);
  auto const gate = drawn_weight<W>(be, s.second, s.terms, 2, true),
             up = drawn_weight<W>(be, s.second, s.terms, 3, true);
  filled_rows<X> g(s.rows, s.second, 7), u(s.rows, s.second, 8), y(s.rows, s.second, 7);
  be.matmul(g.view, in(x.view), gate, {});
  be.matmul(u.view, in(x.view), up, {});
  be.gate(g.view, in(g.view), in(u.view), a);
  be.matmul(y.view, in(x.view), gated_weights<W>{borrowed(gate), borrowed(up), a});
  CAPTURE(name_of(be.isa()), s.rows, s.terms);
  CHECK(g == y);
}

template <class X, class W>
void check_likeliest(cpu_backend be, together_sizes s, bool packed, float odd) {
  extent const n = s.third;
  filled_rows<X> const x(s.rows, s.terms, 1);
  auto w = drawn_weight<W>(be, n, s.terms, 2, false);
  if constexpr (!quantized<W>) {  // ties, and what is no number
    for (extent i = 0; i < n; i += 3) std::copy_n(w.data, s.terms, w.data + i * s.terms);
    for (extent i = 7; i < n; i += 400) w.data[i * s.terms] = narrow<W>(odd);
    if (packed) be.pack(w);
  }
  filled_rows<float> z(s.rows, n, 7);
  be.matmul(z.view, in(x.view), w, {.scale = 0.75});
  for (extent k : {extent{1}, extent{4}, extent{140}}) {
    if (k > n) continue;
    filled_rows<float> alone(s.rows, k, 8), at_once = alone, sums(1, s.rows, 9), sums_at_once = sums;
    std::vector<std::int32_t> ids(static_cast<std::size_t>(s.rows * k)), ids_at_once = ids;
    auto const as_matrix = [&](auto& v) { return matrix<std::int32_t>(v.data(), s.rows, k); };
    at_once.view.data = at_once.store.data(), sums_at_once.view.data = sums_at_once.store.data();
    be.top_k(alone.view, as_matrix(ids), {sums.view.data, s.rows}, in(z.view));
    be.matmul(top_results<float>{at_once.view, as_matrix(ids_at_once), {sums_at_once.view.data, s.rows}}, in(x.view), w,
              {.scale = 0.75});
    CAPTURE(name_of(be.isa()), s.rows, s.terms, n, k, packed, odd);
    CHECK(alone == at_once);
    CHECK(ids == ids_at_once);
    CHECK(sums == sums_at_once);
    be.matmul(top_results<float>{at_once.view, as_matrix(ids_at_once), {}}, in(x.view), w, {.scale = 0.75});
    CHECK(ids == ids_at_once);
  }
}

}  // namespace

TEST_CASE("products of the same rows at once have the bits of one after the other") {
  for (auto isa : available_sets())
    for (int workers : {1, 3}) {
      threads_of const here(workers);
      cpu_backend const be{{.isa = isa}};
      for (together_sizes const& s : together_shapes) {
        for (bool packed : {false, true}) {
          check_projections<float, float, float>(be, s, packed);
          check_projections<bf16, bf16, bf16>(be, s, packed);
          check_projections<float, bf16, bf16>(be, s, packed);
        }
        check_projections<float, float, q8>(be, s, true);
        check_projections<bf16, bf16, q8>(be, s, true);
        for (auto a : {activation::gelu_new, activation::silu}) {
          check_gated<float, float>(be, s, a);
          check_gated<bf16, bf16>(be, s, a);
          check_gated<float, q8>(be, s, a);
          check_gated<bf16, q8>(be, s, a);
        }
      }
    }
}

TEST_CASE("weights of two layouts are multiplied one by one, and a gate expects packed ones") {
  cpu_backend be;
  filled_rows<float> const x(4, 50, 1);
  auto const rows = drawn_weight<float>(be, 40, 50, 2, false), panels = drawn_weight<float>(be, 40, 50, 3, true);
  filled_rows<float> y(4, 40, 4), z(4, 40, 5), expected_y(4, 40, 4), expected_z(4, 40, 5);
  be.matmul(std::array<projection<float, float>, 2>{{{y.view, borrowed(rows)}, {z.view, borrowed(panels)}}}, in(x.view),
            {});
  be.matmul(expected_y.view, in(x.view), rows, {});
  be.matmul(expected_z.view, in(x.view), panels, {});
  CHECK(y == expected_y);
  CHECK(z == expected_z);
  CHECK_THROWS_WITH(be.matmul(y.view, in(x.view), gated_weights<float>{rows, panels, activation::relu}),
                    ContainsSubstring("packed"));
}

TEST_CASE("a wrong width among several products is refused in a sentence") {
  cpu_backend be;
  filled_rows<float> const x(4, 50, 1);
  auto const right = drawn_weight<float>(be, 40, 50, 2, true), wrong = drawn_weight<float>(be, 40, 49, 3, true);
  filled_rows<float> y(4, 40, 4), z(4, 40, 5);
  CHECK_THROWS_WITH(
      be.matmul(std::array<projection<float, float>, 2>{{{y.view, borrowed(right)}, {z.view, borrowed(wrong)}}},
                in(x.view), {}),
      ContainsSubstring("the columns of x"));
  CHECK_THROWS_WITH(be.matmul(y.view, in(x.view), gated_weights<float>{right, wrong, activation::relu}),
                    ContainsSubstring("the columns of x"));
}

TEST_CASE("a product's likeliest results have the bits of top_k behind the product") {
  constexpr float unbounded = std::numeric_limits<float>::infinity();
  constexpr together_sizes likeliest_sizes[] = {{1, 64, 0, 0, 3000},  {4, 30, 0, 0, 1024}, {3, 257, 0, 0, 1025},
                                                {70, 16, 0, 0, 33},   {2, 8, 0, 0, 1},     {0, 8, 0, 0, 40},
                                                {9, 3300, 0, 0, 1100}};
  for (auto isa : available_sets())
    for (int workers : {1, 3}) {
      threads_of const here(workers);
      cpu_backend const be{{.isa = isa}};
      for (auto const& s : likeliest_sizes)
        for (float odd : {1.0f, unbounded, -unbounded, std::numeric_limits<float>::quiet_NaN()}) {
          for (bool packed : {false, true}) {
            check_likeliest<float, float>(be, s, packed, odd);
            check_likeliest<bf16, bf16>(be, s, packed, odd);
          }
          if (odd == 1.0f) check_likeliest<float, q8>(be, s, true, odd), check_likeliest<bf16, q8>(be, s, true, odd);
        }
    }
}

TEST_CASE("likeliest results of shapes that do not fit are refused in a sentence") {
  cpu_backend be;
  filled_rows<float> const x(4, 50, 1);
  auto const w = drawn_weight<float>(be, 40, 50, 2, true), wrong = drawn_weight<float>(be, 40, 49, 3, true);
  filled_rows<float> values(4, 3, 4);
  std::vector<std::int32_t> ids(4 * 41);
  auto const wanted = [&](extent rows, extent k) {
    return top_results<float>{{values.view.data, rows, k}, {ids.data(), rows, k}, {}};
  };
  CHECK_THROWS_WITH(be.matmul(wanted(4, 3), in(x.view), wrong, {}), ContainsSubstring("the columns of x"));
  CHECK_THROWS_WITH(be.matmul(wanted(3, 3), in(x.view), w, {}), ContainsSubstring("the rows of values"));
  CHECK_THROWS_WITH(be.matmul(wanted(4, 41), in(x.view), w, {}), ContainsSubstring("at most 40"));
  CHECK_THROWS_WITH(be.matmul(wanted(4, 3), in(x.view), w, {.accumulate = true}), ContainsSubstring("nothing to add"));
}
