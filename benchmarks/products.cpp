// Products of the T5 shapes on every instruction set of the machine, in GFLOP/s and as a share of two ceilings, which
// stand beside the shares and are measured right after each product: multiply-adds from registers (dot products of bf16
// where there are such, products of bytes for q8), and reading memory from end to end. Look at the rates of the rows
// "best": on a machine that does other work too, the best of nine is what the kernels can do. With one thread they are
// per second of processor time, with more per second of the clock.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "bandwidth.hpp"
#include "flan/cpu/backend.hpp"
#include "peak.hpp"

namespace {

using namespace flan;

/// What a product is measured against.
struct ceilings {
  instruction_set isa;
  int workers;

  /// Of multiply-adds as products of a W do them.
  template <class W>
  double flops() const {
    if constexpr (quantized<W>) return peak::byte_multiply_adds(isa, workers);
    return std::is_same_v<W, bf16> ? peak::bf16_multiply_adds(isa, workers) : peak::multiply_adds(isa, workers);
  }
  double bytes() const { return bandwidth::read_rate(bandwidth::level::memory, workers, 3); }
};

/// What products of a W take.
template <class W>
using activation_of = std::conditional_t<quantized<W>, float, W>;

template <class T>
tensor<T> random_tensor(cpu_backend& be, extent rows, extent columns, std::uint64_t key) {
  tensor<T> t(be, rows, columns);
  for (extent i = 0; i < rows * columns; ++i)
    t.view.data[i] = T(static_cast<float>(uniform(key, static_cast<std::uint64_t>(i)) - 0.5));
  return t;
}

template <class W>
weight<W> random_weight(cpu_backend& be, extent rows, extent columns, std::uint64_t key) {
  auto w = be.allocate_weight<W>(rows, columns);
  if constexpr (quantized<W>) {
    be.quantize(w, 0, in(random_tensor<float>(be, rows, columns, key).view));
    return w;
  } else {
    for (extent i = 0; i < rows * columns; ++i)
      w.data[i] = W(static_cast<float>(uniform(key, static_cast<std::uint64_t>(i)) - 0.5));
    return w;
  }
}

template <class W>
void report(benchmark::State& state, ceilings c, double flops, double bytes) {
  auto const n = static_cast<double>(state.iterations());
  double const most_flops = c.flops<W>(), most_bytes = c.bytes();
  // Always all of them: the CSV reporter wants the same counters in every row.
  state.counters["GFLOP/s"] = benchmark::Counter(flops * n / 1e9, benchmark::Counter::kIsRate);
  state.counters["peak"] = benchmark::Counter(most_flops / 1e9);
  state.counters["of peak %"] = benchmark::Counter(100 * flops * n / most_flops, benchmark::Counter::kIsRate);
  state.counters["read GB/s"] = benchmark::Counter(most_bytes / 1e9);
  state.counters["of read rate %"] = benchmark::Counter(100 * bytes * n / most_bytes, benchmark::Counter::kIsRate);
}

/// A T5's widths, and as many decoder layers as no cache holds.
struct geometry {
  char const* name;
  extent d, inner, ff, layers;
};
constexpr geometry geometries[] = {{"small", 512, 384, 1024, 8},
                                   {"base", 768, 768, 2048, 12},
                                   {"large", 1024, 1024, 2816, 8},
                                   {"xl", 2048, 2048, 5120, 3}};

enum class direction { forward, input_gradient, weight_gradient };

template <class T>
void large(benchmark::State& state, instruction_set isa, int workers, ceilings c, extent m, extent n, extent k,
           bool packed, direction d) {
  set_threads(workers);
  cpu_backend be{{.isa = isa}};
  auto w = random_weight<T>(be, n, k, 1);
  auto x = random_tensor<activation_of<T>>(be, m, k, 2), dx = x;
  auto y = random_tensor<float>(be, m, n, 3), dw = random_tensor<float>(be, n, k, 4);
  auto const dy = random_tensor<activation_of<T>>(be, m, n, 5);
  if (packed) be.pack(w);
  for (auto _ : state) {
    if (d == direction::forward) be.matmul(y.view, in(x.view), w, matmul_options{});
    if (d == direction::input_gradient) be.matmul(dx.view, in(dy.view), w, {.transpose = true});
    if (d == direction::weight_gradient) be.weight_gradient(dw.view, in(dy.view), in(x.view), 1.0);
    benchmark::ClobberMemory();
  }
  report<T>(state, c, 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k),
            static_cast<double>(n * k) * sizeof(T));
}

