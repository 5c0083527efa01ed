// Short benchmarks: the limits of the device, and how near the parts come to them.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include "cuda/selftest/selftest.hpp"
#include "flan/generate/text_model.hpp"
#include "flan/model/initialize.hpp"
#include "flan/model/presets.hpp"
#include "flan/train/adafactor.hpp"
#include "flan/train/step.hpp"

namespace flan::selftest {
namespace {

/// The median time of one call in seconds, by the host's clock around calls that the device has finished.
template <class F>
double seconds_of(cuda_backend& be, F const& call, int repeats = 10) {
  call();  // kernels are loaded, memory is taken, the library has chosen
  be.synchronize();
  std::vector<double> times;
  for (int round = 0; round < (quick ? 1 : 5); ++round) {
    auto const start = std::chrono::steady_clock::now();
    for (int i = 0; i < repeats; ++i) call();
    be.synchronize();
    times.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / repeats);
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

class figures {
  std::vector<figure> all_;

 public:
  void add(std::string name, double value, std::string unit) {
    std::printf("%-64s %12.4g %s\n", name.c_str(), value, unit.c_str());
    std::fflush(stdout);
    all_.push_back({std::move(name), value, std::move(unit)});
  }
  std::vector<figure> take() { return std::move(all_); }
};

template <class T>
tensor<T> random_tensor(cuda_backend& be, extent rows, extent columns, double width = 1) {
  std::vector<T> values(static_cast<std::size_t>(rows * columns));
  // A short period: these are to be multiplied, not to be looked at.
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = i < 65521 ? narrow<T>(static_cast<float>(width * normal(1, i))) : values[i - 65521];
  return to_backend(be, values.data(), rows, columns);
}
template <class T>
weight<T> weight_of(tensor<T> const& t) {
  weight<T> w;
  w.owner = t.owner, w.data = t.view.data, w.rows = t.view.rows, w.columns = t.view.columns;
  return w;
}

void bandwidth(cuda_backend& be, figures& f) {
  extent const count = quick ? 1 << 10 : 1 << 28;
  tensor<float> x(be, count / 256, 256), y(be, count / 256, 256);
  be.fill(x.view, 1);
  auto const bytes = static_cast<double>(count) * sizeof(float);
  double const copied = seconds_of(be, [&] {
    detail::check_cuda(cudaMemcpyAsync(y.view.data, x.view.data, static_cast<std::size_t>(bytes),
                                       cudaMemcpyDeviceToDevice, be.stream()),
                       "cudaMemcpyAsync");
  });
  f.add("memory: copied by CUDA, read and written", 2 * bytes / copied / 1e9, "GB/s");
  f.add("memory: copied by flan's kernel", 2 * bytes / seconds_of(be, [&] { be.copy(y.view, in(x.view)); }) / 1e9,
        "GB/s");
}

template <class T>
void products(cuda_backend& be, figures& f, char const* name) {
  extent const large = quick ? 32 : 8192;
  for (extent const rows : {large, extent{512}, extent{8}, extent{1}}) {
    if (quick && rows > large) continue;
    extent const k = rows == large ? large : large / 2, n = k;
    auto const x = random_tensor<T>(be, rows, k);
    auto const w = weight_of(random_tensor<T>(be, n, k));
    tensor<T> y(be, rows, n);
    double const s = seconds_of(be, [&] { be.matmul(y.view, in(x.view), w, matmul_options{}); });
    auto const size = sentence("product ", name, ' ', rows, " x ", k, " by ", n);
    f.add(size, 2.0 * static_cast<double>(rows * k * n) / s / 1e12, "TFLOP/s");
    if (rows <= 8) f.add(size + ", weights read", static_cast<double>(k * n) * sizeof(T) / s / 1e9, "GB/s");
  }
}

void quantised_products(cuda_backend& be, figures& f) {
  extent const n = quick ? 32 : 4096;
  auto w = be.allocate_weight<q8>(n, n);
  be.quantize(w, 0, in(random_tensor<float>(be, n, n).view));
  for (extent const rows : {1, 8}) {
    auto const x = random_tensor<float>(be, rows, n);
    tensor<float> y(be, rows, n);
    double const s = seconds_of(be, [&] { be.matmul(y.view, in(x.view), w, matmul_options{}); });
    f.add(sentence("product q8 ", rows, " x ", n, " by ", n, ", weights read"), static_cast<double>(n * n) / s / 1e9,
          "GB/s");
  }
}

void attention(cuda_backend& be, figures& f) {
  using X = bf16;
  extent const batch = quick ? 1 : 4, heads = quick ? 2 : 16, length = quick ? 32 : 2048, width = 64, reach = 128;
  extent const rows = batch * length, columns = heads * width;
  auto const make = [&] { return random_tensor<X>(be, rows, columns, 0.3); };
  auto const q = make(), k = make(), v = make(), dy = make();
  tensor<X> y(be, rows, columns), dq(be, rows, columns), dk(be, rows, columns), dv(be, rows, columns);
  tensor<float> lse(be, 1, batch * heads * length), dbias(be, heads, 2 * reach + 1);
  auto const bias = random_tensor<float>(be, heads, 2 * reach + 1);
  be.fill(dbias.view, 0);
  auto const view = [&](tensor<X> const& t) { return split_heads(t.view, batch, heads); };
  double const flops = 4.0 * static_cast<double>(batch * heads * length * length * width);
  for (bool const biased : {true, false}) {
    attention_options<float> o;
    if (biased) o.bias = in(bias.view);
    auto const name = sentence("attention bf16, ", length, " tokens, head 64, ", biased ? "with" : "without", " bias");
    auto const forward = [&] { be.attention(view(y), flat(lse.view), in(view(q)), in(view(k)), in(view(v)), o); };
    f.add(name + ", forward", flops / seconds_of(be, forward) / 1e12, "TFLOP/s");
    auto const backward = [&] {
      be.attention_backward(view(dq), view(dk), view(dv), biased ? out(dbias.view) : matrix<float>{}, in(view(dy)),
                            in(view(y)), in(flat(lse.view)), in(view(q)), in(view(k)), in(view(v)), o);
    };
    f.add(name + ", backward", 2.5 * flops / seconds_of(be, backward) / 1e12, "TFLOP/s");
  }
}

std::vector<token> some_ids(std::size_t count, std::size_t row) {
  std::vector<token> ids(count, 1);
  for (std::size_t i = 0; i + 1 < count; ++i) ids[i] = static_cast<token>(5 + (7919 * i + 104729 * row) % 250);
  return ids;
}

t5_config shrunk(t5_config c) {
  if (quick) c.vocabulary = 384, c.d_model = 64, c.d_ff = 64, c.layers = c.decoder_layers = 1, c.heads = 1;
  return c;
}

template <class P>
std::unique_ptr<text_model<any_t5, P, cuda_backend>> random_model(cuda_backend& be, t5_config const& c) {
  t5<any_t5, P> network(c);
  initialize(be, network, 1);
  auto m = std::make_unique<text_model<any_t5, P, cuda_backend>>(std::move(network), be, std::nullopt,
                                                                 generation_defaults_of(c));
  m->pack();
  return m;
}

template <class P>
void decoding(text_model<any_t5, P, cuda_backend> const& m, cuda_backend& be, figures& f, std::string const& name) {
  extent const tokens = quick ? 3 : 128;
  for (std::size_t const rows : {std::size_t{1}, std::size_t{8}})
    for (extent const beams : {1, 4}) {
      if (rows > 1 && beams > 1) continue;
      std::vector<std::vector<token>> inputs;
      for (std::size_t r = 0; r < rows; ++r) inputs.push_back(some_ids(quick ? 5 : 64, r));
      generate_options o;
      o.max_tokens = tokens, o.beams = beams, o.end_ids = std::vector<token>{};
      double const s = seconds_of(
          be, [&] { m.generate_ids(inputs, o); }, 1);
      f.add(sentence("decoding ", name, ", b = ", rows, beams > 1 ? ", beam 4" : ", greedy"),
            static_cast<double>(tokens) * static_cast<double>(rows) / s, "tokens/s");
    }
}

void training(text_model<any_t5, bf16_mixed, cuda_backend>& m, cuda_backend& be, figures& f, std::string const& name) {
  trainer<t5<any_t5, bf16_mixed>, cuda_backend, adafactor> t(m.network(), be, {}, {});
  std::vector<tokenized_example> examples(quick ? 1 : 16);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    examples[i].input = some_ids(quick ? 6 : 512, i), examples[i].target = some_ids(quick ? 4 : 128, i);
    examples[i].key = i;
  }
  std::vector<batch> const batches{
      make_batch(examples, static_cast<token>(m.config().pad_id), static_cast<token>(m.config().start_id))};
  double const s = seconds_of(
      be, [&] { t.step(batches); }, 1);
  f.add(sentence("training ", name, ", bf16, adafactor, ", examples.size(), " x (512 + 128), a step"), s * 1e3, "ms");
  f.add(sentence("training ", name), static_cast<double>(real_tokens(batches[0])) / s, "tokens/s");
}

}  // namespace

std::vector<figure> run_benchmarks(cuda_backend& be) {
  figures f;
  bandwidth(be, f);
  products<bf16>(be, f, "bf16");
  products<float>(be, f, "f32");
  quantised_products(be, f);
  attention(be, f);
  {
    auto const small = random_model<fp32>(be, shrunk(flan_t5_small));
    decoding(*small, be, f, "small in float");
  }
  for (auto const& [name, config] :
       {std::pair<char const*, t5_config>{"small", flan_t5_small}, {"base", flan_t5_base}}) {
    auto const m = random_model<bf16_mixed>(be, shrunk(config));
    decoding(*m, be, f, sentence(name, " in bf16"));
    training(*m, be, f, name);
  }
  return f.take();
}

}  // namespace flan::selftest
