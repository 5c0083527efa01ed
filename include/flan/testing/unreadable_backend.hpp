#pragma once
/// A backend whose memory the host cannot read: a device, as far as everything above the backend can tell. Code that
/// dereferences a tensor's address, or hands a host address to an op, crashes at that line.

#include <cstdint>
#include <cstring>
#include <utility>

#include "flan/backend/options.hpp"
#include "flan/backend/together.hpp"
#include "flan/backend/weight.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::testing {

namespace detail {

/// A bit above every address that a process of x86-64 or AArch64 has (and below AArch64's ignored tag byte): an address
/// with it flipped is mapped nowhere.
inline constexpr std::uintptr_t far_bit = std::uintptr_t{1} << 52;
static_assert(sizeof(void*) == 8, "unreadable addresses are made for 64-bit systems");

/// A host address as a device's, or back; null stays null, since it means "absent".
template <class T>
T* translated(T* p) {
  // Through volatile, so that no compiler concludes anything from an address it knows.
  std::uintptr_t volatile address = reinterpret_cast<std::uintptr_t>(p);
  return p == nullptr ? p : reinterpret_cast<T*>(address ^ far_bit);
}
template <class T>
matrix<T> translated(matrix<T> m) {
  m.data = translated(m.data);
  return m;
}
template <class T>
vector_view<T> translated(vector_view<T> v) {
  v.data = translated(v.data);
  return v;
}
template <class T>
heads_view<T> translated(heads_view<T> h) {
  h.data = translated(h.data);
  return h;
}
/// The owner moves with the address, so that what frees it stays the same.
template <class W>
weight<W> translated(weight<W> w) {
  w.data = translated(w.data);
  if (w.owner) w.owner = memory(w.owner, translated(w.owner.get()));
  return w;
}
template <class Y, class W, std::size_t N>
std::array<projection<Y, W>, N> translated(std::array<projection<Y, W>, N> all) {
  for (auto& p : all) p = {translated(p.y), translated(std::move(p.w))};
  return all;
}
template <class W>
gated_weights<W> translated(gated_weights<W> w) {
  return {translated(std::move(w.gate)), translated(std::move(w.up)), w.a};
}
inline dropout_options translated(dropout_options o) {
  o.rows = translated(o.rows);
  return o;
}
template <class F>
attention_options<F> translated(attention_options<F> o) {
  o.bias = translated(o.bias);
  o.key_lengths = translated(o.key_lengths);
  o.query_segments = translated(o.query_segments);
  o.key_segments = translated(o.key_segments);
  o.key_rows = translated(o.key_rows);
  o.ancestry = translated(o.ancestry);
  o.dropout = translated(o.dropout);
  o.key_keys = translated(o.key_keys);
  return o;
}
inline adafactor_options translated(adafactor_options o) {
  o.row_squares = translated(o.row_squares);
  return o;
}
// What holds no address.
inline bias_options translated(bias_options const& o) { return o; }
inline matmul_options translated(matmul_options const& o) { return o; }
inline loss_options translated(loss_options const& o) { return o; }
inline adamw_options translated(adamw_options const& o) { return o; }
inline activation translated(activation a) { return a; }
template <class N>
requires std::is_arithmetic_v<N> N translated(N n) { return n; }

}  // namespace detail

/// Base (a backend on host memory), behind addresses that only upload, download and the ops understand. Fresh memory is
/// full of NaN, so that reading what was never written shows.
template <class Base>
class unreadable_backend {
  Base base_;
  workspace workspace_;  // its own: Base's holds readable addresses, for the scratch of Base's ops

 public:
  static constexpr bool reads_host_memory = false;

  unreadable_backend() = default;
  explicit unreadable_backend(Base base) : base_(std::move(base)) {}

  memory allocate(std::size_t bytes) {
    memory m = base_.allocate(bytes);
    std::memset(m.get(), 0xff, bytes);
    return memory(m, detail::translated(m.get()));
  }
  void upload(void* to, void const* from, std::size_t bytes) {
    if (bytes != 0) base_.upload(detail::translated(to), from, bytes);
  }
  void download(void* to, void const* from, std::size_t bytes) {
    if (bytes != 0) base_.download(to, detail::translated(from), bytes);
  }
  void synchronize() { base_.synchronize(); }
  arena& scratch() { return workspace_.scratch(); }
  arena& kept() { return workspace_.kept(); }

  template <class W>
  weight<W> allocate_weight(extent rows, extent columns) {
    return detail::translated(base_.template allocate_weight<W>(rows, columns));
  }
  /// Uploads.
  template <class W>
  weight<W> adopt(matrix<W const> host, memory) {
    weight<W> w = allocate_weight<W>(host.rows, host.columns);
    for (extent r = 0; r < host.rows; ++r)
      upload(w.data + r * w.columns, host.data + r * host.stride, static_cast<std::size_t>(w.columns) * sizeof(W));
    w.read_only = true;
    return w;
  }
  template <class W>
  void pack(weight<W>& w) {
    weight<W> readable = detail::translated(w);
    base_.pack(readable);
    w = detail::translated(std::move(readable));
  }

// An op is there exactly when Base has it for the same arguments: the concepts see what they would see of Base.
#define FLAN_TESTING_FORWARD(op)                                                 \
  template <class... A>                                                          \
  requires requires(Base & b, A const&... a) { b.op(detail::translated(a)...); } \
  void op(A const&... a) { base_.op(detail::translated(a)...); }
  FLAN_TESTING_FORWARD(unpack)
  FLAN_TESTING_FORWARD(quantize)
  FLAN_TESTING_FORWARD(fill)
  FLAN_TESTING_FORWARD(copy)
  FLAN_TESTING_FORWARD(add)
  FLAN_TESTING_FORWARD(dropout)
  FLAN_TESTING_FORWARD(activate)
  FLAN_TESTING_FORWARD(activate_backward)
  FLAN_TESTING_FORWARD(gate)
  FLAN_TESTING_FORWARD(gate_backward)
  FLAN_TESTING_FORWARD(matmul)
  FLAN_TESTING_FORWARD(weight_gradient)
  FLAN_TESTING_FORWARD(embed)
  FLAN_TESTING_FORWARD(embed_backward)
  FLAN_TESTING_FORWARD(rms_norm)
  FLAN_TESTING_FORWARD(rms_norm_backward)
  FLAN_TESTING_FORWARD(expand_bias)
  FLAN_TESTING_FORWARD(expand_bias_backward)
  FLAN_TESTING_FORWARD(attention)
  FLAN_TESTING_FORWARD(attention_backward)
  FLAN_TESTING_FORWARD(cross_entropy_head)
  FLAN_TESTING_FORWARD(append_to_cache)
  FLAN_TESTING_FORWARD(top_k)
  FLAN_TESTING_FORWARD(sum_of_squares)
  FLAN_TESTING_FORWARD(adafactor_update)
  FLAN_TESTING_FORWARD(adamw_update)
#undef FLAN_TESTING_FORWARD
};

}  // namespace flan::testing
