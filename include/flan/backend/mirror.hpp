#pragma once
/// Host copies of what an op was given, in the numbers of an oracle: double for every real format, complex stays
/// complex, integers stay what they are. Elements lie without gaps, whatever the strides of the original.

#include <complex>
#include <concepts>
#include <vector>

#include "flan/backend/options.hpp"
#include "flan/backend/weight.hpp"
#include "flan/core/number.hpp"
#include "flan/tensor/frame.hpp"

namespace flan::detail {

template <class T>
struct oracle_type {
  using type = double;
};
template <std::integral T>
struct oracle_type<T> {
  using type = T;
};
template <class T>
struct oracle_type<std::complex<T>> {
  using type = std::complex<double>;
};
template <class T>
using oracle_t = typename oracle_type<std::remove_const_t<T>>::type;

/// A view of the oracle's numbers together with the values it views. Moves keep the view valid, copies would not.
template <class View>
struct mirrored {
  using value_type = typename View::value_type;
  std::vector<value_type> values;
  std::vector<value_type> before;  ///< the values before the oracle ran, where the op adds to them
  View view;

  mirrored() = default;
  mirrored(mirrored&&) = default;
  mirrored& operator=(mirrored&&) = default;
  mirrored(mirrored const&) = delete;

  void remember() { before = values; }
};

template <class O, class T>
std::vector<O> to_oracle(std::vector<T> const& host) {
  std::vector<O> v(host.size());
  for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<O>(widen(host[i]));
  return v;
}

template <class B, class T>
mirrored<matrix<oracle_t<T>>> mirror(B& be, matrix<T> m) {
  mirrored<matrix<oracle_t<T>>> r;
  if (!m.empty()) r.values = to_oracle<oracle_t<T>>(to_host(be, m));
  r.view = {r.values.data(), m.rows, m.columns};
  return r;
}
template <class B, class T>
mirrored<vector_view<oracle_t<T>>> mirror(B& be, vector_view<T> v) {
  mirrored<vector_view<oracle_t<T>>> r;
  if (!v.empty()) r.values = to_oracle<oracle_t<T>>(to_host(be, v));
  r.view = {r.values.data(), v.size};
  return r;
}
/// Row after row of batch × heads × length.
template <class B, class T>
std::vector<std::remove_const_t<T>> heads_to_host(B& be, heads_view<T> h) {
  std::vector<std::remove_const_t<T>> host(static_cast<std::size_t>(h.batch * h.heads * h.length * h.width));
  auto* to = host.data();
  for (extent b = 0; b < h.batch; ++b)
    for (extent n = 0; n < h.heads; ++n)
      for (extent l = 0; l < h.length; ++l, to += h.width)
        be.download(to, h.at(b, n, l), static_cast<std::size_t>(h.width) * sizeof(T));
  return host;
}
template <class B, class T>
mirrored<heads_view<oracle_t<T>>> mirror(B& be, heads_view<T> h) {
  mirrored<heads_view<oracle_t<T>>> r;
  r.values = to_oracle<oracle_t<T>>(heads_to_host(be, h));
  r.view = {r.values.data(),    h.batch, h.heads, h.length, h.width, h.heads * h.length * h.width,
            h.length * h.width, h.width};
  return r;
}

/// The weight, row-major, whatever its layout; the values have an owner inside.
template <class W>
struct mirrored_weight {
  std::vector<W> host;
  std::vector<oracle_t<W>> values;
  weight<oracle_t<W>> view;
};
template <class B, class W>
mirrored_weight<W> mirror(B& be, weight<W> const& w) {
  mirrored_weight<W> r;
  if (w.format == layout::row_major) {
    if (w.size() != 0) r.host = to_host(be, w.view());
  } else {
    frame f{be};
    auto const rows = f.template make<W>(w.rows, w.columns);
    be.unpack(rows, w);
    r.host = to_host(be, rows);
  }
  r.values = to_oracle<oracle_t<W>>(r.host);
  r.view.data = r.values.data();
  r.view.rows = w.rows, r.view.columns = w.columns;
  return r;
}

struct mirrored_dropout {
  mirrored<vector_view<std::uint32_t>> rows;
  dropout_options options;
};
template <class B>
mirrored_dropout mirror(B& be, dropout_options const& o) {
  mirrored_dropout r;
  r.rows = mirror(be, o.active() ? o.rows : decltype(o.rows){});
  r.options = {o.rate, o.site, in(r.rows.view)};
  return r;
}

template <class F>
struct mirrored_attention {
  mirrored<matrix<oracle_t<F>>> bias;
  mirrored<vector_view<std::int32_t>> key_lengths, query_segments, key_segments, key_rows;
  mirrored<matrix<std::int32_t>> ancestry;
  mirrored<vector_view<std::uint32_t>> key_keys;
  mirrored_dropout dropout;
  attention_options<oracle_t<F>> options;
};
template <class B, class F>
mirrored_attention<F> mirror(B& be, attention_options<F> const& o) {
  mirrored_attention<F> r{mirror(be, o.bias),         mirror(be, o.key_lengths), mirror(be, o.query_segments),
                          mirror(be, o.key_segments), mirror(be, o.key_rows),    mirror(be, o.ancestry),
                          mirror(be, o.key_keys),     mirror(be, o.dropout),     {}};
  auto& t = r.options;
  t.bias = in(r.bias.view);
  t.query_offset = o.query_offset;
  t.causal = o.causal;
  t.key_lengths = in(r.key_lengths.view);
  t.query_segments = in(r.query_segments.view);
  t.key_segments = in(r.key_segments.view);
  t.key_rows = in(r.key_rows.view);
  t.ancestry = in(r.ancestry.view);
  t.key_keys = in(r.key_keys.view);
  t.dropout = r.dropout.options;
  return r;
}

}  // namespace flan::detail
