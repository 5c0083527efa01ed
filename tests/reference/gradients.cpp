/// Every backward op of the reference backend in double, against the complex step of its forward. The loss is a fixed
/// random weighting of what the forward computes.

#include <complex>
#include <string>
#include <vector>

#include "flan/reference/backend.hpp"
#include "flan/testing/gradient.hpp"
#include "support/catch.hpp"

namespace {
using flan::extent;
using flan::testing::complex;
using flan::testing::gradient_error;
constexpr double bound = 1e-10;

/// The same random numbers as double and as complex.
struct both {
  extent rows, columns;
  std::vector<double> d;
  std::vector<complex> c;
  both(extent r, extent n, std::uint64_t key, double size = 1) : rows(r), columns(n) {
    for (extent i = 0; i < r * n; ++i) d.push_back(size * flan::normal(key, static_cast<std::uint64_t>(i)));
    c.assign(d.begin(), d.end());
  }
  flan::matrix<double> real() { return {d.data(), rows, columns}; }
  flan::matrix<double const> constant() { return {d.data(), rows, columns}; }
  flan::matrix<complex> step() { return {c.data(), rows, columns}; }
  flan::matrix<complex const> step_constant() { return {c.data(), rows, columns}; }
  template <class T>
  flan::weight<T> as_weight(std::vector<T>& v) {
    flan::weight<T> w;
    w.data = v.data(), w.rows = rows, w.columns = columns;
    return w;
  }
  flan::weight<double> weight() { return as_weight(d); }
  flan::weight<complex> step_weight() { return as_weight(c); }
};

struct zeros {
  extent rows, columns;
  std::vector<double> v;
  zeros(extent r, extent n) : rows(r), columns(n), v(static_cast<std::size_t>(r * n)) {}
  flan::matrix<double> out() { return {v.data(), rows, columns}; }
  flan::matrix<double const> in() { return {v.data(), rows, columns}; }
};

/// Σ dy·y, the loss whose gradient with respect to y is dy.
complex weighted(both const& dy, std::vector<complex> const& y) {
  complex sum = 0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += dy.d[i] * y[i];
  return sum;
}
std::vector<complex> room(extent rows, extent columns) {
  return std::vector<complex>(static_cast<std::size_t>(rows * columns));
}
}  // namespace

TEST_CASE("complex step knows derivatives that can be written down") {
  std::vector<complex> x = {0.3, -1.2, 2};
  auto const f = [&] { return std::exp(x[0]) + x[1] * x[1] * x[1] + std::log(x[2]) * x[0]; };
  auto const d = flan::testing::complex_step(f, flan::matrix<complex>(x.data(), 1, 3));
  CHECK(d[0] == Approx(std::exp(0.3) + std::log(2.0)).epsilon(1e-15));
  CHECK(d[1] == Approx(3 * 1.44).epsilon(1e-15));
  CHECK(d[2] == Approx(0.15).epsilon(1e-15));
  CHECK(x[1] == complex(-1.2));
  CHECK(gradient_error({1, 2}, {1, 2}) == 0);
  CHECK(gradient_error({1, 2.5}, {0, 0}) == std::numeric_limits<double>::infinity());
  CHECK(gradient_error({1.1, 2}, {1, 2}) == Approx(0.1 / std::sqrt(5.0)));
  CHECK_THROWS_AS(gradient_error({1}, {1, 2}), flan::error);
}

TEST_CASE("a random direction compares all parameters at once and notices one that is wrong") {
  both a(2, 3, 1), b(2, 3, 2);
  auto const f = [&] {
    complex sum = 0;
    for (std::size_t i = 0; i < a.c.size(); ++i) sum += std::sin(a.c[i]) * b.c[i];
    return sum;
  };
  zeros da(2, 3), db(2, 3);
  for (std::size_t i = 0; i < a.d.size(); ++i) da.v[i] = std::cos(a.d[i]) * b.d[i], db.v[i] = std::sin(a.d[i]);
  CHECK(flan::testing::along_random_direction(f, {{a.step(), da.in()}, {b.step(), db.in()}}, 7).error() < 1e-13);
  db.v[4] += 1e-3;
  CHECK(flan::testing::along_random_direction(f, {{a.step(), da.in()}, {b.step(), db.in()}}, 7).error() > 1e-6);
  CHECK(a.c[0].imag() == 0);
}

TEST_CASE("products: the transposed matmul and weight_gradient are matmul's gradient") {
  flan::reference_backend be;
  both x(5, 7, 1), w(4, 7, 2), dy(5, 4, 3);
  auto const forward = [&] {
    auto y = room(5, 4);
    be.matmul(flan::matrix<complex>(y.data(), 5, 4), x.step_constant(), w.step_weight(), {.scale = 0.7});
    return weighted(dy, y);
  };
  zeros dx(5, 7), dw(4, 7);
  be.matmul(dx.out(), dy.constant(), w.weight(), {.transpose = true, .scale = 0.7});
  be.weight_gradient(dw.out(), dy.constant(), x.constant(), 0.7);
  CHECK(gradient_error(forward, x.step(), dx.in()) < bound);
  CHECK(gradient_error(forward, w.step(), dw.in()) < bound);
}

