#pragma once
/// A suite that any backend can run: every op against the reference backend in double, over ragged and empty shapes,
/// unaligned sub-views, every option and mask, NaN and infinities; whether an op writes outside of its outputs; and
/// whether the same call gives the same bits again.
///
///     my_backend mine;
///     auto const found = flan::testing::conformance<flan::fp32>(mine);
///     std::cout << found;        // per op: comparisons, worst error, the first failures
///     return found.ok() ? 0 : 1;

#include "flan/backend/concept.hpp"
#include "flan/testing/conformance/attention.hpp"
#include "flan/testing/conformance/elementwise.hpp"
#include "flan/testing/conformance/loss.hpp"
#include "flan/testing/conformance/optimizer.hpp"
#include "flan/testing/conformance/products.hpp"
#include "flan/testing/conformance/replaced.hpp"

namespace flan::testing {

struct conformance_options {
  std::uint64_t seed = 1;  ///< of the random contents
  bool small = false;      ///< leaves the larger shapes out: a tenth of the time, and still every op
};

/// Runs what the backend models: forward, decoding and loss always, backward and optimizer ops where it has them. Works
/// on a copy of the backend, as sessions do.
template <class P = fp32, inference_backend<P> B>
report conformance(B const& backend, conformance_options const& o = {}) {
  using W = typename P::weight;
  using X = typename P::activation;
  using F = typename P::wide;
  conformance_session<B> s(backend, o.seed, o.small);
  constexpr bool mixed = !std::is_same_v<X, F>;

  detail::check_layouts<W>(s);
  for (bool packed : {false, true}) {
    detail::check_matmul<X, X, W>(s, packed);
    if constexpr (mixed) detail::check_matmul<F, X, W>(s, packed);
  }
  detail::check_together<B, X, W>(s);
  detail::check_conversions<X, F>(s);
  if constexpr (mixed) {
    detail::check_conversions<F, X>(s);
    detail::check_conversions<F, F>(s);
    detail::check_dropout<F>(s);
  }
  detail::check_dropout<X>(s);
  detail::check_activations<X>(s);
  detail::check_norm<X, F>(s);
  detail::check_tables<F, W>(s);
  detail::check_attention<X, F>(s);
  detail::check_head<X, W, F, typename P::gradient>(s);
  detail::check_decoding<X, F>(s);
  if constexpr (backward_backend<B, P>) {
    using G = typename P::gradient;
    detail::check_weight_gradient<G, X, X>(s);
    detail::check_activations_backward<X>(s);
    detail::check_norm_backward<F, G>(s);
    detail::check_tables_backward<F, G>(s);
    detail::check_attention_backward<X, F>(s);
  }
  if constexpr (optimizer_backend<B, P>) detail::check_optimizers<typename P::master, typename P::gradient>(s);
  s.result.replaced = detail::replaced_ops<B, P>();
  return std::move(s.result);
}

}  // namespace flan::testing
