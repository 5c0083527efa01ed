#pragma once
/// CUDA: rows of tables by token.

#include <cstdint>

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
/// dtable[ids[m]] += Σ of its dy[m], summed by runs of their order. Scratch: `lists` and `sorted`, M rounded up to
/// chunks, for the places ordered by id; `partial` [2·runs, columns] for ids that lie in more than one run of places.
template <class G, class D>
struct embed_backward_task {
  matrix<G> dtable;
  matrix<D const> dy;
  std::int32_t const* ids;
  std::uint64_t *lists, *sorted;
  matrix<float> partial;
  static constexpr extent chunk = 2048, run = 32;

  constexpr extent chunks() const { return (dy.rows + chunk - 1) / chunk; }
  constexpr extent runs() const { return (dy.rows + run - 1) / run; }
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
    embed_backward_task<G, D> t{dtable, dy, ids.data, nullptr, nullptr, {}};
    frame f{self()};
    t.lists = f.template make_vector<std::uint64_t>(t.chunks() * t.chunk).data;
    t.sorted = f.template make_vector<std::uint64_t>(t.chunks() * t.chunk).data;
    t.partial = f.template make<float>(2 * t.runs(), dy.columns);
    launch_embed_backward<G, D>(self().stream(), t);
  }
};

}  // namespace flan::detail
