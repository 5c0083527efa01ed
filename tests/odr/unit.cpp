// Everything that computes, through the default path: weights, a training step with dropout, an optimizer's update,
// logits. Compiled once per translation unit, with NAME the function's name: what the library defines is the same in
// each.
#include "everything.hpp"  // written by run.cmake: every header but Eigen's

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace {

/// A line per stage: its name and an FNV-1a hash of the bits computed, so that a difference says where it began.
struct report {
  std::string text;
  template <class T>
  void add(char const* stage, std::vector<T> const& values) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (T const& v : values) {
      unsigned char bytes[sizeof(T)];
      std::memcpy(bytes, &v, sizeof(T));
      for (unsigned char b : bytes) hash = (hash ^ b) * 0x100000001b3u;
    }
    text += stage + (": " + std::to_string(hash)) + '\n';
  }
};

/// Odd extents: every kernel has a tail to do.
flan::t5_config small_config() {
  flan::t5_config c = flan::flan_t5_small;
  c.d_model = 72;
  c.d_kv = 12;
  c.heads = 5;
  c.d_ff = 150;
  c.layers = 2;
  c.decoder_layers = 3;
  c.vocabulary = 301;
  return c;
}

template <class P>
void train_and_infer(report& r) {
  flan::cpu_backend be;
  flan::t5<flan::any_t5, P> model(small_config());
  flan::initialize(be, model, 1);
  flan::for_each_parameter(
      [&](std::string const& name, auto& w) { r.add(("weight " + name).c_str(), flan::to_host(be, w.values())); },
      model);
  flan::t5<flan::any_t5, flan::gradient_precision<P>> gradient(model.config());
  flan::allocate_parameters(be, gradient);

  flan::extent const batch = 3, inputs = 37, targets = 19;
  auto const numbers = [&](flan::extent rows, flan::extent columns, auto make) {
    std::vector<decltype(make(std::uint64_t{}))> v;
    for (flan::extent i = 0; i < rows * columns; ++i) v.push_back(make(static_cast<std::uint64_t>(i)));
    return flan::to_backend(be, v.data(), rows, columns);
  };
  auto const token = [](std::uint64_t i) { return static_cast<std::int32_t>(flan::uniform_below(7, i, 300)); };
  auto const key = [](std::uint64_t i) { return flan::mix32(static_cast<std::uint32_t>(i)); };
  auto const input_ids = numbers(batch, inputs, token), decoder_ids = numbers(batch, targets, token);
  auto const labels = numbers(batch, targets, [](std::uint64_t i) {
    return i % 5 == 0 ? -100 : static_cast<std::int32_t>(flan::uniform_below(9, i, 300));
  });
  auto const lengths = numbers(1, batch, [](std::uint64_t i) { return static_cast<std::int32_t>(37 - 11 * i); });
  auto const input_keys = numbers(batch, inputs, key), target_keys = numbers(batch, targets, key);
  flan::t5_batch const b{flan::in(flan::flat(input_ids.view)),
                         {batch, inputs, flan::in(flan::flat(lengths.view)), {}, flan::in(flan::flat(input_keys.view))},
                         flan::in(flan::flat(decoder_ids.view)),
                         {batch, targets, {}, {}, flan::in(flan::flat(target_keys.view))},
                         flan::in(flan::flat(labels.view))};

  flan::step_options step;
  step.loss.z_loss = 1e-4;
  step.loss.label_smoothing = 0.1;
  step.dropout = {0.1, flan::key_of(3, 4)};
  flan::tensor<typename P::wide> loss(be, 1, batch * targets);
  model.loss(be, flan::flat(loss.view), b, step, &gradient);
  r.add("losses", flan::to_host(be, loss.view));
  flan::for_each_parameter(
      [&](std::string const& name, auto& g) { r.add(("gradient of " + name).c_str(), flan::to_host(be, g.values())); },
      gradient);

  using X = typename P::activation;
  flan::tensor<X> x(be, batch * inputs, 72), y(be, batch * targets, 72);
  flan::tensor<typename P::wide> z(be, batch * targets, 301);
  for (bool packed : {false, true}) {
    if (packed) flan::pack_parameters(be, model);
    model.encode(be, x.view, b.input_ids, b.inputs);
    flan::stack_call<P> call;
    call.rows = b.targets;
    call.states = x.view;
    call.state_rows = b.inputs;
    model.decode(be, y.view, b.decoder_ids, call);
    model.logits(be, z.view, y.view);
    r.add(packed ? "states, packed" : "states", flan::to_host(be, x.view));
    r.add(packed ? "logits, packed" : "logits", flan::to_host(be, z.view));
  }
}

/// Weights in bytes: quantised, read back by rows, multiplied, on every instruction set of the machine.
void infer_quantised(report& r) {
  flan::extent const rows = 9, outputs = 75, terms = 203;
  std::vector<float> values, inputs;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(outputs * terms); ++i)
    values.push_back(static_cast<float>(flan::normal(1, i)));
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(rows * terms); ++i)
    inputs.push_back(static_cast<float>(flan::normal(2, i)));
  for (auto const isa : flan::instruction_sets) {
    if (!flan::available(isa)) continue;
    flan::cpu_backend be{{.isa = isa}};
    auto const from = flan::to_backend(be, values.data(), outputs, terms);
    auto const x = flan::to_backend(be, inputs.data(), rows, terms);
    auto const w = be.allocate_weight<flan::q8>(outputs, terms);
    be.quantize(w, 0, flan::in(from.view));
    be.unpack(from.view, w);
    r.add("a quantised weight", flan::to_host(be, from.view));
    flan::tensor<float> y(be, rows, outputs);
    be.matmul(y.view, flan::in(x.view), w, {.scale = 0.3});
    r.add("its product", flan::to_host(be, y.view));
  }
}

template <class B>
void update(report& r, B be) {
  flan::extent const rows = 33, columns = 70;
  std::vector<float> w, g, zero(static_cast<std::size_t>(rows * columns));
  for (std::uint64_t i = 0; i < zero.size(); ++i) {
    w.push_back(static_cast<float>(flan::normal(1, i)));
    g.push_back(static_cast<float>(flan::normal(2, i)));
  }
  auto const weight = flan::to_backend(be, w.data(), rows, columns),
             gradient = flan::to_backend(be, g.data(), rows, columns);
  auto const row = flan::to_backend(be, zero.data(), 1, rows), column = flan::to_backend(be, zero.data(), 1, columns);
  auto const m = flan::to_backend(be, zero.data(), rows, columns), v = flan::to_backend(be, zero.data(), rows, columns);
  double const none = 0;
  auto const squares = flan::to_backend(be, &none, 1, 1);
  be.sum_of_squares(flan::flat(squares.view), flan::in(gradient.view));
  be.adafactor_update(weight.view, flan::in(gradient.view), flan::flat(row.view), flan::flat(column.view),
                      flan::matrix<float>{}, flan::adafactor_options{.beta2 = 0.5});
  be.adamw_update(weight.view, flan::in(gradient.view), m.view, v.view, flan::adamw_options{.weight_decay = 0.01});
  r.add("sum of squares", flan::to_host(be, squares.view));
  r.add("weight after two updates", flan::to_host(be, weight.view));
}

}  // namespace

std::string NAME();
std::string NAME() {
  report r;
  train_and_infer<flan::fp32>(r);
  train_and_infer<flan::bf16_mixed>(r);
  infer_quantised(r);
  update(r, flan::cpu_backend{});
  return r.text;
}
