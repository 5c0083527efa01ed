#pragma once
/// Products with q8 weights: rows of x are quantised first, sums of products of bytes are exact in any order, and each
/// is scaled once. No device has run it yet: unmeasured.

#include "flan/cuda/kernels/product_tiles.cuh"
#include "flan/cuda/kernels/reduce.cuh"
#include "flan/cuda/kernels/vectors.cuh"
#include "flan/cuda/products.hpp"

namespace flan::detail {

struct take_larger_bits {
  __device__ std::uint32_t operator()(std::uint32_t a, std::uint32_t b) const { return a > b ? a : b; }
};
__device__ __forceinline__ int word_of(void const* p) { return static_cast<int>(read_words<1>(p).word[0]); }

/// A block a row: scale = largest magnitude / 127, terms to the nearest. Zeros where the scale is no normal number; a
/// scale of NaN where the row holds a NaN or an infinity.
template <class W>
__global__ void __launch_bounds__(256) quantize_activations_kernel(quantized_matmul_task<W> t) {
  auto& shared = shared_memory<block_partials<std::uint32_t>>();
  extent const columns = t.x.columns;
  for (extent r = blockIdx.x; r < t.x.rows; r += gridDim.x) {
    float const* const x = t.x.data + r * t.x.stride;
    // As the bits of magnitudes order: infinity and NaN above all.
    std::uint32_t most = 0;
    for (extent c = threadIdx.x; c < columns; c += blockDim.x)
      most = take_larger_bits{}(most, __float_as_uint(x[c]) & 0x7fffffffu);
    most = block_reduce<take_larger_bits>(most, shared);
    float scale = __uint_as_float(most) / 127.0f;
    if (most >= 0x7f800000u) scale = __uint_as_float(0x7fc00000u);
    if (scale < 0x1p-126f) scale = 0.0f;
    float const factor = scale > 0.0f ? 1.0f / scale : 0.0f;
    std::int8_t* const terms = t.terms.data + r * t.terms.stride;
    for (extent c = threadIdx.x; c < t.terms.columns; c += blockDim.x)
      terms[c] = static_cast<std::int8_t>(factor > 0.0f && c < columns ? static_cast<int>(rintf(x[c] * factor)) : 0);
    if (threadIdx.x == 0) t.scales[r] = scale;
  }
}

template <class W>
__device__ W const* panel_of_row(quantized_matmul_task<W> const& t, extent row) {
  return t.panels + row / q8_panel::rows * q8_panel::bytes_of(t.x.columns);
}
template <class W>
__device__ void write_scaled(quantized_matmul_task<W> const& t, extent m, extent n, int sum) {
  float const of_w = reinterpret_cast<float const*>(panel_of_row(t, n))[n % q8_panel::rows];
  float const product = static_cast<float>(sum) * of_w, factor = t.scales[m] * t.scale;
  float* const y = t.y.data + m * t.y.stride + n;
  *y = t.accumulate ? fmaf(product, factor, *y) : product * factor;
}

inline constexpr int skinny_panel_threads = 128;

/// A block's sums, a warp each.
template <int Rows, int Slice>
struct panel_sums {
  int of_warp[skinny_panel_threads / warp_threads][Rows][Slice];
};

/// Up to Rows rows by Slice outputs of a panel a block: its warps share the columns. A lane takes four outputs, 16
/// bytes of a group; a panel's integers are read from end to end.
template <int Rows, int Slice, class W>
__global__ void __launch_bounds__(skinny_panel_threads) skinny_panel_kernel(quantized_matmul_task<W> t) {
  constexpr int lanes = Slice / 4, groups_of_warp = warp_threads / lanes,
                groups_of_block = skinny_panel_threads / lanes, slices = static_cast<int>(q8_panel::rows) / Slice;
  auto& shared = shared_memory<panel_sums<Rows, Slice>>();
  int const thread = static_cast<int>(threadIdx.x), lane = thread % warp_threads, warp = thread / warp_threads;
  extent const groups = q8_panel::groups_of(t.x.columns), last = t.y.rows - 1;
  for (extent part = blockIdx.x; part * Slice < t.y.columns; part += gridDim.x) {
    extent const first = part * Slice;
    W const* const integers = panel_of_row(t, first) + q8_panel::bytes_of(0) + part % slices * Slice * q8_panel::terms;
    int sum[Rows][4] = {};
    for (extent g = warp * groups_of_warp + lane / lanes; g < groups; g += groups_of_block) {
      auto const w = read_words<4>(integers + g * q8_panel::group + lane % lanes * 16);
      for (int r = 0; r < Rows; ++r) {
        int const x = word_of(t.terms.data + (r < last ? r : last) * t.terms.stride + g * q8_panel::terms);
        for (int i = 0; i < 4; ++i) sum[r][i] = __dp4a(static_cast<int>(w.word[i]), x, sum[r][i]);
      }
    }
    for (int r = 0; r < Rows; ++r)
      for (int i = 0; i < 4; ++i) {
        for (int bits = lanes; bits < warp_threads; bits *= 2)
          sum[r][i] += __shfl_xor_sync(whole_warp, sum[r][i], bits);
        if (lane < lanes) shared.of_warp[warp][r][lane * 4 + i] = sum[r][i];
      }
    __syncthreads();
    for (int i = thread; i < Rows * Slice; i += skinny_panel_threads) {
      extent const m = i / Slice, n = first + i % Slice;
      if (m > last || n >= t.y.columns) continue;
      int total = 0;
      for (auto const& of : shared.of_warp) total += of[i / Slice][i % Slice];
      write_scaled(t, m, n, total);
    }
    __syncthreads();
  }
}

/// Four bytes of four neighbouring columns as one term, of a row of x.
struct quantized_rows {
  static constexpr bool along_k = true;
  std::int8_t const* data;
  extent stride, rows;

