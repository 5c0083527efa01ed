#pragma once
/// What a backend is: some thirty member functions. Every op takes views, never allocates what it returns, and runs in
/// the order called; only `download` and `synchronize` wait. Extents are arguments, element types are deduced: a
/// model's configuration never reaches an op. Derive from a backend and shadow one op to replace it. What a backend may
/// have besides is in backend/together.hpp.
///
/// Below: W, X, G, M are a precision's Weight, Activation, Gradient and Master; F = wide_t<X>.

#include <concepts>

#include "flan/backend/options.hpp"
#include "flan/backend/weight.hpp"
#include "flan/core/precision.hpp"
#include "flan/tensor/frame.hpp"

namespace flan {

/// Memory. Copying a backend shares the device and its memory and makes its own stream and workspace.
/// - allocate(bytes) → memory, aligned to memory_alignment; throws flan::error when there is none
/// - upload(backend, host, bytes), download(host, backend, bytes): bytes between the sides; download waits
/// - synchronize(): waits, and reports what went wrong before
/// - scratch(), kept(): the session's arenas (class workspace)
/// - reads_host_memory: ops may be given host addresses, so that adopt can borrow a mapped file
template <class B>
concept memory_backend = std::copy_constructible<B> && allocator<B> &&
    requires(B be, void* to, void const* from, std::size_t bytes) {
  be.upload(to, from, bytes);
  be.download(to, from, bytes);
  be.synchronize();
  { be.scratch() } -> std::same_as<arena&>;
  { be.kept() } -> std::same_as<arena&>;
  { B::reads_host_memory } -> std::convertible_to<bool>;
};

/// Weights of element type W, as they are stored and trained.
/// - allocate_weight<W>(rows, columns) → owned, row-major, zero
/// - adopt(matrix<W const> host, memory owner) → borrows host memory (keeping `owner`) or uploads; read-only
/// - pack(weight<W>&): replaces it by the layout that matmul likes best; packing twice changes nothing
/// - unpack(matrix<W> y, weight<W> const&): y = the weight, row-major, bit for bit, from either layout
template <class B, class W>
concept plain_weight_backend = requires(B be, weight<W> w, weight<W> const cw, matrix<W> y, matrix<W const> host,
                                        memory owner, extent n) {
  requires !quantized<W>;
  { be.template allocate_weight<W>(n, n) } -> std::same_as<weight<W>>;
  { be.adopt(host, owner) } -> std::same_as<weight<W>>;
  be.pack(w);
  be.unpack(y, cw);
};

/// Quantised weights, F = wide_t<W>. They are packed from the beginning: `pack` leaves them alone.
/// - allocate_weight<W>(rows, columns) → owned, packed, zero
/// - quantize(weight<W> const& w, first, matrix<F const> rows): rows first, first + 1 … of w, each from its wide values
///   alone: one scale for a row, largest magnitude / 127, and integers round to nearest even. A row whose scale would
///   not be a normal number is zeros; one with a NaN or an infinity has a scale of NaN
/// - unpack(matrix<F> y, weight<W> const&): y = scale · integer
template <class B, class W>
concept quantized_weight_backend = requires(B be, weight<W> w, weight<W> const cw, matrix<wide_t<W>> y,
                                            matrix<wide_t<W> const> rows, extent n) {
  requires quantized<W>;
  { be.template allocate_weight<W>(n, n) } -> std::same_as<weight<W>>;
  be.quantize(cw, n, rows);
  be.pack(w);
  be.unpack(y, cw);
};

template <class B, class W>
concept weight_backend = memory_backend<B> &&(plain_weight_backend<B, W> || quantized_weight_backend<B, W>);

/// Elementwise helpers for T and U: fill(y, value) · copy(y, x): y = x, converting · add(y, x): y += x, converting.
template <class B, class T, class U>
concept converts = requires(B be, matrix<T> y, matrix<U const> x) {
  be.fill(y, 0.0);
  be.copy(y, x);
  be.add(y, x);
};

/// Forward ops.
/// - matmul(y[M,N], x[M,K], w[N,K], options), where w may be `borrowed`, without an owner: y = x·wᵀ; with transpose
/// x[M,N], y[M,K]: y = x·w. y may not overlap x.
///   Where w is quantised there is no transpose, and the backend may quantise x on its way, each row by itself; a row
///   with a NaN or an infinity then gives NaN
/// - embed(y[M,d], ids[M], table[V,d]): y[m] = table[ids[m]]; ids outside 0…V−1 are the caller's error
/// - rms_norm(y, inverse[M] or empty, x, gain[1,d], epsilon): inverse = 1/√(mean(x²) + ε); y = x·inverse·gain (T5's
/// layer norm)
/// - activate(y, x, a), y may be x · gate(y, g, u, a): y = a(g)·u, y may be g or u
/// - dropout(y, x, options, accumulate): y = (or +=) kept x / (1 − rate); y may be x; its own backward
/// - expand_bias(bias[heads, 2D+1], table[buckets, heads], options): a bias by distance instead of by bucket
/// - attention(y, lse[B·H·Lq] or empty, q, k, v, options): softmax(q·kᵀ + bias)·v, no 1/√d; lse[(b·H + h)·Lq + i] = log
/// Σ exp
template <class B, class P, class W = typename P::weight, class X = typename P::activation, class F = typename P::wide>
concept forward_backend = weight_backend<B, W> && weight_backend<B, F> && converts<B, X, F> && converts<B, F, X> &&
    converts<B, F, F> &&
    requires(B be, matrix<X> y, matrix<F> yf, matrix<X const> x, matrix<F const> xf, weight<W> const w,
             weight<F> const gain, vector_view<F> vf, vector_view<std::int32_t const> ids, heads_view<X> hy,
             heads_view<X const> hx, attention_options<F> ao) {
  be.matmul(y, x, w, matmul_options{});
  be.matmul(yf, x, w, matmul_options{});
  be.embed(yf, ids, w);
  be.rms_norm(y, vf, xf, gain, 1e-6);
  be.activate(y, x, activation::relu);
  be.gate(y, x, x, activation::gelu_new);
  be.dropout(y, x, dropout_options{}, false);
  be.dropout(yf, xf, dropout_options{}, true);
  be.expand_bias(yf, xf, bias_options{});
  be.attention(hy, vf, hx, hx, hx, ao);
};

/// Decoding.
/// - append_to_cache(cache[R,H,L,d], rows[R',H,n,d], position): copies into cache[r, h, position + i], r < R'
/// - top_k(values[M,k], ids[M,k], lse[M], logits[M,V]): the k largest, largest first, smaller id first among equals;
/// NaN
///   counts as −infinity; lse = log Σ exp of the row
template <class B, class P, class X = typename P::activation, class F = typename P::wide>
concept decode_backend = requires(B be, heads_view<X> cache, heads_view<X const> rows, matrix<F> values,
                                  matrix<std::int32_t> ids, vector_view<F> lse, matrix<F const> logits) {
  be.append_to_cache(cache, rows, extent{});
  be.top_k(values, ids, lse, logits);
};

/// Head and loss in one op: no logits tensor.
/// - cross_entropy_head(loss[M], dx[M,d] or empty, dw[V,d] or empty, x[M,d], w[V,d], labels[M], options): a loss per
/// row;
///   dx overwrites, dw accumulates. Scoring uses it too: with empty dx and dw, −loss is the label's log-probability.
///   The logits' gradient may be rounded to X once before both.
template <class B, class P, class W = typename P::weight, class X = typename P::activation, class F = typename P::wide,
          class G = typename P::gradient>
concept loss_backend = requires(B be, vector_view<F> loss, matrix<F> dx, matrix<G> dw, matrix<X const> x,
                                weight<W> const w, vector_view<std::int32_t const> labels) {
  be.cross_entropy_head(loss, dx, dw, x, w, labels, loss_options{});
};

/// All that generating and scoring need.
template <class B, class P>
concept inference_backend = forward_backend<B, P> && decode_backend<B, P> && loss_backend<B, P>;

/// Weights that can be trained: a quantised one has no gradient.
template <class P>
concept trained_precision = !quantized<typename P::weight>;

/// Backward ops. Gradients of activations overwrite, unless said; gradients of parameters (G) accumulate.
/// - weight_gradient(dw[N,K], dy[M,N], x[M,K], scale): dw += scale·dyᵀ·x
/// - embed_backward(dtable[V,d], dy[M,d], ids[M])
/// - rms_norm_backward(dx, dgain[1,d], dy, x, inverse, gain, accumulate): dx = or += ; dx may be dy when not
/// accumulating
/// - activate_backward(dx, dy, x, a) · gate_backward(dg, du, dy, g, u, a); dx, dg, du may each be dy
/// - expand_bias_backward(dtable, dbias, options)
/// - attention_backward(dq, dk, dv, dbias or empty, dy, y, lse, q, k, v, options): dbias[heads, 2D+1] accumulates;
/// key_rows and
///   ancestry are for inference and must be empty
template <class B, class P, class W = typename P::weight, class X = typename P::activation, class F = typename P::wide,
          class G = typename P::gradient>
concept backward_backend = trained_precision<P> && weight_backend<B, G> &&
    requires(B be, matrix<X> dx, matrix<F> dxf, matrix<G> dw, matrix<X const> x, matrix<F const> xf, weight<W> const w,
             weight<F> const gain, vector_view<F const> vf, vector_view<std::int32_t const> ids, heads_view<X> hd,
             heads_view<X const> h, attention_options<F> ao) {
  be.matmul(dx, x, w, matmul_options{});
  be.matmul(dxf, x, w, matmul_options{});
  be.weight_gradient(dw, x, x, 1.0);
  be.embed_backward(dw, xf, ids);
  be.rms_norm_backward(dxf, dw, xf, xf, vf, gain, true);
  be.activate_backward(dx, x, x, activation::relu);
  be.gate_backward(dx, dx, x, x, x, activation::gelu_new);
  be.expand_bias_backward(dw, xf, bias_options{});
  be.attention_backward(hd, hd, hd, dxf, h, h, vf, h, h, h, ao);
};

/// Optimizer ops, on masters M and gradients G. Statistics are F's real type: float, or double for fp64.
/// - sum_of_squares(sum[1], g): sum += Σ g², in double, in an order that depends on g's extents alone
/// - adafactor_update(w, g, v_row[rows], v_column[columns], v, options): factored when v is empty, else v[rows,
/// columns] is
///   used and v_row, v_column are empty
/// - adamw_update(w, g, m, v, options)
template <class B, class P, class M = typename P::master, class G = typename P::gradient>
concept optimizer_backend = weight_backend<B, M> && converts<B, typename P::weight, M> &&
    requires(B be, vector_view<double> sum, matrix<M> w, matrix<G const> g, vector_view<M> row, matrix<M> v) {
  be.sum_of_squares(sum, g);
  be.adafactor_update(w, g, row, row, v, adafactor_options{});
  be.adamw_update(w, g, v, v, adamw_options{});
};

/// All that finetuning needs.
template <class B, class P>
concept training_backend = inference_backend<B, P> && backward_backend<B, P> && optimizer_backend<B, P>;

}  // namespace flan
