/// Each op is made wrong once; `checked` and the conformance suite must notice it, and blame that op alone.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "flan/backend/checked.hpp"
#include "flan/testing/conformance.hpp"
#include "support/catch.hpp"
#include "testing/wrong_backend.hpp"

using flan::testing::op;
using flan::testing::wrong_backend;

static_assert(flan::training_backend<wrong_backend, flan::fp32>);
static_assert(std::size(flan::testing::op_names) == static_cast<std::size_t>(op::none));

namespace {
using flan::extent;
using flan::in;

/// One small call of every op, in float, in the order of flan::testing::op_names.
template <class B>
std::vector<std::function<void(B&)>> every_op() {
  using flan::matrix;
  struct data {
    std::vector<float> a = positive(1), b = positive(2), c = positive(3), d = positive(4), e = positive(5),
                       f = positive(6);
    std::vector<std::int32_t> ids = {0, 1, 1, 0}, top = std::vector<std::int32_t>(8);
    std::vector<double> sum = {1};
    // Statistics of optimizers must not be negative; for the others any numbers do.
    static std::vector<float> positive(std::uint64_t key) {
      std::vector<float> v(64);
      for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>(0.2 + flan::uniform(key, i));
      return v;
    }
  };
  auto const x = std::make_shared<data>();
  // y, x, … : 4 × 4 matrices over the vectors; heads: 1 × 2 × 4 × 2.
  auto const m = [x](std::vector<float>& v) { return matrix<float>(v.data(), 4, 4); };
  auto const w = [x](std::vector<float>& v, extent rows) {
    flan::weight<float> weight;
    weight.data = v.data(), weight.rows = rows, weight.columns = 4;
    return weight;
  };
  auto const h = [m](std::vector<float>& v) { return flan::split_heads(m(v), 1, 2); };
  auto const ids = [x] { return flan::vector_view<std::int32_t const>{x->ids.data(), 4}; };
  auto const v = [x](std::vector<float>& u, extent n) { return flan::vector_view<float>{u.data(), n}; };
  flan::bias_options const bias{true, 4, 8};
  auto const table = [x](std::vector<float>& u) { return matrix<float>(u.data(), 4, 2); };
  auto const expanded = [x](std::vector<float>& u) { return matrix<float>(u.data(), 2, 17); };
  auto const gelu = flan::activation::gelu;
  return {
      [=](B& be) {
        auto p = w(x->b, 4);
        be.pack(p);
      },
      [=](B& be) { be.unpack(m(x->a), w(x->b, 4)); },
      [=](B& be) { be.fill(m(x->a), 3); },
      [=](B& be) { be.copy(m(x->a), in(m(x->b))); },
      [=](B& be) { be.add(m(x->a), in(m(x->b))); },
      [=](B& be) { be.dropout(m(x->a), in(m(x->b)), flan::dropout_options{}, false); },
      [=](B& be) { be.activate(m(x->a), in(m(x->b)), gelu); },
      [=](B& be) { be.gate(m(x->a), in(m(x->b)), in(m(x->c)), gelu); },
      [=](B& be) { be.matmul(m(x->a), in(m(x->b)), w(x->c, 4), flan::matmul_options{}); },
      [=](B& be) { be.embed(m(x->a), ids(), w(x->b, 2)); },
      [=](B& be) { be.rms_norm(m(x->a), v(x->d, 4), in(m(x->b)), w(x->c, 1), 1e-6); },
      [=](B& be) { be.expand_bias(expanded(x->a), in(table(x->b)), bias); },
      [=](B& be) {
        be.attention(h(x->a), v(x->f, 8), in(h(x->b)), in(h(x->c)), in(h(x->d)), flan::attention_options<float>{});
      },
      [=](B& be) { be.append_to_cache(h(x->a), in(h(x->b)), extent{0}); },
      [=](B& be) {
        be.top_k(matrix<float>(x->a.data(), 4, 2), matrix<std::int32_t>(x->top.data(), 4, 2), v(x->d, 4), in(m(x->b)));
      },
      [=](B& be) {
        be.cross_entropy_head(v(x->f, 4), m(x->a), matrix<float>(x->b.data(), 2, 4), in(m(x->c)), w(x->d, 2), ids(),
                              flan::loss_options{});
      },
      [=](B& be) { be.weight_gradient(m(x->a), in(m(x->b)), in(m(x->c)), 1.0); },
      [=](B& be) { be.embed_backward(matrix<float>(x->a.data(), 2, 4), in(m(x->b)), ids()); },
      [=](B& be) {
        be.rms_norm_backward(m(x->a), matrix<float>(x->f.data(), 1, 4), in(m(x->b)), in(m(x->c)), in(v(x->d, 4)),
                             w(x->e, 1), false);
      },
      [=](B& be) { be.activate_backward(m(x->a), in(m(x->b)), in(m(x->c)), gelu); },
      [=](B& be) { be.gate_backward(m(x->a), m(x->f), in(m(x->b)), in(m(x->c)), in(m(x->d)), gelu); },
      [=](B& be) { be.expand_bias_backward(table(x->a), in(expanded(x->b)), bias); },
      [=](B& be) {
        be.attention_backward(h(x->a), h(x->e), h(x->f), matrix<float>{}, in(h(x->b)), in(h(x->c)), in(v(x->c, 8)),
                              in(h(x->b)), in(h(x->c)), in(h(x->d)), flan::attention_options<float>{});
      },
      [=](B& be) {
        be.sum_of_squares(flan::vector_view<double>{x->sum.data(), 1}, in(m(x->b)));
      },
      [=](B& be) {
        be.adafactor_update(m(x->a), in(m(x->b)), v(x->c, 4), v(x->d, 4), matrix<float>{}, flan::adafactor_options{});
      },
      [=](B& be) { be.adamw_update(m(x->a), in(m(x->b)), m(x->c), m(x->d), flan::adamw_options{}); },
  };
}
}  // namespace

