// Attention of the CPU backend: against the oracle under every mask, and its bits under everything that must not
// matter.
#include "flan/cpu/attention.hpp"

#include "flan/reference/backend.hpp"
#include "numbers.hpp"
#include "support/catch.hpp"

using namespace flan;
using namespace flan::testing;

namespace {

struct sizes {
  extent batch, heads, queries, keys, width;
};
enum : int { causal = 1, biased = 2, lengths = 4, segmented = 8, dropping = 16 };

/// A problem in the format X, with options for a kernel in float and the oracle in double.
template <class X>
struct problem {
  sizes n;
  int masks;
  extent farthest = 20;
  std::vector<X> q, k, v, dy;
  std::vector<float> bias;
  std::vector<double> bias_double = doubles(bias);
  std::vector<std::int32_t> key_lengths, query_segments, key_segments;
  std::vector<std::uint32_t> query_keys, key_keys;

  problem(sizes s, int m)
      : n(s),
        masks(m),
        q(normals<X>(1, s.batch * s.queries * s.heads * s.width, 0.5)),
        k(normals<X>(2, s.batch * s.keys * s.heads * s.width, 0.5)),
        v(normals<X>(3, s.batch * s.keys * s.heads * s.width)),
        dy(normals<X>(4, s.batch * s.queries * s.heads * s.width)),
        bias(normals<float>(5, s.heads * (2 * farthest + 1))) {
    for (extent b = 0; b < s.batch; ++b) {
      // The first row is whole; the last sees no key at all.
      key_lengths.push_back(static_cast<std::int32_t>(b == 0 ? s.keys : b + 1 == s.batch ? 0 : s.keys * 2 / 3));
      for (extent i = 0; i < s.queries; ++i) query_segments.push_back(static_cast<std::int32_t>(i * 3 / s.queries));
      for (extent j = 0; j < s.keys; ++j) key_segments.push_back(static_cast<std::int32_t>(j * 3 / s.keys));
      for (extent i = 0; i < s.queries; ++i) query_keys.push_back(mix32(static_cast<std::uint32_t>(b * 1000 + i)));
      for (extent j = 0; j < s.keys; ++j) key_keys.push_back(mix32(static_cast<std::uint32_t>(b * 1000 + 500 + j)));
    }
  }

  template <class F>
  attention_options<F> options(std::vector<F>& with_bias) {
    attention_options<F> o;
    o.query_offset = n.keys > n.queries ? n.keys - n.queries : 0;
    o.causal = masks & causal;
    if (masks & biased) o.bias = as_matrix(with_bias, n.heads, 2 * farthest + 1);
    if (masks & lengths) o.key_lengths = in(as_vector(key_lengths));
    if (masks & segmented)
      o.query_segments = in(as_vector(query_segments)), o.key_segments = in(as_vector(key_segments));
    if (masks & dropping) {
      o.dropout = {0.3, 77, in(as_vector(query_keys))};
      o.key_keys = in(as_vector(key_keys));
    }
    return o;
  }
  template <class T>
  heads_view<T> by_heads(std::vector<T>& x, extent length) const {
    return split_heads(as_matrix(x, n.batch * length, n.heads * n.width), n.batch, n.heads);
  }

