#pragma once
/// Token ids to rows of a table.

#include "flan/backend/weight.hpp"
#include "flan/core/members.hpp"
#include "flan/core/precision.hpp"
#include "flan/layer/resolved.hpp"

namespace flan {

template <extent Vocabulary, extent Width, class P>
struct embedding {
  flan::weight<typename P::weight> weight;  ///< [vocabulary, width]
  static constexpr auto members = flan::members("weight", &embedding::weight);

  embedding() = default;
  embedding(extent vocabulary, extent width) {
    weight.rows = checked_extent(Vocabulary, vocabulary, "vocabulary");
    weight.columns = checked_extent(Width, width, "embedding width");
  }

  /// y[i] = row ids[i] of the table. The caller checks that ids lie in the vocabulary.
  template <class B>
  void forward(B& be, matrix<typename P::wide, Width> y, vector_view<std::int32_t const> ids) const {
    be.embed(out(y), ids, weight);
  }
  template <class B, class G>
  void backward(B& be, matrix<typename P::wide, Width> dy, vector_view<std::int32_t const> ids, G& d) const {
    be.embed_backward(d.weight.values(), in(dy), ids);
  }
};

}  // namespace flan
