#pragma once
/// T5's relative position bias (Raffel et al. 2020, §2.1): one learned number per bucket of distances and head.

#include "flan/backend/options.hpp"
#include "flan/layer/norm.hpp"

namespace flan {

template <auto const& C, class P>
struct relative_bias {
  using F = typename P::wide;

  flan::weight<F> weight;  ///< [buckets, heads]
  [[no_unique_address]] resolved<C> config;
  static constexpr auto members = flan::members("weight", &relative_bias::weight);

  relative_bias() = default;
  template <class Config>
  explicit relative_bias(Config const& c) : config(c) {
    weight.rows = checked_extent(C.buckets, c.buckets, "relative_attention_num_buckets");
    weight.columns = checked_extent(C.heads, c.heads, "num_heads");
  }

  extent distances() const { return 2 * config.max_distance() + 1; }

  /// bias[heads, 2·max_distance + 1], by distance: attention reads it so.
  template <class B>
  void forward(B& be, matrix<F> bias, bool bidirectional) const {
    be.expand_bias(bias, in(weight.view()), bias_options{bidirectional, config.buckets(), config.max_distance()});
  }
  template <class B, class G>
  void backward(B& be, matrix<F> dbias, bool bidirectional, G& d) const {
    be.expand_bias_backward(d.weight.values(), in(dbias),
                            bias_options{bidirectional, config.buckets(), config.max_distance()});
  }
};

}  // namespace flan
