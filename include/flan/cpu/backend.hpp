#pragma once
/// The CPU backend: own kernels for AVX-512, AVX2 and any processor, chosen when the program runs; no library to link.

#include "flan/backend/host_memory.hpp"
#include "flan/cpu/attention.hpp"
#include "flan/cpu/decode.hpp"
#include "flan/cpu/elementwise.hpp"
#include "flan/cpu/embedding.hpp"
#include "flan/cpu/loss.hpp"
#include "flan/cpu/norm.hpp"
#include "flan/cpu/optimizer.hpp"
#include "flan/cpu/products.hpp"
#include "flan/cpu/weights.hpp"

namespace flan {

/// Models training_backend for fp32 and bf16_mixed, inference_backend for q8_weights. Copies share nothing but the
/// process's memory and thread pool. A row's forward bits depend on the instruction set, not on batch, padding, threads
/// or a weight's layout. Composite ops (cross_entropy_head) use the kernels of this class, not a derived class's
/// matmul.
class cpu_backend : public host_memory,
                    public detail::cpu_weights,
                    public detail::cpu_products,
                    public detail::cpu_elementwise,
                    public detail::cpu_norm,
                    public detail::cpu_embedding,
                    public detail::cpu_attention,
                    public detail::cpu_decode,
                    public detail::cpu_optimizer {
  instruction_set isa_;

  explicit cpu_backend(instruction_set i)
      : detail::cpu_products(i),
        detail::cpu_elementwise(i),
        detail::cpu_norm(i),
        detail::cpu_embedding(i),
        detail::cpu_attention(i),
        detail::cpu_decode(i),
        detail::cpu_optimizer(i),
        isa_(i) {}

 public:
  cpu_backend() : cpu_backend(cpu_options{}) {}
  /// Throws where the machine lacks the instructions asked for.
  explicit cpu_backend(cpu_options const& o) : cpu_backend(o.resolved()) {}

  /// Quantised weights lie where packed ones would: in memory for what is read from end to end.
  template <class W>
  weight<W> allocate_weight(extent rows, extent columns) {
    if constexpr (quantized<W>)
      return detail::q8_zeros(detail::allocate_streamed(detail::q8_bytes(rows, columns)), rows, columns);
    else
      return host_memory::allocate_weight<W>(rows, columns);
  }

  template <class F, class D, class G, class X, class W>
  void cross_entropy_head(vector_view<F> loss, matrix<D> dx, matrix<G> dw, matrix<X const> x, weight<W> const& w,
                          vector_view<std::int32_t const> labels, loss_options const& o) {
    detail::cross_entropy(isa_, *this, loss, dx, dw, x, w, labels, o);
  }

  /// The instructions that this backend's kernels use.
  instruction_set isa() const { return isa_; }
};

}  // namespace flan
