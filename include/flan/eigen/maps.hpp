#pragma once
/// Eigen maps over this library's views, for host applications that speak Eigen: nothing is copied, both sides see the
/// same numbers. Only for backends that read host memory.

#include <Eigen/Core>
#include <type_traits>

#include "flan/tensor/view.hpp"

namespace flan {

namespace detail {
template <class T>
using eigen_matrix = Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using eigen_row = Eigen::Matrix<std::remove_const_t<T>, 1, Eigen::Dynamic, Eigen::RowMajor>;
template <class T, class Plain>
using constness_of = std::conditional_t<std::is_const_v<T>, Plain const, Plain>;
}  // namespace detail

/// rows × columns, row-major with the view's stride; to a view of const a map of const. Sizes are Eigen's dynamic ones,
/// so that nothing depends on the alignment that a translation unit's -m flags imply.
template <class T, extent C>
auto as_eigen(matrix<T, C> m) {
  using map = Eigen::Map<detail::constness_of<T, detail::eigen_matrix<T>>, Eigen::Unaligned, Eigen::OuterStride<>>;
  return map(m.data, m.rows, m.columns, Eigen::OuterStride<>(m.stride));
}
/// A row of v.size elements.
template <class T>
auto as_eigen(vector_view<T> v) {
  return Eigen::Map<detail::constness_of<T, detail::eigen_row<T>>>(v.data, v.size);
}

/// A view of an Eigen matrix: row-major with consecutive columns; it must outlive the view.
template <class Derived>
auto view_of(Eigen::PlainObjectBase<Derived>& m) {
  static_assert(Derived::IsRowMajor, "a view is row-major: use Eigen::RowMajor for matrices that this library reads");
  return matrix<typename Derived::Scalar>(m.data(), m.rows(), m.cols());
}
template <class Derived>
auto view_of(Eigen::PlainObjectBase<Derived> const& m) {
  static_assert(Derived::IsRowMajor, "a view is row-major: use Eigen::RowMajor for matrices that this library reads");
  return matrix<typename Derived::Scalar const>(m.data(), m.rows(), m.cols());
}

}  // namespace flan
