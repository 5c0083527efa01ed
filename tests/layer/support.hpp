#pragma once
/// Layers against their own derivatives: a layer's forward runs in complex numbers on the reference backend, its
/// backward in double on any backend.

#include <string>
#include <vector>

#include "flan/layer/parameters.hpp"
#include "flan/layer/rows.hpp"
#include "flan/model/t5_config.hpp"
#include "flan/reference/backend.hpp"
#include "flan/testing/golden.hpp"
#include "flan/testing/gradient.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "support/catch.hpp"

namespace flan::testing {

// No two extents alike, heads · d_kv ≠ d_model: whatever mixes two of them up fails.
inline constexpr t5_config tiny{.vocabulary = 11,
                                .d_model = 6,
                                .d_kv = 5,
                                .d_ff = 7,
                                .layers = 2,
                                .decoder_layers = 3,
                                .heads = 2,
                                .buckets = 8,
                                .max_distance = 4,
                                .epsilon = 1e-3,
                                .activation = activation::gelu_new,
                                .gated = flag::yes,
                                .tied = flag::no,
                                .scaled = flag::no,
                                .per_block_bias = flag::no};
inline constexpr t5_config tiny_ungated = [] {
  auto c = tiny;
  c.activation = activation::silu, c.gated = flag::no;
  return c;
}();

/// Standard normal numbers times `size`: the same for every backend, and for every number format up to its rounding.
template <class T, class B>
tensor<T> random_tensor(B& be, std::uint64_t key, extent rows, extent columns, double size = 1) {
  std::vector<T> values;
  for (extent i = 0; i < rows * columns; ++i)
    values.push_back(narrow<T>(static_cast<wide_t<T>>(size * normal(key, static_cast<std::uint64_t>(i)))));
  return to_backend(be, values.data(), rows, columns);
}

/// Gives every parameter memory and random values, of which the name decides.
template <class B, class L>
void randomize(B& be, L& layer, double size = 0.7) {
  for_each_parameter(
      [&](std::string const& name, auto& w) {
        using W = typename std::remove_cvref_t<decltype(w)>::value_type;
        auto const values = to_host(be, random_tensor<W>(be, fnv1a64(name), w.rows, w.columns, size).view);
        w = be.template allocate_weight<W>(w.rows, w.columns);
        be.upload(w.values().data, values.data(), values.size() * sizeof(W));
      },
      layer);
}

struct size_of_input {
  extent rows, columns;
};

/// Two batches of 4 tokens, the second with one of padding, and their dropout keys, in backend memory; and the same for
/// 2 × 5 tokens of a source to attend to.
struct two_rows {
  tensor<std::int32_t> lengths, source_lengths;
  tensor<std::uint32_t> keys, source_keys;
  token_rows tokens, source;

  template <class B>
  explicit two_rows(B& be) {
    std::int32_t const n[] = {4, 3}, m[] = {5, 2};
    std::uint32_t k[10];
    for (std::uint32_t i = 0; i < 10; ++i) k[i] = mix32(i + 1);
    lengths = to_backend(be, n, 1, 2), source_lengths = to_backend(be, m, 1, 2);
    keys = to_backend(be, k, 1, 8), source_keys = to_backend(be, k, 1, 10);
    tokens = {2, 4, in(flat(lengths.view)), {}, in(flat(keys.view))};
    source = {2, 5, in(flat(source_lengths.view)), {}, in(flat(source_keys.view))};
  }
};

/// What a backward pass is given, the inputs among it, and where it leaves its gradients. dx begin as zeros.
template <class L, class T = double>
struct backward_part {
  matrix<T> dy{};
  std::vector<matrix<T>> x{}, dx{};
  L d;
};

/// The gradients of one run on backend B, on the host: of each input, then of each parameter.
template <class B, class Make, class Run>
std::vector<std::vector<double>> gradients_on(Make make, Run run, std::vector<size_of_input> const& inputs,
                                              size_of_input output) {
  B be;
  frame f(be), kept(be, be.kept());
  two_rows const rows(be);
  auto const l = [&] {
    auto made = make(fp64());
    randomize(be, made);
    return made;
  }();
  backward_part<decltype(make(fp64()))> back{{}, {}, {}, make(fp64())};
  allocate_parameters(be, back.d);
  std::vector<tensor<double>> x, dx;
  std::vector<matrix<double>> views;
  for (auto const& s : inputs) {
    x.push_back(random_tensor<double>(be, x.size() + 1, s.rows, s.columns));
    dx.push_back(tensor<double>(be, s.rows, s.columns));
    be.fill(dx.back().view, 0.0);
    views.push_back(x.back().view), back.dx.push_back(dx.back().view);
  }
  tensor<double> const y(be, output.rows, output.columns);
  be.fill(y.view, 0.0);
  auto const dy = random_tensor<double>(be, 99, output.rows, output.columns);
  back.dy = dy.view, back.x = views;
  run(be, l, views, y.view, rows, &back);
  std::vector<std::vector<double>> found;
  for (auto const& t : dx) found.push_back(to_host(be, t.view));
  for_each_parameter([&](std::string const&, auto& g) { found.push_back(to_host(be, g.view())); }, back.d);
  return found;
}

/// make(P()): the layer in precision P, without memory. run(be, layer, inputs, y, rows, back): forward into y (zero
/// before), and with `back` (a backward_part) backward too. Every input's and parameter's gradient is held to the
/// complex step of Σ dy·y; and a backend that the host cannot read must give the same bits.
template <class Make, class Run>
void check_gradients(Make make, Run run, std::vector<size_of_input> const& inputs, size_of_input output) {
  auto const found = gradients_on<reference_backend>(make, run, inputs, output);
  CHECK(gradients_on<unreadable_backend<reference_backend>>(make, run, inputs, output) == found);

  reference_backend be;
  two_rows const rows(be);
  auto l = make(complex_precision());
  randomize(be, l);
  std::vector<tensor<complex>> x;
  std::vector<matrix<complex>> views;
  for (auto const& s : inputs) {
    x.push_back(random_tensor<complex>(be, x.size() + 1, s.rows, s.columns));
    views.push_back(x.back().view);
  }
  tensor<complex> const y(be, output.rows, output.columns);
  auto const dy = to_host(be, random_tensor<double>(be, 99, output.rows, output.columns).view);
  backward_part<decltype(l), complex>* const none = nullptr;
  auto const loss = [&] {
    be.fill(y.view, 0.0);
    run(be, std::as_const(l), views, y.view, rows, none);
    complex sum = 0;
    for (std::size_t i = 0; i < dy.size(); ++i) sum += dy[i] * y.view.data[i];
    return sum;
  };
  std::size_t i = 0;
  auto const check = [&](std::string const& name, matrix<complex> at) {
    INFO(name);
    auto const expected = complex_step(loss, at);
    double size = 0;
    for (double const d : expected) size += std::abs(d);
    CHECK(size > 0);  // a gradient of zeros would prove nothing
    CHECK(gradient_error(found[i++], expected) < 1e-10);
  };
  for (auto const& v : views) check("input " + std::to_string(i), v);
  for_each_parameter([&](std::string const& name, auto& w) { check(name, w.values()); }, l);
  CHECK(i == found.size());
}

}  // namespace flan::testing