  __device__ void load(int (&to)[4], extent row, extent group) const {
    if (row < rows && group * q8_panel::terms < stride) {
      auto const v = read_words<4>(data + row * stride + group * q8_panel::terms);
      for (int i = 0; i < 4; ++i) to[i] = static_cast<int>(v.word[i]);
    } else {
      for (int i = 0; i < 4; ++i) to[i] = 0;
    }
  }
};
/// The same of four rows of a weight, which are neighbours in its panel.
template <class W>
struct quantized_panels {
  static constexpr bool along_k = false;
  quantized_matmul_task<W> const& t;

  __device__ void load(int (&to)[4], extent row, extent group) const {
    if (row < t.y.columns && group < q8_panel::groups_of(t.x.columns)) {
      auto const v = read_words<4>(panel_of_row(t, row) + q8_panel::bytes_of(0) + group * q8_panel::group +
                                   row % q8_panel::rows * q8_panel::terms);
      for (int i = 0; i < 4; ++i) to[i] = static_cast<int>(v.word[i]);
    } else {
      for (int i = 0; i < 4; ++i) to[i] = 0;
    }
  }
};

template <class W>
__global__ void __launch_bounds__(product_threads) quantized_product_kernel(quantized_matmul_task<W> t) {
  product_by_tiles<int>(t.y.rows, t.y.columns, q8_panel::groups_of(t.x.columns),
                        quantized_rows{t.terms.data, t.terms.stride, t.y.rows}, quantized_panels<W>{t},
                        [&](extent m, extent n, int sum) { write_scaled(t, m, n, sum); });
}

template <int Rows, class W>
void launch_skinny_panels(cudaStream_t s, quantized_matmul_task<W> const& t) {
  // Slices of a panel where whole ones would be too few blocks for the device; a sector of memory has 32 bytes.
  constexpr int whole = static_cast<int>(q8_panel::rows), slice = 8;
  if (t.y.columns >= 512 * whole)
    launch("matmul (q8, few rows)", skinny_panel_kernel<Rows, whole, W>, blocks_for(t.y.columns, whole),
           skinny_panel_threads, sizeof(panel_sums<Rows, whole>), s, t);
  else
    launch("matmul (q8, few rows)", skinny_panel_kernel<Rows, slice, W>, blocks_for(t.y.columns, slice),
           skinny_panel_threads, sizeof(panel_sums<Rows, slice>), s, t);
}

template <class W>
requires quantized<W>
void launch_quantized_matmul(cudaStream_t s, quantized_matmul_task<W> const& t) {
  launch("matmul (q8, activations)", quantize_activations_kernel<W>, blocks_for(t.x.rows, 1), 256,
         sizeof(block_partials<std::uint32_t>), s, t);
  if (t.y.rows == 1) return launch_skinny_panels<1>(s, t);
  if (t.y.rows == 2) return launch_skinny_panels<2>(s, t);
  if (t.y.rows <= 4) return launch_skinny_panels<4>(s, t);
  if (t.y.rows <= skinny_rows) return launch_skinny_panels<8>(s, t);
  launch("matmul (q8)", quantized_product_kernel<W>, blocks_of_tiles(t.y.rows, t.y.columns), product_threads,
         sizeof(product_tiles<int>), s, t);
}

}  // namespace flan::detail
