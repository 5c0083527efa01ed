#pragma once
/// CUDA: attention's bias by distance, from a table by bucket.

#include <vector>

#include "flan/backend/expect.hpp"
#include "flan/backend/relative_bucket.hpp"
#include "flan/cuda/elements.hpp"
#include "flan/cuda/error.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::detail {

/// bias[h, c] = table[bucket[c], h].
template <class T, class U>
struct expand_bias_task {
  matrix<T> bias;
  matrix<U const> table;
  std::int32_t const* bucket;
};
/// dtable[b, h] += Σ dbias[h, c] over the c with bucket[c] = b, in an order of the columns alone.
template <class G, class T>
struct expand_bias_backward_task {
  matrix<G> dtable;
  matrix<T const> dbias;
  std::int32_t const* bucket;
};

/// Defined in kernels/bias.cuh.
template <class T, class U>
void launch_expand_bias(cudaStream_t, expand_bias_task<T, U> const&);
template <class G, class T>
void launch_expand_bias_backward(cudaStream_t, expand_bias_backward_task<G, T> const&);

template <class Backend>
class cuda_bias {
  Backend& self() { return static_cast<Backend&>(*this); }

  /// The bucket of each column of a bias, by the host's logarithm: one bucket off and a model is subtly another.
  template <class Frame>
  std::int32_t const* buckets(Frame& f, extent columns, bias_options const& o) {
    std::vector<std::int32_t> host(static_cast<std::size_t>(columns));
    for (extent c = 0; c < columns; ++c)
      host[static_cast<std::size_t>(c)] = static_cast<std::int32_t>(relative_bucket(c - (columns - 1) / 2, o));
    auto const device = f.template make_vector<std::int32_t>(columns);
    self().upload(device.data, host.data(), host.size() * sizeof(std::int32_t));
    return device.data;
  }

 public:
  template <std::same_as<float> T, std::same_as<float> U>
  void expand_bias(matrix<T> bias, matrix<U const> table, bias_options const& o) {
    expect("expand_bias", "the rows of bias (heads)", table.columns, bias.rows);
    expect("expand_bias", "the rows of the table (buckets)", o.buckets, table.rows);
    if (bias.empty()) return;
    frame f{self()};
    launch_expand_bias<T, U>(self().stream(), {bias, table, buckets(f, bias.columns, o)});
  }
  template <std::same_as<float> G, std::same_as<float> T>
  void expand_bias_backward(matrix<G> dtable, matrix<T const> dbias, bias_options const& o) {
    expect("expand_bias_backward", "the rows of dbias (heads)", dtable.columns, dbias.rows);
    expect("expand_bias_backward", "the rows of dtable (buckets)", o.buckets, dtable.rows);
    if (dbias.empty()) return;
    frame f{self()};
    launch_expand_bias_backward<G, T>(self().stream(), {dtable, dbias, buckets(f, dbias.columns, o)});
  }
};

}  // namespace flan::detail
