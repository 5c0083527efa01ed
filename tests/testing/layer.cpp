#include "flan/testing/layer.hpp"

#include "flan/layer/linear.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "support/catch.hpp"

using namespace flan;

namespace {
/// y += silu(w·x); `Wrong` leaves something out of the backward.
enum class mistake { none, input, activation, parameter };
template <class P, mistake Wrong>
struct one_product {
  using X = typename P::activation;
  linear<4, 3, P> w{4, 3};
  static constexpr auto members = flan::members("w", &one_product::w);
  struct trace {
    matrix<X, 3> before;
  };
  template <class B>
  void forward(B& be, matrix<X, 3> y, matrix<X, 4> x, trace* kept = nullptr) const {
    frame f(be);
    auto const before = kept ? keep<X, 3>(be, x.rows) : f.template make<X, 3>(x.rows),
               after = f.template make<X, 3>(x.rows);
    w.forward(be, before, x);
    be.activate(out(after), in(before), activation::silu);
    be.add(out(y), in(after));
    if (kept) kept->before = before;
  }
  template <class B, class G>
  void backward(B& be, matrix<X, 4> dx, matrix<X, 3> dy, matrix<X, 4> x, trace const& kept, G& d) const {
    frame f(be);
    auto const db = f.template make<X, 3>(x.rows);
    be.copy(out(db), in(dy));
    if (Wrong != mistake::activation) be.activate_backward(out(db), in(db), in(kept.before), activation::silu);
    if (Wrong != mistake::parameter) w.backward_weight(be, db, x, d.w);
    w.backward_input(be, dx, db, {.scale = Wrong == mistake::input ? 1.001 : 1});
  }
};
template <mistake Wrong>
double error_of(std::uint64_t key) {
  return testing::layer_gradient_error([](auto p) { return one_product<decltype(p), Wrong>(); }, 5, 4, 3, key);
}
template <mistake Wrong>
double error_left() {
  auto const in_precision = [](auto p) { return one_product<decltype(p), Wrong>(); };
  return testing::layer_error_left(testing::unreadable_backend<reference_backend>(), in_precision, 64, 4, 3);
}
}  // namespace

TEST_CASE("a layer learns, unless its backward is no use") {
  CHECK(error_left<mistake::none>() < 0.01);
  CHECK(error_left<mistake::parameter>() == 1);
}

TEST_CASE("a layer's gradient is right, or the check says how far off it is") {
  for (std::uint64_t key = 1; key < 6; ++key) {
    CHECK(error_of<mistake::none>(key) < 1e-13);
    CHECK(error_of<mistake::input>(key) > 1e-6);
    CHECK(error_of<mistake::activation>(key) > 1e-3);
    CHECK(error_of<mistake::parameter>(key) > 1e-3);
  }
}
