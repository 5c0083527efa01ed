#pragma once
/// The norm of all gradients together, and clipping by it.

#include <cmath>

#include "flan/layer/parameters.hpp"
#include "flan/tensor/tensor.hpp"

namespace flan {

/// √Σ g² over every parameter, in double. The order is the parameters' and, inside one, the backend's, which depends on
/// extents alone: threads do not change a bit. `sum` is one number of scratch in backend memory.
template <class B, class G>
double gradient_norm(B& be, G& gradient, vector_view<double> sum) {
  double squares = 0;
  be.upload(sum.data, &squares, sizeof squares);
  for_each_weight([&](auto& g) { be.sum_of_squares(sum, in(g.values())); }, gradient);
  be.download(&squares, sum.data, sizeof squares);
  return std::sqrt(squares);
}

/// What to multiply gradients of that norm by, so that it is at most `limit`. No limit: 0.
inline double clip_factor(double norm, double limit) { return limit > 0 && norm > limit ? limit / norm : 1; }

}  // namespace flan
