#pragma once
/// What every backend checks about the arguments of its larger ops.

#include <cstdint>

#include "flan/backend/expect.hpp"
#include "flan/backend/options.hpp"
#include "flan/backend/weight.hpp"

namespace flan::detail {

/// Throws unless the options of attention fit q and k.
template <class F, class Q, class K>
void expect_attention(char const* op, attention_options<F> const& o, heads_view<Q> const& q, heads_view<K> const& k) {
  expect(op, "the heads of k", q.heads, k.heads);
  expect(op, "the width of k", q.width, k.width);
  if (!o.bias.empty()) expect(op, "the rows of the bias (heads)", q.heads, o.bias.rows);
  if (!o.key_lengths.empty()) expect(op, "the number of key lengths", k.batch, o.key_lengths.size);
  if (!o.query_segments.empty()) {
    expect(op, "the number of query segments", q.batch * q.length, o.query_segments.size);
    expect(op, "the number of key segments", k.batch * k.length, o.key_segments.size);
  }
  if (o.dropout.active()) {
    expect(op, "the dropout keys of queries", q.batch * q.length, o.dropout.rows.size);
    expect(op, "the dropout keys of keys", k.batch * k.length, o.key_keys.size);
  }
  if (!o.key_rows.empty()) expect(op, "the number of key rows", q.batch, o.key_rows.size);
  if (!o.ancestry.empty()) expect(op, "the rows of the ancestry", q.batch, o.ancestry.rows);
  if (!o.ancestry.empty() && o.ancestry.columns < k.length)
    fail(op, " expected the ancestry of ", k.length, " keys but found that of ", o.ancestry.columns);
  if (o.key_rows.empty() && o.ancestry.empty()) expect(op, "the batch of k", q.batch, k.batch);
}

template <class D, class F, class X>
void expect_attention_backward(heads_view<D> const& dq, heads_view<D> const& dk, heads_view<D> const& dv,
                               matrix<F> const& dbias, heads_view<X const> const& dy, heads_view<X const> const& y,
                               vector_view<F const> const& lse, heads_view<X const> const& q,
                               heads_view<X const> const& k, heads_view<X const> const& v,
                               attention_options<F> const& o) {
  char const* const op = "attention_backward";
  if (!o.key_rows.empty() || !o.ancestry.empty()) fail(op, " expected no key_rows and no ancestry");
  expect_attention(op, o, q, k);
  expect_shape(op, "v", v, k);
  expect_shape(op, "y", y, q);
  expect_shape(op, "dy", dy, q);
  expect_shape(op, "dq", dq, q);
  expect_shape(op, "dk", dk, k);
  expect_shape(op, "dv", dv, k);
  expect(op, "the size of lse", q.batch * q.heads * q.length, lse.size);
  if (!dbias.empty()) {
    expect(op, "the rows of dbias (heads)", q.heads, dbias.rows);
    expect(op, "the columns of dbias", o.bias.columns, dbias.columns);
  }
}

template <class D, class G, class E, class X, class F>
void expect_norm_backward(matrix<D> const& dx, matrix<G> const& dgain, matrix<E const> const& dy,
                          matrix<X const> const& x, vector_view<F const> const& inverse, weight<F> const& gain) {
  char const* const op = "rms_norm_backward";
  expect_shape(op, "dy", dy, x);
  expect_shape(op, "dx", dx, x);
  expect(op, "the size of inverse", x.rows, inverse.size);
  expect(op, "the gain's columns", x.columns, gain.size());
  expect(op, "the columns of dgain", x.columns, dgain.columns);
}

template <class T>
void expect_append(heads_view<T> const& cache, heads_view<T const> const& rows, extent position) {
  char const* const op = "append_to_cache";
  expect(op, "the heads of rows", cache.heads, rows.heads);
  expect(op, "the width of rows", cache.width, rows.width);
  if (position < 0 || position + rows.length > cache.length || rows.batch > cache.batch)
    fail(op, " expected rows within ", cache.batch, " rows of ", cache.length, " positions but found ", rows.batch,
         " rows of ", rows.length, " from position ", position);
}

template <class F>
void expect_top_k(matrix<F> const& values, matrix<std::int32_t> const& ids, vector_view<F> const& lse,
                  matrix<F const> const& logits) {
  expect("top_k", "the rows of values", logits.rows, values.rows);
  expect_shape("top_k", "ids", ids, values);
  if (values.columns > logits.columns)
    fail("top_k expected at most ", logits.columns, " of a row but found k = ", values.columns);
  if (!lse.empty()) expect("top_k", "the size of lse", logits.rows, lse.size);
}

template <class F, class D, class G, class X, class W>
void expect_cross_entropy(vector_view<F> const& loss, matrix<D> const& dx, matrix<G> const& dw,
                          matrix<X const> const& x, weight<W> const& w, vector_view<std::int32_t const> const& labels) {
  char const* const op = "cross_entropy_head";
  expect(op, "the columns of x", w.columns, x.columns);
  expect(op, "the number of labels", x.rows, labels.size);
  expect(op, "the size of loss", x.rows, loss.size);
  if (!dx.empty()) expect_shape(op, "dx", dx, x);
  if (!dw.empty()) {
    expect(op, "the rows of dw", w.rows, dw.rows);
    expect(op, "the columns of dw", w.columns, dw.columns);
  }
}

}  // namespace flan::detail