  template <class B, class T, class F>
  void forward(B& be, std::vector<T>& y, std::vector<F>& lse, std::vector<T>& q_, std::vector<T>& k_,
               std::vector<T>& v_, attention_options<F> const& o) {
    y.assign(q_.size(), T{}), lse.assign(static_cast<std::size_t>(n.batch * n.heads * n.queries), F(0));
    be.attention(by_heads(y, n.queries), as_vector(lse), in(by_heads(q_, n.queries)), in(by_heads(k_, n.keys)),
                 in(by_heads(v_, n.keys)), o);
  }
  template <class T, class F>
  struct gradients {
    std::vector<T> dq, dk, dv;
    std::vector<F> dbias;
  };
  template <class B, class T, class F>
  gradients<T, F> backward(B& be, std::vector<T>& y, std::vector<F>& lse, std::vector<T>& q_, std::vector<T>& k_,
                           std::vector<T>& v_, std::vector<T>& dy_, attention_options<F> const& o) {
    gradients<T, F> g{q_, k_, v_, {}};                         // the ops overwrite
    if (masks & biased) g.dbias.assign(bias.size(), F(0.25));  // and accumulate here
    matrix<F> const dbias = masks & biased ? as_matrix(g.dbias, n.heads, 2 * farthest + 1) : matrix<F>{};
    be.attention_backward(by_heads(g.dq, n.queries), by_heads(g.dk, n.keys), by_heads(g.dv, n.keys), dbias,
                          in(by_heads(dy_, n.queries)), in(by_heads(y, n.queries)), in(as_vector(lse)),
                          in(by_heads(q_, n.queries)), in(by_heads(k_, n.keys)), in(by_heads(v_, n.keys)), o);
    return g;
  }
};

/// Every instruction set against the oracle, which is far slower and runs once.
template <class X>
void compare(sizes s, int masks, double bound) {
  problem<X> p(s, masks);
  auto const o = p.template options<float>(p.bias);
  reference_backend oracle;
  auto const o_double = p.template options<double>(p.bias_double);
  auto q = doubles(p.q), k = doubles(p.k), v = doubles(p.v), dy = doubles(p.dy);
  std::vector<double> y_double, lse_double;
  p.forward(oracle, y_double, lse_double, q, k, v, o_double);
  auto const g_double = p.backward(oracle, y_double, lse_double, q, k, v, dy, o_double);
  for (auto isa : sets_of_kernels()) {
    CAPTURE(name_of(isa), s.batch, s.heads, s.queries, s.keys, s.width, masks);
    flan::detail::cpu_attention be(isa);
    std::vector<X> y;
    std::vector<float> lse;
    p.forward(be, y, lse, p.q, p.k, p.v, o);
    REQUIRE(distance(y, y_double) < bound);
    REQUIRE(distance(lse, lse_double) < 2e-6);
    auto const g = p.backward(be, y, lse, p.q, p.k, p.v, p.dy, o);
    REQUIRE(distance(g.dq, g_double.dq) < 3 * bound);
    REQUIRE(distance(g.dk, g_double.dk) < 3 * bound);
    REQUIRE(distance(g.dv, g_double.dv) < 3 * bound);
    REQUIRE(distance(g.dbias, g_double.dbias) < 10 * bound);
  }
}

}  // namespace

TEST_CASE("attention and its backward follow the oracle under every mask", "[cpu][attention]") {
  for (int masks = 0; masks < 32; ++masks) {
    for (extent queries : {1, 5, 61})
      for (extent keys : {1, 61, 600}) compare<float>({3, 2, queries, keys, 16}, masks, 5e-6);
    compare<bf16>({3, 2, 37, 61, 16}, masks, 1e-2);
  }
  for (extent width : {1, 5, 64, 128}) compare<float>({2, 1, 9, 70, width}, causal | biased, 2e-5);
  compare<float>({1, 1, 500, 530, 8}, segmented | biased, 5e-6);
}