/// All weights of a decoder step, one after the other, so that they come from memory as they do in use.
template <class T>
void decode(benchmark::State& state, instruction_set isa, int workers, ceilings c, extent m, geometry const& g) {
  auto const [name, d, inner, ff, layers] = g;
  set_threads(workers);
  cpu_backend be{{.isa = isa}};
  std::vector<weight<T>> weights;
  double elements = 0;
  for (extent l = 0; l < layers; ++l) {
    struct shape {
      extent n, k;
    };
    for (shape s :
         {shape{inner, d}, {inner, d}, {inner, d}, {d, inner}, {inner, d}, {d, inner}, {ff, d}, {ff, d}, {d, ff}}) {
      weights.push_back(random_weight<T>(be, s.n, s.k, 1));
      be.pack(weights.back());
      elements += static_cast<double>(s.n * s.k);
    }
  }
  auto x = random_tensor<activation_of<T>>(be, m, std::max(ff, inner), 2);
  tensor<float> y(be, m, std::max(ff, inner));
  for (auto _ : state) {
    for (auto const& w : weights)
      be.matmul(y.view.column_range(0, w.rows), in(x.view.column_range(0, w.columns)), w, matmul_options{});
    benchmark::ClobberMemory();
  }
  report<T>(state, c, 2 * elements * static_cast<double>(m), elements * sizeof(T));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  int const most = threads();
  for (instruction_set isa : instruction_sets) {
    if (!available(isa)) continue;
    for (int workers = 1; workers <= most; workers = workers < most && 2 * workers > most ? most : 2 * workers) {
      ceilings const c{isa, workers};
      auto const name = [&](std::string const& what) {
        return std::string(name_of(isa)) + "/" + std::to_string(workers) + "/" + what;
      };
      auto const add = [&](std::string const& what, auto f) {
        auto* const registered = benchmark::RegisterBenchmark(name(what).c_str(), f);
        registered->Unit(benchmark::kMicrosecond)->MinTime(0.02)->Repetitions(9)->ReportAggregatesOnly();
        registered->ComputeStatistics("best", [](auto const& v) { return *std::max_element(v.begin(), v.end()); });
        if (workers > 1) registered->UseRealTime();
      };
      for (geometry const& g : geometries)
        for (extent m : {64, 512, 4096}) {
          struct shape {
            char const* what;
            extent n, k;
          };
          for (shape s : {shape{" q", g.inner, g.d}, {" wi", g.ff, g.d}, {" wo", g.d, g.ff}, {" head", 32128, g.d}}) {
            if (s.n == 32128 && m != 64) continue;  // logits of a step, no one's of a text
            auto const what = g.name + std::string(s.what) + ", " + std::to_string(m) + " rows ";
            add(what + "f32",
                [=](auto& state) { large<float>(state, isa, workers, c, m, s.n, s.k, true, direction::forward); });
            add(what + "bf16",
                [=](auto& state) { large<bf16>(state, isa, workers, c, m, s.n, s.k, true, direction::forward); });
            add(what + "q8",
                [=](auto& state) { large<q8>(state, isa, workers, c, m, s.n, s.k, true, direction::forward); });
          }
        }
      for (auto [what, d] : {std::pair{"forward", direction::forward},
                             {"dx", direction::input_gradient},
                             {"dw", direction::weight_gradient}}) {
        direction const way = d;
        add(std::string("training base wi, 2048 rows ") + what + " f32",
            [=](auto& state) { large<float>(state, isa, workers, c, 2048, 2048, 768, false, way); });
        add(std::string("training base wi, 2048 rows ") + what + " bf16",
            [=](auto& state) { large<bf16>(state, isa, workers, c, 2048, 2048, 768, false, way); });
      }
      for (extent m : {1, 2, 4, 8}) {
        auto const rows = ", " + std::to_string(m) + " rows";
        for (geometry const& g : geometries) {
          auto const what = std::string("decode ") + g.name;
          add(what + " f32" + rows, [=](auto& s) { decode<float>(s, isa, workers, c, m, g); });
          add(what + " bf16" + rows, [=](auto& s) { decode<bf16>(s, isa, workers, c, m, g); });
          add(what + " q8" + rows, [=](auto& s) { decode<q8>(s, isa, workers, c, m, g); });
        }
      }
    }
  }
  benchmark::RunSpecifiedBenchmarks();
}
