#pragma once
/// Views borrow: a pointer into backend memory and the extents. They have no element access, since the memory may be a
/// device's; kernels use `data`.

#include <type_traits>

#include "flan/core/shape.hpp"

namespace flan {

/// A row of `size` consecutive elements. An empty one (size 0, data null) means "absent" wherever an op says optional.
template <class T>
struct vector_view {
  using value_type = T;
  T* data = nullptr;
  extent size = 0;

  constexpr bool empty() const { return size == 0; }
  constexpr vector_view part(extent first, extent count) const { return {data + first, count}; }
};

/// rows × columns, row-major, `stride` elements from row to row. Columns may be known to the compiler: layers say the
/// width of what they take, and a wrong one does not compile.
template <class T, extent Columns = any_extent>
struct matrix {
  using value_type = T;
  T* data = nullptr;
  extent rows = 0;
  extent columns = Columns == any_extent ? 0 : Columns;
  extent stride = columns;

  constexpr matrix() = default;
  constexpr matrix(T* d, extent r, extent c) : matrix(d, r, c, c) {}
  constexpr matrix(T* d, extent r, extent c, extent s) : data(d), rows(r), columns(c), stride(s) {
    // An absent one (data null) fits every width.
    if (d != nullptr && !fits(Columns, c)) fail("a matrix of ", Columns, " columns cannot view ", c, " columns");
  }
  /// Forgets (or, towards a static width, checks) the width, and may add const.
  template <class U, extent Other>
  requires((std::is_same_v<U, T> ||
            std::is_same_v<U const, T>)&&(Columns == Other || Columns == any_extent ||
                                          Other == any_extent)) constexpr matrix(matrix<U, Other> m)
      : matrix(m.data, m.rows, m.columns, m.stride) {}  // NOLINT: a view of the same

  constexpr bool empty() const { return rows == 0 || columns == 0; }
  constexpr bool contiguous() const { return stride == columns || rows <= 1; }
  constexpr matrix row_range(extent first, extent count) const {
    return {data + first * stride, count, columns, stride};
  }
  constexpr matrix<T> column_range(extent first, extent count) const { return {data + first, rows, count, stride}; }
};

/// batch × heads × length × width with a stride for each of the first three; the last is contiguous. A projection's
/// [batch·length, heads·width] and a head-major cache are both such views.
template <class T>
struct heads_view {
  using value_type = T;
  T* data = nullptr;
  extent batch = 0, heads = 0, length = 0, width = 0;
  extent batch_stride = 0, head_stride = 0, length_stride = 0;

  constexpr T* at(extent b, extent h, extent l) const {
    return data + b * batch_stride + h * head_stride + l * length_stride;
  }
};

/// A projection [batch·length, heads·width] seen by heads.
template <class T, extent C>
constexpr heads_view<T> split_heads(matrix<T, C> m, extent batch, extent heads) {
  extent const length = batch ? m.rows / batch : 0, width = heads ? m.columns / heads : 0;
  return {m.data, batch, heads, length, width, length * m.stride, width, m.stride};
}

// Ops are templates over element types and cannot deduce through a conversion; these two say "out" and "in" at the
// call: be.rms_norm(out(y), out(inverse), in(x), …).
template <class T, extent C>
constexpr matrix<T> out(matrix<T, C> m) {
  return m;
}
template <class T>
constexpr vector_view<T> out(vector_view<T> v) {
  return v;
}
template <class T>
constexpr heads_view<T> out(heads_view<T> v) {
  return v;
}

template <class T, extent C>
constexpr matrix<std::remove_const_t<T> const> in(matrix<T, C> m) {
  return {m.data, m.rows, m.columns, m.stride};
}
template <class T>
constexpr vector_view<std::remove_const_t<T> const> in(vector_view<T> v) {
  return {v.data, v.size};
}
template <class T>
constexpr heads_view<std::remove_const_t<T> const> in(heads_view<T> v) {
  return {v.data, v.batch, v.heads, v.length, v.width, v.batch_stride, v.head_stride, v.length_stride};
}

/// The same elements as one row, for elementwise work on contiguous matrices.
template <class T, extent C>
constexpr vector_view<T> flat(matrix<T, C> m) {
  return {m.data, m.rows * m.columns};
}

}  // namespace flan