TEST_CASE("a query's bits do not depend on what is computed beside it", "[cpu][attention]") {
  for (auto isa : sets_of_kernels()) {
    CAPTURE(name_of(isa));
    sizes const s{2, 2, 40, 560, 24};
    problem<float> p(s, causal | biased);
    flan::detail::cpu_attention be(isa);
    auto const o = p.options<float>(p.bias);
    std::vector<float> whole, lse;
    p.forward(be, whole, lse, p.q, p.k, p.v, o);
    auto const q = in(p.by_heads(p.q, s.queries));
    auto const k = in(p.by_heads(p.k, s.keys)), v = in(p.by_heads(p.v, s.keys));
    auto const wanted = p.by_heads(whole, s.queries);

    for (extent count : {1, 2, 3, 8, 13}) {  // blocks of queries, one batch row alone
      for (extent first : {0, 7, 27}) {
        CAPTURE(count, first);
        std::vector<float> part(static_cast<std::size_t>(count * s.heads * s.width));
        auto const y = split_heads(as_matrix(part, count, s.heads * s.width), 1, s.heads);
        auto qb = q, kb = k, vb = v;
        qb.data = q.at(1, 0, first), qb.batch = 1, qb.length = count;
        kb.data = k.at(1, 0, 0), kb.batch = 1, vb.data = v.at(1, 0, 0), vb.batch = 1;
        auto shifted = o;
        shifted.query_offset += first;
        be.attention(y, vector_view<float>{}, qb, kb, vb, shifted);
        for (extent h = 0; h < s.heads; ++h)
          for (extent i = 0; i < count; ++i)
            for (extent c = 0; c < s.width; ++c) REQUIRE(y.at(0, h, i)[c] == wanted.at(1, h, first + i)[c]);
      }
    }
  }
}

TEST_CASE("padding of the keys changes no bit and is never read", "[cpu][attention]") {
  for (auto isa : sets_of_kernels())
    for (extent queries : {1, 20}) {
      CAPTURE(name_of(isa), queries);
      sizes const s{1, 2, queries, 37, 16};
      problem<float> p(s, biased);
      flan::detail::cpu_attention be(isa);
      auto o = p.options<float>(p.bias);
      std::vector<float> alone, lse;
      p.forward(be, alone, lse, p.q, p.k, p.v, o);

      sizes const longer{1, 2, queries, 91, 16};
      problem<float> padded(longer, biased);
      padded.q = p.q;
      padded.k.assign(padded.k.size(), NAN), padded.v.assign(padded.v.size(), NAN);
      std::copy(p.k.begin(), p.k.end(), padded.k.begin()), std::copy(p.v.begin(), p.v.end(), padded.v.begin());
      std::vector<std::int32_t> const length{37};
      o.key_lengths = {length.data(), 1};
      std::vector<float> y;
      padded.forward(be, y, lse, padded.q, padded.k, padded.v, o);
      REQUIRE(y == alone);
    }
}

namespace {

void check_threads(instruction_set isa, sizes n) {
  problem<float> p(n, causal | biased | lengths | dropping);
  flan::detail::cpu_attention be(isa);
  auto const o = p.options<float>(p.bias);
  std::vector<float> y[2], lse[2];
  decltype(p.backward(be, y[0], lse[0], p.q, p.k, p.v, p.dy, o)) g[2];
  for (int t : {0, 1}) {
    threads_of const here(t == 0 ? 1 : 4);
    p.forward(be, y[t], lse[t], p.q, p.k, p.v, o);
    g[t] = p.backward(be, y[t], lse[t], p.q, p.k, p.v, p.dy, o);
  }
  CAPTURE(name_of(isa), n.queries);
  REQUIRE(y[0] == y[1]);
  REQUIRE(g[0].dq == g[1].dq);
  REQUIRE(g[0].dk == g[1].dk);
  REQUIRE(g[0].dv == g[1].dv);
  REQUIRE(g[0].dbias == g[1].dbias);
}

}  // namespace

TEST_CASE("attention's bits do not depend on threads", "[cpu][attention]") {
  for (auto isa : sets_of_kernels()) {
    check_threads(isa, {2, 3, 300, 300, 16});
    // More queries than a task takes, of which the number depends on threads and heads.
    check_threads(isa, {1, 2, 600, 90, 16});
    check_threads(isa, {2, 8, 1100, 40, 8});
  }
}

