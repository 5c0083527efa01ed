#pragma once
/// The reference backend: what every op means, as plain loops over any scalar. Slow, and the oracle of all tests: in
/// double for values, in std::complex<double> for derivatives (testing/gradient.hpp).

#include "flan/backend/host_memory.hpp"
#include "flan/reference/attention.hpp"
#include "flan/reference/decode.hpp"
#include "flan/reference/elementwise.hpp"
#include "flan/reference/embedding.hpp"
#include "flan/reference/loss.hpp"
#include "flan/reference/memory.hpp"
#include "flan/reference/norm.hpp"
#include "flan/reference/optimizer.hpp"
#include "flan/reference/products.hpp"

namespace flan {

/// Models training_backend for fp32, bf16_mixed, fp64 and std::complex<double>, and inference_backend for q8_weights.
/// Sums run in wide_t of the activations,
/// term by term. Extents that do not fit each other, ids and labels out of range: flan::error.
struct reference_backend : host_memory,
                           reference::layouts,
                           reference::products,
                           reference::elementwise,
                           reference::norms,
                           reference::embeddings,
                           reference::attentions,
                           reference::losses,
                           reference::decoding,
                           reference::optimizers {};

}  // namespace flan
