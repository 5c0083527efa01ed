#pragma once
/// What ops check about their arguments: extents only, so that the check costs nothing beside the work.

#include "flan/tensor/view.hpp"

namespace flan::detail {

/// Throws unless `what` of `op` has the extent that its other arguments imply.
inline void expect(char const* op, char const* what, extent expected, extent found) {
  if (expected != found) fail(op, " expected ", what, " to be ", expected, " but found ", found);
}

template <class T, class U>
void expect_shape(char const* op, char const* what, matrix<T> const& m, matrix<U> const& like) {
  if (m.rows != like.rows || m.columns != like.columns)
    fail(op, " expected ", what, " to be ", like.rows, " x ", like.columns, " but found ", m.rows, " x ", m.columns);
}

template <class T, class U>
void expect_shape(char const* op, char const* what, heads_view<T> const& m, heads_view<U> const& like) {
  if (m.batch != like.batch || m.heads != like.heads || m.length != like.length || m.width != like.width)
    fail(op, " expected ", what, " to be ", like.batch, " x ", like.heads, " x ", like.length, " x ", like.width,
         " but found ", m.batch, " x ", m.heads, " x ", m.length, " x ", m.width);
}

}  // namespace flan::detail
