#include "flan/train/step.hpp"

#include <cstring>

#include "flan/testing/gradient.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "support/catch.hpp"
#include "train/support.hpp"

using namespace flan;
using namespace flan::testing;

namespace {

template <class P = fp32, class B = reference_backend, class O = adamw>
struct in_memory {
  B be;
  t5<nano, P> model;
  trainer<t5<nano, P>, B, O> train;

  explicit in_memory(step_settings const& s = {}, O rule = {.rate = 3e-3})
      : train((initialize(be, model, 1), model), be, rule, s) {}

  std::vector<double> gradient(std::vector<batch> const& batches) {
    extent tokens = 0;
    for (auto const& b : batches) tokens += b.target_tokens;
    loss = train.accumulate_gradient(batches, tokens);
    return all_values(be, train.gradient());
  }
  double loss = 0;
};

/// The least that the concept asks for.
struct plain_descent {
  double rate = 1;
  static constexpr std::string_view name = "descent";
  std::vector<state_slot> slots(extent, extent) const { return {}; }
  void update(reference_backend&, matrix<double> w, matrix<double const> g, std::span<matrix<double> const>,
              update_call const& c) const {
    for (extent i = 0; i < w.rows * w.columns; ++i) w.data[i] -= c.rate * c.gradient_scale * g.data[i];
  }
};

}  // namespace

TEST_CASE("a batch arrives in backend memory, with a key per token", "[train]") {
  std::vector<tokenized_example> const examples{{{5, 6, 1}, {9, 1}, 7}, {{4, 1}, {3, 2, 1}, 8}};
  unreadable_backend<reference_backend> be;
  batch_upload upload;
  batch const b = make_batch(examples, 0, 0);
  CHECK(real_tokens(b) == 10);
  auto const d = upload(be, b, nano);
  auto const ids = [&](auto v) { return to_host(be, v); };
  CHECK(ids(d.input_ids) == std::vector<std::int32_t>{5, 6, 1, 4, 1, 0});
  CHECK(ids(d.inputs.lengths) == std::vector<std::int32_t>{3, 2});
  CHECK(ids(d.decoder_ids) == std::vector<std::int32_t>{0, 9, 0, 0, 3, 2});
  CHECK(ids(d.labels) == std::vector<std::int32_t>{9, 1, -100, 3, 2, 1});
  CHECK(ids(d.targets.lengths) == std::vector<std::int32_t>{2, 3});
  auto const keys = ids(d.inputs.keys);
  CHECK(keys[0] != keys[3]);
  CHECK(keys[0] != keys[1]);
  CHECK(keys[0] == ids(d.targets.keys)[0]);
}

TEST_CASE("examples that a model cannot take are refused by number", "[train]") {
  reference_backend be;
  batch_upload upload;
  auto const take = [&](tokenized_example const& e) { upload(be, make_batch({&e, 1}, 0, 0), nano); };
  CHECK_THROWS_WITH(take({{5, 64, 1}, {9, 1}, 41}),
                    ContainsSubstring("example 41: its input has token 64, but the model's vocabulary has 64"));
  CHECK_THROWS_WITH(take({{5, 1}, {-1, 1}, 43}), ContainsSubstring("example 43: its target has token -1"));
  CHECK_THROWS_WITH(take({{5, 1}, {}, 42}), ContainsSubstring("example 42 has an empty target"));
}

TEST_CASE("micro-batches add up to the gradient of the whole batch", "[train]") {
  auto const examples = nano_examples(0, 12);
  in_memory<fp64> one, several;
  auto const whole = one.gradient(in_batches(examples, 12));
  CHECK(gradient_error(several.gradient(in_batches(examples, 5)), whole) < 1e-12);
  CHECK(several.loss == Approx(one.loss).epsilon(1e-12));
  CHECK(gradient_error(several.gradient(in_batches(examples, 1)), whole) < 1e-12);
}

