/// What ops mean, in numbers worked out by hand: the oracle needs an oracle too.

#include <cmath>
#include <limits>
#include <vector>

#include "flan/reference/backend.hpp"
#include "support/catch.hpp"

namespace {
using flan::extent;
using flan::matrix;
using numbers = std::vector<double>;
using integers = std::vector<std::int32_t>;

matrix<double> view(numbers& v, extent rows) { return {v.data(), rows, static_cast<extent>(v.size()) / rows}; }
matrix<double const> view(numbers const& v, extent rows) {
  return {v.data(), rows, static_cast<extent>(v.size()) / rows};
}
flan::vector_view<std::int32_t const> ids(integers const& v) { return {v.data(), static_cast<extent>(v.size())}; }
flan::weight<double> weight(numbers& v, extent rows) {
  flan::weight<double> w;
  w.data = v.data(), w.rows = rows, w.columns = static_cast<extent>(v.size()) / rows;
  return w;
}
void close(numbers const& got, numbers const& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    INFO("element " << i);
    CHECK(got[i] == Approx(expected[i]).margin(1e-14));
  }
}

/// One head of width 1, with q = 0: every key that is seen has the weight exp(bias), so y is a weighted mean of v.
struct one_head {
  flan::reference_backend be;
  numbers q, k, v, y, lse;
  extent batch, key_batch;
  flan::attention_options<double> o;
  one_head(extent b, extent queries, numbers values, extent kb)
      : q(static_cast<std::size_t>(b * queries)),
        k(values.size()),
        v(std::move(values)),
        y(q.size(), -1),
        lse(q.size()),
        batch(b),
        key_batch(kb) {}
  numbers run() {
    extent const positions = static_cast<extent>(q.size()), keys = static_cast<extent>(k.size());
    be.attention(flan::split_heads(view(y, positions), batch, 1), flan::flat(view(lse, 1)),
                 flan::split_heads(view(std::as_const(q), positions), batch, 1),
                 flan::split_heads(view(std::as_const(k), keys), key_batch, 1),
                 flan::split_heads(view(std::as_const(v), keys), key_batch, 1), o);
    return y;
  }
};
}  // namespace

TEST_CASE("attention is a softmax without 1/sqrt(d)") {
  flan::reference_backend be;
  numbers const q = {2, 0, 0, 0}, k = {1, 5, 5, 5, 0, 7, 7, 7}, v = {1, 0, 0, 0, 0, 1, 0, 0};
  numbers y(4), lse(1);
  be.attention(flan::split_heads(view(y, 1), 1, 1), flan::flat(view(lse, 1)), flan::split_heads(view(q, 1), 1, 1),
               flan::split_heads(view(k, 2), 1, 1), flan::split_heads(view(v, 2), 1, 1),
               flan::attention_options<double>{});
  double const e = std::exp(2.0);
  close(y, {e / (e + 1), 1 / (e + 1), 0, 0});
  close(lse, {std::log(e + 1)});
}

TEST_CASE("masks: causal with an offset, lengths, segments; a query that sees nothing is zero") {
  SECTION("causal") {
    one_head a(1, 2, {3, 6, 12, 24}, 1);
    a.o.causal = true, a.o.query_offset = 1;
    close(a.run(), {4.5, 7});
    close(a.lse, {std::log(2.0), std::log(3.0)});
  }
  SECTION("lengths") {
    one_head a(2, 1, {3, 6, 12, 24}, 2);
    integers const lengths = {1, 0};
    a.o.key_lengths = ids(lengths);
    close(a.run(), {3, 0});
    CHECK(a.lse[1] == -std::numeric_limits<double>::infinity());
  }
  SECTION("segments") {
    one_head a(1, 2, {3, 6, 12, 24}, 1);
    integers const queries = {7, 8}, keys = {8, 7, 8, 7};
    a.o.query_segments = ids(queries), a.o.key_segments = ids(keys);
    close(a.run(), {15, 7.5});
  }
}

TEST_CASE("the bias goes by key - query - offset and saturates at both ends") {
  one_head a(1, 1, {1, 0, 0, 0}, 1);
  double const l2 = std::log(2.0), l3 = std::log(3.0);
  numbers const bias = {l3, 0, l2};  // distances <= -1, 0, >= 1
  a.o.bias = view(bias, 1);
  a.o.query_offset = 1;
  a.run();
  close(a.y, {3.0 / (3 + 1 + 2 + 2)});
  close(a.lse, {std::log(8.0)});
}

TEST_CASE("batch rows find their keys through key_rows, and each key through the ancestry") {
  SECTION("key rows: three beams share two inputs; a length belongs to the row of k") {
    one_head a(3, 1, {1, 3, 10, 30}, 2);
    integers const rows = {1, 0, 1}, lengths = {2, 1};
    a.o.key_rows = ids(rows), a.o.key_lengths = ids(lengths);
    close(a.run(), {10, 2, 10});
  }
  SECTION("ancestry") {
    one_head a(2, 1, {1, 3, 10, 30}, 2);
    integers const ancestry = {0, 1, 1, 1};
    a.o.ancestry = {ancestry.data(), 2, 2};
    close(a.run(), {(1 + 30) / 2.0, (10 + 30) / 2.0});
  }
}