TEST_CASE("checked throws at the wrong op, naming it, the element and both numbers, and at no other") {
  using backend = flan::checked<wrong_backend, flan::reference_backend>;
  auto const ops = every_op<backend>();
  REQUIRE(ops.size() == std::size(flan::testing::op_names));
  for (std::size_t wrong = 0; wrong <= ops.size(); ++wrong) {
    backend be{wrong_backend(static_cast<op>(wrong))};
    for (std::size_t i = 0; i < ops.size(); ++i) {
      auto const call = every_op<backend>()[i];  // on fresh arguments
      INFO("wrong: " << (wrong < ops.size() ? flan::testing::op_names[wrong] : "none")
                     << ", called: " << flan::testing::op_names[i]);
      if (i == wrong)
        CHECK_THROWS_WITH(call(be),
                          ContainsSubstring(flan::testing::op_names[i] + std::string(" differs from its oracle")) &&
                              ContainsSubstring(" is ") && ContainsSubstring(", expected "));
      else
        CHECK_NOTHROW(call(be));
    }
  }
}

TEST_CASE("checked reports instead of throwing when asked to") {
  flan::checked<wrong_backend, flan::reference_backend> be{wrong_backend(op::fill)};
  std::vector<std::string> heard;
  be.on_comparison = [&](flan::comparison const& c) { heard.push_back(c.ok() ? "ok" : c.sentence()); };
  std::vector<float> values(6);
  be.fill(flan::matrix<float>(values.data(), 2, 3), 4);
  be.activate(flan::matrix<float>(values.data(), 2, 3), flan::matrix<float const>(values.data(), 2, 3),
              flan::activation::relu);
  REQUIRE(heard.size() == 2);
  CHECK(heard[0] == "fill differs from its oracle: y(1, 2) is 4.03999996, expected 4 (error inf, tolerance 0)");
  CHECK(heard[1] == "ok");
}

TEST_CASE("the conformance suite notices every wrong op and blames no other") {
  for (int i = 0; i < static_cast<int>(op::none); ++i) {
    auto const wrong = static_cast<op>(i);
    auto const name = flan::testing::op_names[i];
    auto const found = flan::testing::conformance(wrong_backend(wrong), {.small = true});
    INFO(name << '\n' << found);
    CHECK_FALSE(found.ok());
    for (auto const& o : found.ops) CHECK((o.failures > 0) == (o.op == name));
  }
}

TEST_CASE("the report lists what a backend's own class declares") {
  CHECK(flan::testing::conformance(flan::reference_backend(), {.small = true}).replaced.empty());
  CHECK(flan::testing::conformance(wrong_backend(op::none), {.small = true}).replaced.size() ==
        std::size(flan::testing::op_names));
}