TEST_CASE("dropout depends on the example, not on padding or micro-batches", "[train]") {
  auto const examples = nano_examples(0, 12);
  step_settings s;
  s.dropout = 0.3;
  in_memory<fp64> one(s), several(s), other(s);
  auto const whole = one.gradient(in_batches(examples, 12));
  CHECK(gradient_error(several.gradient(in_batches(examples, 1)), whole) < 1e-12);
  CHECK(gradient_error(several.gradient(in_batches(examples, 5)), whole) < 1e-12);
  SECTION("and on the step and the seed") {
    other.train.set_steps_made(1);
    CHECK(gradient_error(other.gradient(in_batches(examples, 12)), whole) > 0.01);
    s.seed = 1;
    in_memory<fp64> reseeded(s);
    CHECK(gradient_error(reseeded.gradient(in_batches(examples, 12)), whole) > 0.01);
  }
  SECTION("and it does something") {
    CHECK(gradient_error(in_memory<fp64>().gradient(in_batches(examples, 12)), whole) > 0.01);
  }
}

TEMPLATE_TEST_CASE("recomputing gives the same bits", "[train]", fp32, bf16_mixed) {
  step_settings s;
  s.dropout = 0.1;
  in_memory<TestType> kept(s);
  s.recompute = true;
  in_memory<TestType> again(s);
  auto const batches = in_batches(nano_examples(0, 9), 4);
  CHECK(kept.gradient(batches) == again.gradient(batches));
}

