#pragma once
/// T5's buckets of relative positions, for every backend: one bucket off and a model is subtly another.

#include <cmath>

#include "flan/backend/options.hpp"

namespace flan {

/// The bucket of relative position `distance` = key − query. Half of the buckets (of each direction, when
/// bidirectional) are exact, the rest logarithmic up to max_distance, all that is farther shares the last. The
/// logarithm is a float's, since Hugging Face rounds there and where a bucket begins depends on it.
inline extent relative_bucket(extent distance, bias_options const& o) {
  extent buckets = o.buckets, first = 0;
  if (o.bidirectional) {
    buckets /= 2;
    if (distance > 0) first = buckets;
    distance = distance < 0 ? -distance : distance;
  } else {
    distance = distance < 0 ? -distance : 0;
  }
  extent const exact = buckets / 2;
  if (distance < exact) return first + distance;
  // Settings that leave nothing to divide logarithmically: all that is not exact is far. (Hugging Face divides by
  // zero.)
  if (exact == 0 || o.max_distance <= exact) return first + (buckets > 0 ? buckets - 1 : 0);
  float const ratio = static_cast<float>(distance) / static_cast<float>(exact);
  float const octaves = static_cast<float>(std::log(static_cast<double>(o.max_distance) / static_cast<double>(exact)));
  extent const large = exact + static_cast<extent>(std::log(ratio) / octaves * static_cast<float>(buckets - exact));
  return first + (large < buckets - 1 ? large : buckets - 1);
}

}  // namespace flan