TEST_CASE("rms_norm") {
  flan::reference_backend be;
  both x(4, 9, 1), gain(1, 9, 2), dy(4, 9, 3);
  double const epsilon = 0.01;
  auto const forward = [&] {
    auto y = room(4, 9);
    be.rms_norm(flan::matrix<complex>(y.data(), 4, 9), flan::vector_view<complex>{}, x.step_constant(),
                gain.step_weight(), epsilon);
    return weighted(dy, y);
  };
  zeros y(4, 9), inverse(1, 4), dx(4, 9), dgain(1, 9);
  be.rms_norm(y.out(), flan::flat(inverse.out()), x.constant(), gain.weight(), epsilon);
  be.rms_norm_backward(dx.out(), dgain.out(), dy.constant(), x.constant(), flan::in(flan::flat(inverse.out())),
                       gain.weight(), false);
  CHECK(gradient_error(forward, x.step(), dx.in()) < bound);
  CHECK(gradient_error(forward, gain.step(), dgain.in()) < bound);
}

TEST_CASE("activations and gates") {
  flan::reference_backend be;
  using flan::activation;
  for (activation a : {activation::relu, activation::gelu, activation::gelu_new, activation::silu}) {
    INFO(std::string(flan::name_of(a)));
    both x(6, 8, 1, 1.5), u(6, 8, 2), dy(6, 8, 3);
    zeros dx(6, 8), du(6, 8);
    auto const activate = [&] {
      auto y = room(6, 8);
      be.activate(flan::matrix<complex>(y.data(), 6, 8), x.step_constant(), a);
      return weighted(dy, y);
    };
    be.activate_backward(dx.out(), dy.constant(), x.constant(), a);
    CHECK(gradient_error(activate, x.step(), dx.in()) < bound);

    auto const gate = [&] {
      auto y = room(6, 8);
      be.gate(flan::matrix<complex>(y.data(), 6, 8), x.step_constant(), u.step_constant(), a);
      return weighted(dy, y);
    };
    be.gate_backward(dx.out(), du.out(), dy.constant(), x.constant(), u.constant(), a);
    CHECK(gradient_error(gate, x.step(), dx.in()) < bound);
    CHECK(gradient_error(gate, u.step(), du.in()) < bound);
  }
}

TEST_CASE("dropout is its own backward") {
  flan::reference_backend be;
  both x(6, 8, 1), dy(6, 8, 2);
  std::vector<std::uint32_t> const keys = {1, 5, 9, 2, 8, 4};
  flan::dropout_options const o{0.4, 17, {keys.data(), 6}};
  auto const forward = [&] {
    auto y = room(6, 8);
    be.dropout(flan::matrix<complex>(y.data(), 6, 8), x.step_constant(), o, false);
    return weighted(dy, y);
  };
  zeros dx(6, 8);
  be.dropout(dx.out(), dy.constant(), o, false);
  CHECK(gradient_error(forward, x.step(), dx.in()) < bound);
}

TEST_CASE("embeddings and biases by distance") {
  flan::reference_backend be;
  std::vector<std::int32_t> const ids = {3, 0, 3, 1, 3};
  flan::vector_view<std::int32_t const> const view{ids.data(), 5};
  both table(4, 6, 1), dy(5, 6, 2);
  zeros dtable(4, 6);
  be.embed_backward(dtable.out(), dy.constant(), view);
  CHECK(gradient_error(
            [&] {
              auto y = room(5, 6);
              be.embed(flan::matrix<complex>(y.data(), 5, 6), view, table.step_weight());
              return weighted(dy, y);
            },
            table.step(), dtable.in()) < bound);
  for (bool bidirectional : {true, false}) {
    flan::bias_options const o{bidirectional, 8, 20};
    both buckets(8, 3, 3), dbias(3, 41, 4);
    zeros dbuckets(8, 3);
    be.expand_bias_backward(dbuckets.out(), dbias.constant(), o);
    CHECK(gradient_error(
              [&] {
                auto y = room(3, 41);
                be.expand_bias(flan::matrix<complex>(y.data(), 3, 41), buckets.step_constant(), o);
                return weighted(dbias, y);
              },
              buckets.step(), dbuckets.in()) < bound);
  }
}