TEMPLATE_TEST_CASE("a model learns", "[train]", fp32, bf16_mixed) {
  step_settings s;
  s.dropout = 0.05, s.clip = 1, s.steps = 150;
  s.schedule = linear_decay{.warmup = 10};
  in_memory<TestType> r(s, {.rate = 5e-3});
  auto const held_out = in_batches(nano_examples(100'000, 32), 8);
  double const before = r.train.evaluate(held_out);
  for (std::uint64_t i = 0; i < 150; ++i) r.train.step(in_batches(nano_examples(16 * i, 16), 8));
  CHECK(r.train.evaluate(held_out) < before - 1.5);
}

TEST_CASE("bf16 weights are their masters, rounded", "[train]") {
  in_memory<bf16_mixed> r;
  r.train.step(in_batches(nano_examples(0, 8), 8));
  auto const masters = all_values(r.be, r.train.masters());
  std::vector<double> rounded;
  for_each_parameter(
      [&](std::string const&, auto& m, auto& w) {
        using W = typename std::remove_cvref_t<decltype(w)>::value_type;
        for (double const x : to_host(r.be, m.view()))
          rounded.push_back(static_cast<double>(widen(W(static_cast<float>(x)))));
      },
      r.train.masters(), r.model);
  CHECK(all_values(r.be, r.model) == rounded);
  CHECK(masters != rounded);
}

TEST_CASE("training needs nothing but upload, download and ops", "[train]") {
  step_settings s;
  s.dropout = 0.1, s.clip = 0.5, s.recompute = true;
  in_memory<bf16_mixed> near(s);
  in_memory<bf16_mixed, unreadable_backend<reference_backend>> far(s);
  for (std::uint64_t i = 0; i < 3; ++i) {
    auto const batches = in_batches(nano_examples(8 * i, 8), 3);
    auto const a = near.train.step(batches), b = far.train.step(batches);
    CHECK(a.loss == b.loss);
    CHECK(a.gradient_norm == b.gradient_norm);
  }
  CHECK(all_values(near.be, near.model) == all_values(far.be, far.model));
}

TEST_CASE("clipping bounds the step's gradient, not its direction", "[train]") {
  step_settings s;
  s.clip = 0.01;
  in_memory<fp64, reference_backend, plain_descent> r(s, {});
  auto const batches = in_batches(nano_examples(0, 8), 8);
  auto const before = all_values(r.be, r.model);
  auto const report = r.train.step(batches);
  REQUIRE(report.gradient_norm > 0.01);
  auto const after = all_values(r.be, r.model);
  double moved = 0;
  for (std::size_t i = 0; i < after.size(); ++i) moved += (after[i] - before[i]) * (after[i] - before[i]);
  CHECK(std::sqrt(moved) == Approx(0.01).epsilon(1e-9));
}

TEST_CASE("decay leaves the gains of norms alone", "[train]") {
  in_memory<fp64> r({}, {.rate = 0.1, .weight_decay = 1});
  double gains = 0, matrices = 0;
  // With no gradient at all, only decay moves a parameter: AdamW's step on a zero gradient is zero.
  for_each_parameter([&](std::string const&, auto& g) { r.be.fill(g.values(), 0.0); }, r.train.gradient());
  auto const examples = nano_examples(0, 4);
  auto const before = all_values(r.be, r.model);
  r.train.step(in_batches(examples, 4));
  std::size_t i = 0;
  for_each_parameter(
      [&](std::string const& name, auto& w) {
        for (double const x : to_host(r.be, w.view())) {
          double const moved = std::abs(x - before[i++]);
          double& largest = name.ends_with("layer_norm.weight") ? gains : matrices;
          if (moved > largest) largest = moved;
        }
      },
      r.model);
  CHECK(gains <= 0.1 * 1.0001);    // the step alone: |update| is at most the rate
  CHECK(matrices > 0.1 * 1.0001);  // and 10 % of each weight
}

TEST_CASE("a step that diverges changes nothing and says so", "[train]") {
  in_memory<fp32> r;
  for_each_parameter(
      [&](std::string const& name, auto& w) {
        if (name == "decoder.final_layer_norm.weight") r.be.fill(w.values(), 1e38);
      },
      r.model);
  auto const before = all_values(r.be, r.model);
  CHECK_THROWS_WITH(r.train.step(in_batches(nano_examples(0, 8), 8)), ContainsSubstring("training has diverged"));
  CHECK(all_values(r.be, r.model) == before);
  CHECK(r.train.steps_made() == 0);
  CHECK_THROWS_WITH(r.train.step({}), ContainsSubstring("no target token"));
}

TEST_CASE("steady steps allocate nothing", "[train]") {
  struct counting : reference_backend {
    int* count = nullptr;
    memory allocate(std::size_t bytes) {
      if (count) ++*count;
      return reference_backend::allocate(bytes);
    }
  };
  int count = 0;
  counting be;
  be.count = &count;
  t5<nano, bf16_mixed> model;
  initialize(be, model, 1);
  step_settings s;
  s.dropout = 0.1, s.clip = 1;
  trainer<t5<nano, bf16_mixed>, counting, adafactor> t(model, be, {}, s);
  auto const batches = in_batches(nano_examples(0, 12), 4);
  t.step(batches);
  int const after_first = count;
  REQUIRE(after_first > 0);
  t.step(batches);
  t.step(batches);
  CHECK(count == after_first);
}

TEST_CASE("the whole model's gradient is the derivative, by complex step", "[train]") {
  using oracle = t5<nano, complex_precision>;
  auto const examples = nano_examples(0, 5);
  step_settings s;
  s.dropout = 0.2, s.z_loss = 0.01, s.label_smoothing = 0.1, s.recompute = GENERATE(false, true);
  in_memory<fp64> r(s);
  auto const batches = in_batches(examples, 5);
  r.gradient(batches);

  oracle model;
  allocate_parameters(r.be, model);
  std::vector<parameter_gradient> pairs;
  for_each_parameter(
      [&](std::string const&, auto& z, auto& w, auto& g) {
        r.be.copy(z.values(), in(w.values()));
        pairs.push_back({z.values(), in(g.values())});
      },
      model, r.model, r.train.gradient());
  batch_upload upload;
  auto const device = upload(r.be, batches[0], nano);
  step_options o;
  o.loss.z_loss = s.z_loss, o.loss.label_smoothing = s.label_smoothing;
  o.dropout = {s.dropout, key_of(s.seed, 0)};
  auto const mean_loss = [&] {
    tensor<complex> losses(r.be, 1, device.targets.count());
    model.loss(r.be, flat(losses.view), device, o);
    complex sum = 0;
    for (auto const x : to_host(r.be, losses.view)) sum += x;
    return sum / static_cast<double>(batches[0].target_tokens);
  };
  CHECK(mean_loss().real() == Approx(r.loss).epsilon(1e-12));
  for (std::uint64_t key = 0; key < 5; ++key) CHECK(along_random_direction(mean_loss, pairs, key).error() < 1e-10);
  // Element by element where a random direction could hide a small parameter.
  for (std::size_t const i : {std::size_t{1}, std::size_t{5}, pairs.size() - 2})
    CHECK(gradient_error(mean_loss, pairs[i].parameter, pairs[i].gradient) < 1e-10);
}
