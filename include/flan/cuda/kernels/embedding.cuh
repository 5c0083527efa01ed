#pragma once
/// Kernels of embeddings. Unmeasured: no device has run them yet.

#include <cstdint>
#include <limits>

#include "flan/cuda/embedding.hpp"
#include "flan/cuda/kernels/elementwise.cuh"
#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/quantize.cuh"
#include "flan/cuda/kernels/shared.cuh"
#include "flan/cuda/kernels/sorting.cuh"

namespace flan::detail {

/// Element (row, column) of a table of `columns` columns.
template <class W>
__device__ float table_element(W const* table, extent columns, extent row, extent column) {
  if constexpr (quantized<W>) {
    W const* const panel = panel_at(table, columns, row);
    float const scale = reinterpret_cast<float const*>(panel)[row % q8_panel::rows];
    return scale * static_cast<float>(panel[place_in_panel(row, column)].bits);
  } else {
    return read(table + row * columns + column);
  }
}
template <class Y, class W>
__global__ void embed_kernel(embed_task<Y, W> t) {
  for_elements(t.y.rows, t.y.columns, [&](extent m, extent c) {
    extent const id = t.ids[m];
    bool const inside = id >= 0 && id < t.rows;
    write(t.y.data + m * t.y.stride + c,
          inside ? table_element(t.table, t.y.columns, id, c) : std::numeric_limits<float>::quiet_NaN());
  });
}
template <class Y, class W>
void launch_embed(cudaStream_t s, embed_task<Y, W> const& t) {
  launch_elements("embed", embed_kernel<Y, W>, t.y.rows, t.y.columns, s, t);
}

/// A place m among its ids as a key: largest first is by id, then by m. Ids outside of the table come last.
inline constexpr std::uint32_t no_id = 0xffffffffu;
__device__ inline sort_key key_of_place(std::int32_t id, extent m, extent rows) {
  std::uint32_t const counted = id >= 0 && id < rows ? static_cast<std::uint32_t>(id) : no_id;
  return ~((sort_key{counted} << 32) | static_cast<std::uint32_t>(m));
}
__device__ inline std::uint32_t id_of(sort_key key) { return static_cast<std::uint32_t>(~key >> 32); }
__device__ inline extent place_of(sort_key key) { return static_cast<std::uint32_t>(~key); }

/// A block a chunk of places: sorted, to `to`.
template <class G, class D>
__global__ void __launch_bounds__(sort_chunk::threads) sort_places_kernel(embed_backward_task<G, D> t, sort_key* to) {
  static_assert(sort_chunk::size == embed_backward_task<G, D>::chunk);
  auto& shared = shared_memory<sort_chunk>();
  for (extent chunk = blockIdx.x; chunk < t.chunks(); chunk += gridDim.x) {
    extent const first = chunk * t.chunk, left = t.dy.rows - first, count = left < t.chunk ? left : t.chunk;
    sort_key keys[sort_chunk::of_lane];
    for (int j = 0; j < sort_chunk::of_lane; ++j) {
      extent const i = j * sort_chunk::threads + static_cast<extent>(threadIdx.x);
      keys[j] = i < count ? key_of_place(t.ids[first + i], first + i, t.dtable.rows) : 0;
    }
    sort_block(keys, count, t.chunk, to + first, shared);
  }
}
template <class G, class D>
__global__ void __launch_bounds__(256) merge_places_kernel(embed_backward_task<G, D> t) {
  merge_lists(t.lists, t.chunks(), t.chunk, t.dy.rows, [&](extent place, sort_key key) { t.sorted[place] = key; });
}

/// The id at a sorted place; no_id behind the last and before the first.
template <class G, class D>
__device__ std::uint32_t id_at(embed_backward_task<G, D> const& t, extent place) {
  return place >= 0 && place < t.dy.rows ? id_of(t.sorted[place]) : no_id;
}
template <class G>
__device__ void add_to(matrix<G> const& table, std::uint32_t id, extent column, float x) {
  G* const p = table.data + extent{id} * table.stride + column;
  write(p, read(p) + x);
}

/// A thread a column of a run of sorted places: the sum of each id in it goes to the table, or, where the id began in
/// an earlier run, to partial[2·run], or, where it begins here and goes on, to partial[2·run + 1]. So ids that come in
/// thousands keep as many blocks busy as others.
template <class G, class D>
__global__ void __launch_bounds__(256) sum_runs_kernel(embed_backward_task<G, D> t) {
  static_assert(embed_backward_task<G, D>::run == warp_threads);  // a lane knows a place
  constexpr int at_once = 8;
  int const lane = static_cast<int>(threadIdx.x) % warp_threads;
  extent const column = extent{blockIdx.y} * blockDim.x + threadIdx.x, columns = t.dy.columns;
  for (extent run = blockIdx.x; run < t.runs(); run += gridDim.x) {
    extent const place = run * t.run + lane;
    sort_key const key = place < t.dy.rows ? t.sorted[place] : 0;
    std::uint32_t const id = id_of(key), next = id_at(t, place + 1);
    extent const m = place_of(key);
    bool began = id_at(t, run * t.run - 1) == __shfl_sync(whole_warp, id, 0);
    float sum = 0.0f;
    for (int i = 0; i < warp_threads; i += at_once) {
      float x[at_once];
      for (int j = 0; j < at_once; ++j) {
        bool const counts = __shfl_sync(whole_warp, id, i + j) != no_id && column < columns;
        extent const row = __shfl_sync(whole_warp, m, i + j);
        x[j] = counts ? read(t.dy.data + row * t.dy.stride + column) : 0.0f;
      }
      for (int j = 0; j < at_once; ++j) {
        std::uint32_t const now = __shfl_sync(whole_warp, id, i + j), then = __shfl_sync(whole_warp, next, i + j);
        bool const last = i + j == warp_threads - 1;
        sum += x[j];
        if (now == no_id || (now == then && !last)) continue;
        if (column < columns) {
          if (began)
            t.partial.data[2 * run * t.partial.stride + column] = sum;
          else if (now == then)
            t.partial.data[(2 * run + 1) * t.partial.stride + column] = sum;
          else
            add_to(t.dtable, now, column, sum);
        }
        sum = 0.0f, began = false;
      }
    }
  }
}
/// Where an id begins in a run and goes on: its sums of the runs, in order.
template <class G, class D>
__global__ void __launch_bounds__(256) join_runs_kernel(embed_backward_task<G, D> t) {
  extent const column = extent{blockIdx.y} * blockDim.x + threadIdx.x;
  if (column >= t.dy.columns) return;
  for (extent run = blockIdx.x; run < t.runs(); run += gridDim.x) {
    extent const first = run * t.run, end = first + t.run;
    std::uint32_t const id = id_at(t, end - 1);
    if (id == no_id || id_at(t, end) != id || id_at(t, first - 1) == id) continue;
    extent const places = count_larger(t.sorted, t.dy.rows, ~((sort_key{id} << 32) | 0xffffffffu));
    extent const last = (places - 1) / t.run;
    float sum = t.partial.data[(2 * run + 1) * t.partial.stride + column];
    for (extent r = run + 1; r <= last; ++r) sum += t.partial.data[2 * r * t.partial.stride + column];
    add_to(t.dtable, id, column, sum);
  }
}
template <class G, class D>
void launch_embed_backward(cudaStream_t s, embed_backward_task<G, D> const& t) {
  bool const one = t.chunks() == 1;
  launch("embed_backward (sorting)", sort_places_kernel<G, D>, blocks_for(t.chunks(), 1), sort_chunk::threads,
         sizeof(sort_chunk), s, t, one ? t.sorted : t.lists);
  if (!one)
    launch("embed_backward (merging)", merge_places_kernel<G, D>, blocks_to_merge(t.chunks(), t.chunk, 256), 256, 0, s,
           t);
  unsigned const threads = t.dy.columns <= 64 ? 64 : t.dy.columns <= 128 ? 128 : 256;
  dim3 const grid(blocks_for(t.runs(), 1), blocks_for(t.dy.columns, threads));
  launch("embed_backward", sum_runs_kernel<G, D>, grid, threads, 0, s, t);
  if (t.runs() > 1) launch("embed_backward (joining)", join_runs_kernel<G, D>, grid, threads, 0, s, t);
}

}  // namespace flan::detail
