#pragma once
/// Tiles of attention's operands in shared memory, and the two products of them: all the arithmetic that tensor cores
/// could take over is here.

#include <type_traits>
#include <utility>

#include "flan/cuda/kernels/numbers.cuh"
#include "flan/cuda/kernels/shared.cuh"

namespace flan::detail {

/// A block of attention is 16 × 16 threads. Thread (y, x) has the rows y, y + 16, … of a tile: the 16 threads that
/// share a row are half a warp.
inline constexpr int tile_side = 16, tile_threads = tile_side * tile_side;
inline constexpr extent most_blocks = 0x7fffffff;  ///< of a grid's x
__device__ inline int tile_x() { return static_cast<int>(threadIdx.x) % tile_side; }
__device__ inline int tile_y() { return static_cast<int>(threadIdx.x) / tile_side; }

/// Over the threads that share a row; all of them get the result.
template <class Op, class T>
__device__ T row_reduce(T x, Op op = {}) {
  for (int bits = tile_side / 2; bits > 0; bits /= 2) x = op(x, __shfl_xor_sync(whole_warp, x, bits));
  return x;
}

/// f(0), f(1), …, each a constant to the compiler, so that what they index stays in registers.
template <int N, class F>
__device__ void unrolled(F const& f) {
  [&]<int... I>(std::integer_sequence<int, I...>) { (f(std::integral_constant<int, I>{}), ...); }
  (std::make_integer_sequence<int, N>{});
}

/// Four elements that are read or written at once.
template <class X>
struct alignas(4 * sizeof(X)) quad {
  X of[4];
};

/// Whether rows of v can be read by quads.
template <class X>
bool has_quads(heads_view<X> const& v) {
  auto const fits = [](extent n) { return n % 4 == 0; };
  return reinterpret_cast<std::uintptr_t>(v.data) % sizeof(quad<X>) == 0 && fits(v.width) && fits(v.batch_stride) &&
         fits(v.head_stride) && fits(v.length_stride);
}

/// Four elements from p, of which `count` are there: the others are zero.
template <class X>
__device__ quad<float> read_quad(X const* p, int count, bool quads) {
  quad<float> y{};
  if (quads && count >= 4) {
    quad<X> const x = *reinterpret_cast<quad<X> const*>(p);
    for (int u = 0; u < 4; ++u) y.of[u] = read(x.of + u);
  } else {
    for (int u = 0; u < 4; ++u)
      if (u < count) y.of[u] = read(p + u);
  }
  return y;
}
template <class X>
__device__ void write_quad(X* p, float const* y, int count, bool quads) {
  if (quads && count >= 4) {
    quad<X> x;
    for (int u = 0; u < 4; ++u) write(x.of + u, y[u]);
    *reinterpret_cast<quad<X>*>(p) = x;
  } else {
    for (int u = 0; u < 4; ++u)
      if (u < count) write(p + u, y[u]);
  }
}

/// T rows of W columns. The gap lets eight threads read quads of eight rows without a conflict of banks.
template <int T, int W>
struct operand_tile {
  alignas(16) float of[T][W + 4];

  /// The columns from `first` on of T rows; `row(r)` is where the row begins, or null: zeros, as are the columns behind
  /// `width`. The whole block must come.
  template <class Row>
  __device__ void stage(Row const& row, int first, int width, bool quads) {
    for (int e = static_cast<int>(threadIdx.x); e < T * (W / 4); e += tile_threads) {
      int const r = e / (W / 4), c = e % (W / 4) * 4;
      auto const* const p = row(r);
      *reinterpret_cast<quad<float>*>(&of[r][c]) =
          p == nullptr ? quad<float>{} : read_quad(p + first + c, width - first - c, quads);
    }
  }
};

/// T × T weights. A row is written and read by the same half warp, so that __syncwarp is barrier enough.
template <int T>
struct weight_tile {
  alignas(16) float of[T][T + tile_side];

