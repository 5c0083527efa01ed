#pragma once
/// CUDA: rows of tables by token.

#include "flan/backend/expect.hpp"
#include "flan/backend/quantized.hpp"
#include "flan/backend/weight.hpp"
#include "flan/cuda/elements.hpp"
#include "flan/cuda/error.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::detail {

/// y[m] = row ids[m] of the table of `rows` rows: row-major, or q8 panels (backend/quantized.hpp).
template <class Y, class W>
struct embed_task {
  matrix<Y> y;
  std::int32_t const* ids;
  W const* table;
  extent rows;
};
/// dtable[ids[m]] += dy[m], equal ids in the order of m. `order` is scratch for a sorted order of the M places.
template <class G, class D>
struct embed_backward_task {
  matrix<G> dtable;
  matrix<D const> dy;
  std::int32_t const* ids;
  std::int32_t* order;
};

/// Defined in kernels/embedding.cuh.
template <class Y, class W>
void launch_embed(cudaStream_t, embed_task<Y, W> const&);
template <class G, class D>
void launch_embed_backward(cudaStream_t, embed_backward_task<G, D> const&);

template <class Backend>
class cuda_embedding {
  Backend& self() { return static_cast<Backend&>(*this); }

 public:
  /// An id outside of the table gives a row of NaN.
  template <cuda_number Y, cuda_weight_element W>
  void embed(matrix<Y> y, vector_view<std::int32_t const> ids, weight<W> const& table) {
    expect("embed", "the rows of y", ids.size, y.rows);
    expect("embed", "the columns of y", table.columns, y.columns);
    if constexpr (!quantized<W>) table.view();  // throws where another backend packed it
    if (!y.empty()) launch_embed<Y, W>(self().stream(), {y, ids.data, table.data, table.rows});
  }
  /// An id outside of the table is left out.
  template <std::same_as<float> G, std::same_as<float> D>
  void embed_backward(matrix<G> dtable, matrix<D const> dy, vector_view<std::int32_t const> ids) {
    expect("embed_backward", "the rows of dy", ids.size, dy.rows);
    expect("embed_backward", "the columns of dy", dtable.columns, dy.columns);
    if (dy.empty() || dtable.empty()) return;
    frame f{self()};
    auto const order = f.template make_vector<std::int32_t>(ids.size);
    launch_embed_backward<G, D>(self().stream(), {dtable, dy, ids.data, order.data});
  }
};

}  // namespace flan::detail
