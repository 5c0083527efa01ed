#pragma once
/// Which number format each kind of tensor has.

#include "flan/core/number.hpp"
#include "flan/core/packed.hpp"

namespace flan {

/// The four choices that training and inference leave open. Accumulation, statistics, logits, losses and the residual
/// stream are always `wide` (float for bf16 and float).
/// - Weight: how parameters of linear layers and embeddings are stored; gains and bias tables are stored wide.
/// - Activation: what layers hand to products.      - Gradient: accumulated gradients of parameters.
/// - Master: the copy of the weights that the optimizer updates, when it is wider than Weight.
template <class Weight, class Activation, class Gradient, class Master>
struct precision {
  using weight = Weight;
  using activation = Activation;
  using gradient = Gradient;
  using master = Master;
  using wide = wide_t<Activation>;
};

using fp32 = precision<float, float, float, float>;
/// bf16 weights and activations, float accumulation, gradients and masters.
using bf16_mixed = precision<bf16, bf16, float, float>;
/// For inference: weights of linear layers and embeddings in 8 bits with a scale for each output, quantised when a
/// checkpoint is read; all else float. How products quantise activations on their way is the backend's affair.
using q8_weights = precision<q8, float, float, float>;
/// For tests: the reference backend in double.
using fp64 = precision<double, double, double, double>;

/// The precision of the model that holds P's gradients: the same shape, in P's gradient format.
template <class P>
using gradient_precision =
    precision<typename P::gradient, typename P::gradient, typename P::gradient, typename P::gradient>;
/// The precision of the model that holds P's masters.
template <class P>
using master_precision = precision<typename P::master, typename P::master, typename P::gradient, typename P::master>;

}  // namespace flan
