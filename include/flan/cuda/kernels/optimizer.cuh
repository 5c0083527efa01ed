#pragma once
/// Kernels of optimizers. Unmeasured: no device has run them yet.
///
/// All sums are double, and all go the same way: a block leaves its part in scratch, and whoever needs the sum adds the
/// parts in order. So scalars such as the update's root mean square never leave the device, and no kernel waits for
/// another block.

#include "flan/cuda/kernels/elementwise.cuh"
#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/pieces.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/shared.cuh"
#include "flan/cuda/optimizer.hpp"

namespace flan::detail {

template <class G>
__global__ void __launch_bounds__(piece_threads) squares_kernel(sum_of_squares_task<G> t) {
  auto& shared = shared_memory<block_partials<double>>();
  double sum = 0;
  for_pieces(
      t.g.rows, t.g.columns, [&](extent r, extent c) { return read(t.g.data + r * t.g.stride + c); },
      [&](extent, extent, float g) {
        double const x = g;
        sum += x * x;
      });
  sum = block_sum(sum, shared);
  if (threadIdx.x == 0) t.partial[blockIdx.x] = sum;
}
template <class G>
__global__ void add_squares_kernel(sum_of_squares_task<G> t, extent parts) {
  double const sum = add_parts(t.partial, parts, shared_memory<block_partials<double>>());
  if (threadIdx.x == 0) *t.sum += sum;
}
template <class G>
void launch_sum_of_squares(cudaStream_t s, sum_of_squares_task<G> const& t) {
  unsigned const blocks = blocks_for_pieces(t.g.rows, t.g.columns, t.parts);
  launch("sum_of_squares (parts)", squares_kernel<G>, blocks, piece_threads, sizeof(block_partials<double>), s, t);
  launch("sum_of_squares", add_squares_kernel<G>, 1, piece_threads, sizeof(block_partials<double>), s, t,
         extent{blocks});
}

/// How many parts of each sum there are: the grids that leave them.
struct adafactor_grids {
  unsigned rows_and_columns, elements;
};
template <class M, class G>
adafactor_grids grids_of(adafactor_task<M, G> const& t) {
  return {blocks_for(t.w.rows + t.w.columns, 256, t.parts), blocks_for_pieces(t.w.rows, t.w.columns, t.parts)};
}

/// g² + ε₁ of the scaled gradient.
__device__ inline double square_of(adafactor_options const& o, float gradient) {
  double const g = static_cast<double>(gradient) * o.gradient_scale;
  return g * g + o.epsilon_squared;
}
/// β₂·v + (1 − β₂)·now, as the state keeps it.
__device__ inline float decayed(adafactor_options const& o, float v, double now) {
  return static_cast<float>(o.beta2 * static_cast<double>(v) + (1 - o.beta2) * now);
}

/// Columns of a lane in a tile; a warp's columns are lane, lane + 32, ….
struct adafactor_sums_shared {
  static constexpr int warps = 8, of_lane = 8;
  double of_warp[warps][warp_threads * of_lane];
};
/// A block a tile of columns and a part of the rows, which its warps take in turn: g is read once for the sums of rows
/// (over the tile) and of columns (over the part).
template <class M, class G>
__global__ void __launch_bounds__(256) adafactor_sums_kernel(adafactor_task<M, G> t) {
  using block = adafactor_sums_shared;
  static_assert(adafactor_task<M, G>::tile == warp_threads * block::of_lane);
  auto& shared = shared_memory<block>();
  int const lane = static_cast<int>(threadIdx.x) % warp_threads, warp = static_cast<int>(threadIdx.x) / warp_threads;
  extent const parts = t.column_parts(), part = blockIdx.y, rows = t.w.rows, columns = t.w.columns;
  extent const first = rows * part / parts, end = rows * (part + 1) / parts;
  for (extent tile = blockIdx.x; tile < t.tiles(); tile += gridDim.x) {
    extent const column = tile * t.tile + lane;
    double of_column[block::of_lane] = {};
    for (extent r = first + warp; r < end; r += block::warps) {
      double row = 0;
      for (int j = 0; j < block::of_lane; ++j) {
        extent const c = column + j * warp_threads;
        double const x = c < columns ? square_of(t.options, read(t.g.data + r * t.g.stride + c)) : 0;
        row += x, of_column[j] += x;
      }
      row = warp_sum(row);
      if (lane == 0) t.row_sums[tile * rows + r] = row;
    }
    for (int j = 0; j < block::of_lane; ++j) shared.of_warp[warp][lane + j * warp_threads] = of_column[j];
    __syncthreads();
    extent const c = tile * t.tile + threadIdx.x;
    double sum = 0;
    for (int w = 0; w < block::warps; ++w) sum += shared.of_warp[w][threadIdx.x];
    if (c < columns) t.column_sums[part * columns + c] = sum;
    __syncthreads();
  }
}
/// A thread a row or a column: its average, and the root that updates divide by.
template <class M, class G>
__global__ void __launch_bounds__(256) adafactor_averages_kernel(adafactor_task<M, G> t) {
  extent const rows = t.w.rows, columns = t.w.columns, parts = t.column_parts(), tiles = t.tiles();
  double total = 0;
  for (extent i = extent{blockIdx.x} * blockDim.x + threadIdx.x; i < rows + columns;
       i += extent{gridDim.x} * blockDim.x) {
    double sum = 0;
    if (i < rows) {
      for (extent k = 0; k < tiles; ++k) sum += t.row_sums[k * rows + i];
      float const v = decayed(t.options, read(t.v_row + i), sum / static_cast<double>(columns));
      write(t.v_row + i, v);
      t.row_roots[i] = static_cast<float>(1 / sqrt(static_cast<double>(v)));
      total += v;
    } else {
      extent const c = i - rows;
      for (extent k = 0; k < parts; ++k) sum += t.column_sums[k * columns + c];
      float const v = decayed(t.options, read(t.v_column + c), sum / static_cast<double>(rows));
      write(t.v_column + c, v);
      t.column_roots[c] = static_cast<float>(1 / sqrt(static_cast<double>(v)));
    }
  }
  total = block_sum(total, shared_memory<block_partials<double>>());
  if (threadIdx.x == 0) t.sums[blockIdx.x] = total;
}

/// The root of the mean of v_row, which the update is multiplied by; 1 where not factored.
template <class M, class G>
__device__ float root_of_rows_mean(adafactor_task<M, G> const& t, adafactor_grids grids,
                                   block_partials<double>& shared) {
  if (t.v_row == nullptr) return 1;
  return static_cast<float>(sqrt(add_parts(t.sums, grids.rows_and_columns, shared) / static_cast<double>(t.w.rows)));
}
/// What an element's update needs. `v` is its average of squares or, where factored, its column's root.
struct adafactor_element {
  float g, w, v;
};
template <class M, class G>
__device__ adafactor_element load_element(adafactor_task<M, G> const& t, bool weight, extent r, extent c) {
  return {read(t.g.data + r * t.g.stride + c), weight ? read(t.w.data + r * t.w.stride + c) : 0.0f,
          t.v_row == nullptr ? read(t.v.data + r * t.v.stride + c) : t.column_roots[c]};
}
/// The update before it is clipped. Row and column come one after the other: 1e-30·1e-30 is no float.
template <class M, class G>
__device__ float update_of(adafactor_task<M, G> const& t, float rows_mean, extent r, adafactor_element const& e) {
  float const g = e.g * static_cast<float>(t.options.gradient_scale);
  return t.v_row == nullptr ? g / sqrtf(e.v) : g * (t.row_roots[r] * rows_mean) * e.v;
}

/// Parts of Σ u² and Σ w². Without factors v is averaged on the way.
template <class M, class G>
__global__ void __launch_bounds__(piece_threads) adafactor_means_kernel(adafactor_task<M, G> t, adafactor_grids grids) {
  auto& shared = shared_memory<block_partials<double>>();
  float const rows_mean = root_of_rows_mean(t, grids, shared);
  double updates = 0, weights = 0;
  for_pieces(
      t.w.rows, t.w.columns, [&](extent r, extent c) { return load_element(t, t.options.scale_by_parameter, r, c); },
      [&](extent r, extent c, adafactor_element e) {
        if (t.v_row == nullptr) {
          e.v = decayed(t.options, e.v, square_of(t.options, e.g));
          write(t.v.data + r * t.v.stride + c, e.v);
        }
        double const u = update_of(t, rows_mean, r, e), w = e.w;
        updates += u * u, weights += w * w;
      });
  updates = block_sum(updates, shared), weights = block_sum(weights, shared);
  if (threadIdx.x == 0) t.sums[t.parts + blockIdx.x] = updates, t.sums[2 * t.parts + blockIdx.x] = weights;
}
template <class M, class G>
__global__ void __launch_bounds__(piece_threads)
    adafactor_update_kernel(adafactor_task<M, G> t, adafactor_grids grids) {
  auto& shared = shared_memory<block_partials<double>>();
  auto const& o = t.options;
  float const rows_mean = root_of_rows_mean(t, grids, shared);
  double const count = static_cast<double>(t.w.rows * t.w.columns);
  double const updates = add_parts(t.sums + t.parts, grids.elements, shared);
  double const weights = add_parts(t.sums + 2 * t.parts, grids.elements, shared);
  double const clip = sqrt(updates / count) / o.clip_threshold, size = sqrt(weights / count);
  double rate = o.rate;
  if (clip > 1) rate /= clip;
  if (o.scale_by_parameter) rate *= size > o.epsilon_scale ? size : o.epsilon_scale;
  float const step = static_cast<float>(rate), kept = static_cast<float>(1 - o.weight_decay);
  for_pieces(
      t.w.rows, t.w.columns, [&](extent r, extent c) { return load_element(t, true, r, c); },
      [&](extent r, extent c, adafactor_element const& e) {
        write(t.w.data + r * t.w.stride + c, kept * e.w - step * update_of(t, rows_mean, r, e));
      });
}
template <class M, class G>
void launch_adafactor(cudaStream_t s, adafactor_task<M, G> const& t) {
  auto const grids = grids_of(t);
  std::size_t const bytes = sizeof(block_partials<double>);
  if (t.v_row != nullptr) {
    dim3 const grid(blocks_for(t.tiles(), 1), static_cast<unsigned>(t.column_parts()));
    launch("adafactor_update (sums)", adafactor_sums_kernel<M, G>, grid, 256, sizeof(adafactor_sums_shared), s, t);
    launch("adafactor_update (averages)", adafactor_averages_kernel<M, G>, grids.rows_and_columns, 256, bytes, s, t);
  }
  launch("adafactor_update (means)", adafactor_means_kernel<M, G>, grids.elements, piece_threads, bytes, s, t, grids);
  launch("adafactor_update", adafactor_update_kernel<M, G>, grids.elements, piece_threads, bytes, s, t, grids);
}

template <class M, class G>
__global__ void adamw_kernel(adamw_task<M, G> t) {
  auto const& o = t.options;
  float const scale = static_cast<float>(o.gradient_scale), kept = static_cast<float>(1 - o.rate * o.weight_decay);
  float const beta1 = static_cast<float>(o.beta1), rest1 = static_cast<float>(1 - o.beta1);
  float const beta2 = static_cast<float>(o.beta2), rest2 = static_cast<float>(1 - o.beta2);
  float const step = static_cast<float>(o.rate / t.first), second = static_cast<float>(1 / t.second);
  float const epsilon = static_cast<float>(o.epsilon);
  for_elements(t.w.rows, t.w.columns, [&](extent r, extent c) {
    M *const w = t.w.data + r * t.w.stride + c, *const m = t.m.data + r * t.m.stride + c;
    M* const v = t.v.data + r * t.v.stride + c;
    float const g = read(t.g.data + r * t.g.stride + c) * scale;
    float const mean = beta1 * read(m) + rest1 * g, square = beta2 * read(v) + rest2 * g * g;
    write(m, mean), write(v, square);
    write(w, kept * read(w) - step * mean / (sqrtf(square * second) + epsilon));
  });
}
template <class M, class G>
void launch_adamw(cudaStream_t s, adamw_task<M, G> const& t) {
  launch_elements("adamw_update", adamw_kernel<M, G>, t.w.rows, t.w.columns, s, t);
}

}  // namespace flan::detail