namespace {
/// q, k, v and bias against attention_backward, under the masks that `set` puts into the options of both precisions.
template <class Set>
void check_attention(extent queries, extent keys, Set set) {
  flan::reference_backend be;
  constexpr extent batch = 2, heads = 3, width = 4, farthest = 5;
  both q(batch * queries, heads * width, 1), k(batch * keys, heads * width, 2), v(batch * keys, heads * width, 3);
  both bias(heads, 2 * farthest + 1, 4), dy(batch * queries, heads * width, 5);
  auto const split = [&](auto m) { return flan::split_heads(m, batch, heads); };
  auto const forward = [&] {
    flan::attention_options<complex> o;
    o.bias = bias.step_constant();
    set(o);
    auto y = room(batch * queries, heads * width);
    be.attention(split(flan::matrix<complex>(y.data(), batch * queries, heads * width)), flan::vector_view<complex>{},
                 split(q.step_constant()), split(k.step_constant()), split(v.step_constant()), o);
    return weighted(dy, y);
  };
  flan::attention_options<double> o;
  o.bias = bias.constant();
  set(o);
  zeros y(q.rows, q.columns), lse(1, batch * heads * queries), dq(q.rows, q.columns), dk(k.rows, k.columns),
      dv(k.rows, k.columns), dbias(bias.rows, bias.columns);
  be.attention(split(y.out()), flan::flat(lse.out()), split(q.constant()), split(k.constant()), split(v.constant()), o);
  be.attention_backward(split(dq.out()), split(dk.out()), split(dv.out()), dbias.out(), split(dy.constant()),
                        split(y.in()), flan::in(flan::flat(lse.out())), split(q.constant()), split(k.constant()),
                        split(v.constant()), o);
  CHECK(gradient_error(forward, q.step(), dq.in()) < bound);
  CHECK(gradient_error(forward, k.step(), dk.in()) < bound);
  CHECK(gradient_error(forward, v.step(), dv.in()) < bound);
  CHECK(gradient_error(forward, bias.step(), dbias.in()) < bound);
}
}  // namespace

TEST_CASE("attention") {
  std::vector<std::int32_t> const lengths = {4, 7}, query_segments = {1, 1, 1, 2, 2, 2, 2, 1, 2, 2, 3, 9},
                                  key_segments = {1, 1, 2, 2, 2, 2, 2, 1, 1, 2, 2, 3, 3, 3};
  std::vector<std::uint32_t> row_keys, key_keys;
  for (std::uint32_t i = 0; i < 14; ++i) row_keys.push_back(31 * i), key_keys.push_back(77 * i + 5);

  SECTION("nothing masked, more keys than the bias tells apart") {
    check_attention(6, 7, [](auto&) {});
  }
  SECTION("causal, with an offset") {
    check_attention(6, 7, [](auto& o) { o.causal = true, o.query_offset = 1; });
  }
  SECTION("key lengths") {
    check_attention(6, 7, [&](auto& o) { o.key_lengths = {lengths.data(), 2}; });
  }
  SECTION("segments, one query without a key") {
    check_attention(6, 7, [&](auto& o) {
      o.query_segments = {query_segments.data(), 12};
      o.key_segments = {key_segments.data(), 14};
    });
  }
  SECTION("dropout of probabilities, with the other masks") {
    check_attention(6, 7, [&](auto& o) {
      o.causal = true;
      o.key_lengths = {lengths.data(), 2};
      o.dropout = {0.3, 99, {row_keys.data(), 12}};
      o.key_keys = {key_keys.data(), 14};
    });
  }
}

TEST_CASE("cross_entropy_head") {
  flan::reference_backend be;
  both x(5, 6, 1), w(11, 6, 2);
  std::vector<std::int32_t> const labels = {3, -100, 0, 10, 3};
  flan::vector_view<std::int32_t const> const view{labels.data(), 5};
  for (double const z_loss : {0.0, 0.01})
    for (double const smoothing : {0.0, 0.1}) {
      flan::loss_options const o{.scale = 0.6, .z_loss = z_loss, .label_smoothing = smoothing, .gradient_scale = 0.5};
      auto const forward = [&] {
        auto loss = room(1, 5);
        be.cross_entropy_head(flan::vector_view<complex>{loss.data(), 5}, flan::matrix<complex>{},
                              flan::matrix<complex>{}, x.step_constant(), w.step_weight(), view, o);
        complex sum = 0;
        for (auto const& l : loss) sum += 0.5 * l;
        return sum;
      };
      zeros loss(1, 5), dx(5, 6), dw(11, 6);
      be.cross_entropy_head(flan::flat(loss.out()), dx.out(), dw.out(), x.constant(), w.weight(), view, o);
      CHECK(gradient_error(forward, x.step(), dx.in()) < bound);
      CHECK(gradient_error(forward, w.step(), dw.in()) < bound);
      CHECK(loss.v[1] == 0);
    }
}
