#pragma once
/// Attention of a few queries to many keys, as decoding has it: a block a query, half a warp a key, each half warp with
/// a softmax of its own over every sixteenth run of keys; they are put together in order. Unmeasured: no device has run
/// it yet.

#include "flan/cuda/attention.hpp"
#include "flan/cuda/kernels/attention_masks.cuh"
#include "flan/cuda/kernels/attention_tile.cuh"

namespace flan::detail {

inline constexpr extent decode_queries = 4, decode_width = 128;
inline constexpr int keys_at_once = 4;  ///< of a half warp: so many rows are under way from memory

/// U columns a thread.
template <int U>
struct decode_shared {
  float largest[tile_side], total[tile_side];
  alignas(16) float sums[tile_side][U * tile_side];
};

/// The thread's columns of a row.
template <int U, class X>
__device__ void read_columns(float (&y)[U], X const* row, int width, bool quads) {
  for (int u = 0; u < U; u += 4) {
    int const c = sum_column(u);
    quad<float> const x = row == nullptr ? quad<float>{} : read_quad(row + c, width - c, quads);
    for (int n = 0; n < 4; ++n) y[u + n] = x.of[n];
  }
}

/// What a half warp knows after its keys.
template <int U>
struct decode_sums {
  float largest = no_score, total = 0.0f, of[U] = {};
};

/// Keys first … first + keys_at_once of the query i.
template <int U, class X>
__device__ void attend_keys(decode_sums<U>& sums, attention_task<X> const& t, attention_masks const& m, int i,
                            float const (&query)[U], int first, bool quads) {
  int const width = static_cast<int>(t.q.width);
  float s[keys_at_once], x[keys_at_once][U];
  int rows[keys_at_once];
  for (int n = 0; n < keys_at_once; ++n) {
    int const j = first + n;
    rows[n] = m.orders(i, j) ? m.key_row(j) : -1;
    if (m.with_segments() && rows[n] >= 0 && m.query_segment(i) != m.key_segment(rows[n], j)) rows[n] = -1;
    read_columns(x[n], rows[n] < 0 ? nullptr : t.k.at(rows[n], m.head, j), width, quads);
  }
  float most = sums.largest;
  for (int n = 0; n < keys_at_once; ++n) {
    float product = 0.0f;
    for (int u = 0; u < U; ++u) product += query[u] * x[n][u];
    product = row_reduce<add_up>(product);
    s[n] = rows[n] < 0 ? no_score : product + m.bias_at(first + n - i - m.offset);
    most = fmaxf(most, s[n]);
  }
  for (int n = 0; n < keys_at_once; ++n)
    read_columns(x[n], rows[n] < 0 ? nullptr : t.v.at(rows[n], m.head, first + n), width, quads);
  float const base = most == no_score ? 0.0f : most, scale = expf(sums.largest - base);
  sums.largest = most;
  sums.total *= scale;
  for (int u = 0; u < U; ++u) sums.of[u] *= scale;
  for (int n = 0; n < keys_at_once; ++n) {
    float p = expf(s[n] - base);
    sums.total += p;
    if (t.options.dropout.active() && rows[n] >= 0) {
      std::uint32_t const query_key = t.options.dropout.rows.data[m.b * m.queries + i];
      std::uint32_t const key = t.options.key_keys.data[extent{rows[n]} * m.keys + first + n];
      p = dropout_bits(query_key, m.site, key) < t.threshold ? 0.0f : p * t.kept;
    }
    for (int u = 0; u < U; ++u) sums.of[u] += p * x[n][u];
  }
}

template <int U, class X>
__device__ void attend_query(attention_task<X> const& t, extent b, int head, int i, bool quads,
                             decode_shared<U>& shared) {
  int const width = static_cast<int>(t.q.width);
  attention_masks const m(t.options, b, head, t.q.length, t.k.length);
  float query[U];
  read_columns(query, t.q.at(b, head, i), width, quads);
  decode_sums<U> sums;
  int const end = m.keys_end(i + 1);
  // All of a warp goes round as often: its halves shuffle together.
  for (int first = 0; first < end; first += tile_side * keys_at_once)
    attend_keys(sums, t, m, i, query, first + tile_y() * keys_at_once, quads);

  if (tile_x() == 0) shared.largest[tile_y()] = sums.largest, shared.total[tile_y()] = sums.total;
  for (int u = 0; u < U; ++u) shared.sums[tile_y()][sum_column(u)] = sums.of[u];
  __syncthreads();
  float most = no_score, total = 0.0f;
  for (int part = 0; part < tile_side; ++part) most = fmaxf(most, shared.largest[part]);
  float const base = most == no_score ? 0.0f : most;
  for (int part = 0; part < tile_side; ++part) total += shared.total[part] * expf(shared.largest[part] - base);
  bool const none = total == 0.0f;
  for (int c = static_cast<int>(threadIdx.x); c < width; c += tile_threads) {
    float sum = 0.0f;
    for (int part = 0; part < tile_side; ++part) sum += shared.sums[part][c] * expf(shared.largest[part] - base);
    write(t.y.at(b, head, i) + c, none ? 0.0f : sum / total);
  }
  if (t.lse != nullptr && threadIdx.x == 0)
    t.lse[(b * t.q.heads + head) * m.queries + i] = none ? no_score : most + logf(total);
}

template <class X, int U>
__global__ void __launch_bounds__(tile_threads) attention_decode_kernel(attention_task<X> t, bool quads) {
  auto& shared = shared_memory<decode_shared<U>>();
  extent const queries = t.q.length, all = t.q.batch * t.q.heads * queries;
  for (extent n = blockIdx.x; n < all; n += gridDim.x) {
    __syncthreads();  // the query before is written
    extent const row = n / queries;
    attend_query(t, row / t.q.heads, static_cast<int>(row % t.q.heads), static_cast<int>(n % queries), quads, shared);
  }
}

template <class X>
void launch_attention_decode(cudaStream_t stream, attention_task<X> const& t) {
  bool const quads = has_quads(t.q) && has_quads(t.k) && has_quads(t.v);
  unsigned const blocks = blocks_for(t.q.batch * t.q.heads * t.q.length, 1, most_blocks);
  if (t.q.width <= 64)
    launch("attention (few queries)", attention_decode_kernel<X, 4>, blocks, tile_threads, sizeof(decode_shared<4>),
           stream, t, quads);
  else
    launch("attention (few queries)", attention_decode_kernel<X, 8>, blocks, tile_threads, sizeof(decode_shared<8>),
           stream, t, quads);
}

}  // namespace flan::detail