TEST_CASE("dropout keeps what its keys say, scaled, whatever the batch") {
  flan::reference_backend be;
  std::vector<std::uint32_t> const keys = {5, 9};
  flan::dropout_options o{0.25, 77, {keys.data(), 2}};
  numbers const x = {1, 2, 3, 4, 5, 6, 7, 8};
  numbers y(8);
  be.dropout(view(y, 2), view(x, 2), o, false);
  for (std::uint32_t r = 0; r < 2; ++r)
    for (std::uint32_t c = 0; c < 4; ++c) {
      bool const dropped = flan::dropout_bits(keys[r], 77, c) < 0x40000000u;
      CHECK(y[r * 4 + c] == Approx(dropped ? 0 : x[r * 4 + c] / 0.75));
    }
  numbers alone(4);
  o.rows = {keys.data() + 1, 1};
  be.dropout(view(alone, 1), matrix<double const>(x.data() + 4, 1, 4), o, false);
  CHECK(alone == numbers(y.begin() + 4, y.end()));
}

TEST_CASE("the norm divides by the root of the mean square, without a mean or a bias") {
  flan::reference_backend be;
  numbers const x = {3, -4, 0, 0};
  numbers gain = {1, 2, 1, 1}, y(4), inverse(1);
  be.rms_norm(view(y, 1), flan::flat(view(inverse, 1)), view(x, 1), weight(gain, 1), 2.75);
  close(inverse, {1 / 3.0});
  close(y, {1, -8 / 3.0, 0, 0});
}

TEST_CASE("activations") {
  auto const at = [](flan::activation a, double x) { return flan::detail::apply(a, x); };
  CHECK(at(flan::activation::relu, -2) == 0);
  CHECK(at(flan::activation::relu, 2) == 2);
  CHECK(at(flan::activation::gelu, 1) == Approx(0.8413447460685429).epsilon(1e-14));
  CHECK(at(flan::activation::gelu_new, 1) == Approx(0.8411919906082768).epsilon(1e-14));
  CHECK(at(flan::activation::silu, 1) == Approx(1 / (1 + std::exp(-1.0))).epsilon(1e-14));
  CHECK_THROWS_AS(at(flan::activation::any, 1), flan::error);
}

TEST_CASE("the loss is a label's negative log-probability, with z-loss, smoothing and ignored rows") {
  flan::reference_backend be;
  numbers const x = {1, 1};  // two rows of one feature
  numbers w = {0, std::log(2.0), 0}, loss(2);
  auto const run = [&](flan::loss_options const& o, integers const& labels) {
    be.cross_entropy_head(flan::flat(view(loss, 1)), matrix<double>{}, matrix<double>{}, view(x, 2), weight(w, 3),
                          ids(labels), o);
    return loss;
  };
  double const l2 = std::log(2.0), l4 = std::log(4.0);  // probabilities 1/4, 1/2, 1/4
  close(run({}, {1, 0}), {l2, l4});
  close(run({}, {-100, 2}), {0, l4});
  close(run({.z_loss = 0.1}, {1, 0}), {l2 + 0.1 * l4 * l4, l4 + 0.1 * l4 * l4});
  close(run({.label_smoothing = 0.3}, {1, 0}), {0.7 * l2 + 0.1 * (l4 + l2 + l4), 0.7 * l4 + 0.1 * (l4 + l2 + l4)});
  close(run({.scale = 2}, {1, 0}), {std::log(1.5), std::log(6.0)});
  CHECK_THROWS_WITH(run({}, {1, 3}), ContainsSubstring("expected labels between 0 and 2 or -100 but found 3 at 1"));
}

TEST_CASE("top_k: largest first, the smaller id among equals, NaN last") {
  flan::reference_backend be;
  numbers const logits = {1, 3, std::numeric_limits<double>::quiet_NaN(), 3, 0};
  numbers values(5), lse(1);
  integers found(5);
  be.top_k(view(values, 1), matrix<std::int32_t>(found.data(), 1, 5), flan::flat(view(lse, 1)), view(logits, 1));
  CHECK(found == integers{1, 3, 0, 4, 2});
  CHECK(values[4] == -std::numeric_limits<double>::infinity());
  close(lse, {std::log(2 * std::exp(3.0) + std::exp(1.0) + 1)});
}

TEST_CASE("a cache takes rows at a position, head-major") {
  flan::reference_backend be;
  numbers cache(2 * 2 * 3), rows = {1, 2, 3, 4};  // two heads of width 1; one row of two positions
  flan::heads_view<double> const c{cache.data(), 2, 2, 3, 1, 6, 3, 1};
  be.append_to_cache(c, flan::split_heads(view(std::as_const(rows), 2), 1, 2), 1);
  CHECK(cache == numbers{0, 1, 3, 0, 2, 4, 0, 0, 0, 0, 0, 0});
  CHECK_THROWS_AS(be.append_to_cache(c, flan::split_heads(view(std::as_const(rows), 2), 1, 2), 2), flan::error);
}

TEST_CASE("arguments that do not fit are named") {
  flan::reference_backend be;
  numbers x(6), y(6), w(6);
  CHECK_THROWS_WITH(be.matmul(view(y, 2), flan::in(view(x, 2)), weight(w, 3), {}),
                    ContainsSubstring("matmul expected the columns of x to be 2 but found 3"));
  CHECK_THROWS_WITH(be.copy(view(y, 2), flan::in(view(x, 3))),
                    ContainsSubstring("copy expected y to be 3 x 2 but found 2 x 3"));
  integers const wrong = {0, 2};
  CHECK_THROWS_WITH(be.embed(view(y, 2), ids(wrong), weight(w, 2)),
                    ContainsSubstring("embed expected ids between 0 and 1 but found 2 at 1"));
}
