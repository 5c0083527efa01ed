// Attention of the CPU backend on one thread: forward and backward at Flan-T5 base's size (512 queries and keys, 12
// heads of 64, a bias by distance), one decoding step, and the same in bf16. "FLOP" counts the products alone (4·S²·d a
// head forward, 10·S²·d backward): divide by the machine's peak for a share of it.

#include "flan/cpu/attention.hpp"

#include <benchmark/benchmark.h>

#include <vector>

#include "flan/core/random.hpp"

namespace {

using namespace flan;

template <class X>
struct operands {
  extent length, heads = 12, width = 64, distances = 257;
  std::vector<X> q, k, v, y, dy, dq, dk, dv;
  std::vector<float> lse, bias, dbias;

  explicit operands(extent n) : length(n) {
    auto const size = static_cast<std::size_t>(length * heads * width);
    for (auto* x : {&q, &k, &v, &dy})
      for (std::size_t i = 0; i < size; ++i) x->push_back(X(static_cast<float>(normal(7, i)) * 0.3f));
    y = dq = dk = dv = q;
    lse.resize(static_cast<std::size_t>(length * heads));
    bias.assign(static_cast<std::size_t>(heads * distances), 0.125f), dbias = bias;
  }
  heads_view<X> by_heads(std::vector<X>& x) {
    return split_heads(matrix<X>(x.data(), length, heads * width), 1, heads);
  }
  /// The last of the positions as a query, and the keys as a cache holds them.
  heads_view<X> one(std::vector<X>& x) { return split_heads(matrix<X>(x.data(), 1, heads * width), 1, heads); }
  heads_view<X> cache(std::vector<X>& x) {
    return {x.data(), 1, heads, length, width, heads * length * width, length * width, width};
  }
  attention_options<float> options() {
    attention_options<float> o;
    o.bias = {bias.data(), heads, distances};
    return o;
  }
};

bool unavailable(benchmark::State& state, instruction_set isa) {
  if (available(isa)) return false;
  state.SkipWithError("this machine lacks the instructions");
  return true;
}

void rate(benchmark::State& state, double flop) {
  state.counters["FLOP"] =
      benchmark::Counter(flop * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

template <class X, instruction_set I>
void forward(benchmark::State& state) {
  if (unavailable(state, I)) return;
  set_threads(1);
  operands<X> x(state.range(0));
  detail::cpu_attention be(I);
  for (auto _ : state)
    be.attention(x.by_heads(x.y), vector_view<float>{}, in(x.by_heads(x.q)), in(x.by_heads(x.k)), in(x.by_heads(x.v)),
                 x.options());
  rate(state, 4.0 * static_cast<double>(x.length * x.length * x.width * x.heads));
}

template <class X, instruction_set I>
void backward(benchmark::State& state) {
  if (unavailable(state, I)) return;
  set_threads(1);
  operands<X> x(state.range(0));
  detail::cpu_attention be(I);
  vector_view<float> const lse{x.lse.data(), static_cast<extent>(x.lse.size())};
  be.attention(x.by_heads(x.y), lse, in(x.by_heads(x.q)), in(x.by_heads(x.k)), in(x.by_heads(x.v)), x.options());
  for (auto _ : state)
    be.attention_backward(x.by_heads(x.dq), x.by_heads(x.dk), x.by_heads(x.dv),
                          matrix<float>(x.dbias.data(), x.heads, x.distances), in(x.by_heads(x.dy)),
                          in(x.by_heads(x.y)), in(lse), in(x.by_heads(x.q)), in(x.by_heads(x.k)), in(x.by_heads(x.v)),
                          x.options());
  rate(state, 10.0 * static_cast<double>(x.length * x.length * x.width * x.heads));
}

template <class X, instruction_set I>
void decoding_step(benchmark::State& state) {
  if (unavailable(state, I)) return;
  set_threads(1);
  operands<X> x(state.range(0));
  detail::cpu_attention be(I);
  auto o = x.options();
  o.causal = true, o.query_offset = x.length - 1;
  for (auto _ : state)
    be.attention(x.one(x.y), vector_view<float>{}, in(x.one(x.q)), in(x.cache(x.k)), in(x.cache(x.v)), o);
  state.SetBytesProcessed(state.iterations() * 2 * x.length * x.width * x.heads * static_cast<extent>(sizeof(X)));
}

}  // namespace

using enum flan::instruction_set;
BENCHMARK(forward<float, portable>)->Arg(512)->Unit(benchmark::kMillisecond);
BENCHMARK(forward<float, avx2>)->Arg(512)->Unit(benchmark::kMillisecond);
BENCHMARK(forward<float, avx512>)->Arg(512)->Unit(benchmark::kMillisecond);
BENCHMARK(forward<flan::bf16, avx2>)->Arg(512)->Unit(benchmark::kMillisecond);
BENCHMARK(forward<flan::bf16, avx512>)->Arg(512)->Unit(benchmark::kMillisecond);
BENCHMARK(backward<float, avx2>)->Arg(512)->Unit(benchmark::kMillisecond);
BENCHMARK(backward<float, avx512>)->Arg(512)->Unit(benchmark::kMillisecond);
BENCHMARK(decoding_step<float, avx2>)->Arg(128)->Unit(benchmark::kMicrosecond);
BENCHMARK(decoding_step<float, avx512>)->Arg(128)->Unit(benchmark::kMicrosecond);
BENCHMARK(decoding_step<flan::bf16, avx512>)->Arg(128)->Unit(benchmark::kMicrosecond);