TEST_CASE("beams read keys through rows and ancestry", "[cpu][attention]") {
  for (auto isa : sets_of_kernels())
    for (extent keys : {5, 40, 530}) {
      CAPTURE(name_of(isa), keys);
      // Six beams over keys of three rows.
      sizes const s{6, 2, 1, keys, 16};
      problem<float> p(s, biased);
      sizes const three{3, 2, 1, keys, 16};
      problem<float> rows(three, biased);
      auto k = doubles(rows.k), v = doubles(rows.v), q = doubles(p.q);
      std::vector<std::int32_t> const lengths_of_rows{static_cast<std::int32_t>(keys), 4, 3};
      std::vector<std::int32_t> const key_rows{2, 2, 0, 0, 0, 1};
      std::vector<std::int32_t> ancestry;
      for (extent b = 0; b < 6; ++b)
        for (extent j = 0; j < keys + 3; ++j) ancestry.push_back(static_cast<std::int32_t>((b * 7 + j * j) % 3));
      flan::detail::cpu_attention be(isa);
      reference_backend oracle;
      for (bool by_ancestry : {false, true}) {
        auto o = p.options<float>(p.bias);
        auto o_double = p.options<double>(p.bias_double);
        if (by_ancestry) {
          o.ancestry = o_double.ancestry = matrix<std::int32_t>{ancestry.data(), 6, keys + 3};
        } else {
          o.key_rows = o_double.key_rows = {key_rows.data(), 6};
        }
        o.key_lengths = o_double.key_lengths = {lengths_of_rows.data(), 3};
        std::vector<float> y(p.q.size()), lse(12);
        std::vector<double> y_double(y.size()), lse_double(12);
        be.attention(p.by_heads(y, 1), as_vector(lse), in(p.by_heads(p.q, 1)), in(rows.by_heads(rows.k, keys)),
                     in(rows.by_heads(rows.v, keys)), o);
        oracle.attention(p.by_heads(y_double, 1), as_vector(lse_double), in(p.by_heads(q, 1)),
                         in(rows.by_heads(k, keys)), in(rows.by_heads(v, keys)), o_double);
        REQUIRE(distance(y, y_double) < 5e-6);
        REQUIRE(distance(lse, lse_double) < 2e-6);
      }
    }
}

TEST_CASE("a NaN reaches the queries that see it and no batch row beside them", "[cpu][attention]") {
  for (auto isa : sets_of_kernels()) {
    CAPTURE(name_of(isa));
    sizes const s{2, 1, 9, 40, 8};
    problem<float> p(s, 0);
    p.q[3] = NAN;                                                 // query 0 of row 0
    p.v[static_cast<std::size_t>((40 + 11) * 8 + 5)] = INFINITY;  // key 11 of row 1, column 5
    flan::detail::cpu_attention be(isa);
    std::vector<float> y, lse;
    p.forward(be, y, lse, p.q, p.k, p.v, p.options<float>(p.bias));
    for (extent i = 0; i < 9; ++i)
      for (extent c = 0; c < 8; ++c) {
        CAPTURE(i, c);
        REQUIRE(std::isnan(y[static_cast<std::size_t>(i * 8 + c)]) == (i == 0));
        REQUIRE(std::isinf(y[static_cast<std::size_t>((9 + i) * 8 + c)]) == (c == 5));
      }
    REQUIRE(std::isnan(lse[0]));
  }
}

TEST_CASE("attention without queries, keys or heads does nothing wrong", "[cpu][attention]") {
  compare<float>({1, 1, 3, 0, 8}, 0, 1e-6);
  compare<float>({0, 2, 3, 3, 8}, 0, 1e-6);
  compare<float>({2, 1, 0, 4, 8}, 0, 1e-6);
}

TEST_CASE("attention says what does not fit", "[cpu][attention]") {
  flan::detail::cpu_attention be(instruction_set::portable);
  std::vector<float> x(64);
  auto const h = [&](extent batch, extent heads) { return split_heads(as_matrix(x, 8, 8), batch, heads); };
  REQUIRE_THROWS_WITH(
      be.attention(h(1, 2), vector_view<float>{}, in(h(1, 2)), in(h(1, 4)), in(h(1, 4)), attention_options<float>{}),
      ContainsSubstring("the heads of k to be 2 but found 4"));
}