  template <int R>
  __device__ void put(float const (&x)[R][R]) {
    for (int a = 0; a < R; ++a)
      for (int b = 0; b < R; ++b) of[tile_y() + tile_side * a][tile_x() + tile_side * b] = x[a][b];
  }
};

/// The column of a tile that a thread's u-th sum belongs to.
__device__ inline int sum_column(int u) { return tile_x() * 4 + u / 4 * (4 * tile_side) + u % 4; }

/// s[a][b] += row y + 16·a of `left` times row x + 16·b of `right`, the first `columns` of them (and zeros
/// behind). Sums of sixteen terms are added: scores reach far from zero where heads are wide, and what they lack in
/// digits their exponentials show.
template <int R, int T, int W>
__device__ __forceinline__ void multiply_rows(float (&s)[R][R], operand_tile<T, W> const& left,
                                              operand_tile<T, W> const& right, int columns) {
  static_assert(R * tile_side == T);
  columns = columns < W ? columns : W;
  for (int first = 0; first < columns; first += 16) {
    float part[R][R] = {};
    for (int c = first; c < first + 16; c += 4) {
      quad<float> l[R], r[R];
      for (int a = 0; a < R; ++a) l[a] = *reinterpret_cast<quad<float> const*>(&left.of[tile_y() + tile_side * a][c]);
      for (int b = 0; b < R; ++b) r[b] = *reinterpret_cast<quad<float> const*>(&right.of[tile_x() + tile_side * b][c]);
      for (int u = 0; u < 4; ++u)
        for (int a = 0; a < R; ++a)
          for (int b = 0; b < R; ++b) part[a][b] += l[a].of[u] * r[b].of[u];
    }
    for (int a = 0; a < R; ++a)
      for (int b = 0; b < R; ++b) s[a][b] += part[a][b];
  }
}

/// sums[a][u] += row y + 16·a of `weights` times the column sum_column(u) of `right`, of which the first `rows` rows
/// count (and zeros behind).
template <int R, int U, int T, int W>
__device__ __forceinline__ void multiply_weights(float (&sums)[R][U], weight_tile<T> const& weights,
                                                 operand_tile<T, W> const& right, int rows) {
  static_assert(R * tile_side == T && U * tile_side == W);
  rows = rows < T ? rows : T;
  for (int j = 0; j < rows; j += 4) {
    quad<float> w[R];
    for (int a = 0; a < R; ++a) w[a] = *reinterpret_cast<quad<float> const*>(&weights.of[tile_y() + tile_side * a][j]);
    for (int k = 0; k < 4; ++k)
      for (int u = 0; u < U; u += 4) {
        quad<float> const x = *reinterpret_cast<quad<float> const*>(&right.of[j + k][sum_column(u)]);
        for (int a = 0; a < R; ++a)
          for (int n = 0; n < 4; ++n) sums[a][u + n] += w[a].of[k] * x.of[n];
      }
  }
}

/// Writes a thread's sums of row r, the columns from `first` on, times `scale`.
template <class X, int U>
__device__ void write_sums(X* row, float const (&sums)[U], int first, int width, float scale, bool quads) {
  unrolled<U / 4>([&](auto group) {
    constexpr int u = 4 * group;
    float const y[4] = {sums[u] * scale, sums[u + 1] * scale, sums[u + 2] * scale, sums[u + 3] * scale};
    int const c = first + sum_column(u);
    write_quad(row + c, y, width - c, quads);
  });
}

/// How heads are cut: tiles of T × T, up to W columns at a time. Heads wider than W take several blocks, each with the
/// columns of its own and all scores.
template <int Tile, int Width>
struct attention_cut {
  static constexpr int T = Tile, W = Width, R = Tile / tile_side, U = Width / tile_side;
};
using narrow_heads = attention_cut<64, 64>;
using wide_heads = attention_cut<32, 128>;

/// One block's share: tile number `tile` of batch row b and head h, and the columns from `column` on.
struct attention_share {
  extent b;
  int head, first, column;
};
__host__ __device__ inline extent count_shares(extent batch, extent heads, extent length, extent width, int T, int W) {
  extent const columns = width > W ? (width + W - 1) / W : 1;
  return batch * heads * ((length + T - 1) / T) * columns;
}
/// Columns run fastest, then tiles: blocks that run at once read the same keys.
__device__ inline attention_share share_of(extent n, extent heads, extent length, extent width, int T, int W) {
  extent const columns = width > W ? (width + W - 1) / W : 1, tiles = (length + T - 1) / T;
  extent const tile = n / columns % tiles, row = n / columns / tiles;
  return {row / heads, static_cast<int>(row % heads), static_cast<int>(tile * T), static_cast<int>(n % columns * W)};
}

}  // namespace flan::detail
