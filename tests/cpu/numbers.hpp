#pragma once
/// What the tests of cpu ops share: numbers to feed them, their doubles for the oracle, and the distance between.

#include <cmath>
#include <vector>

#include "flan/core/number.hpp"
#include "flan/core/parallel.hpp"
#include "flan/core/random.hpp"
#include "flan/cpu/isa.hpp"
#include "flan/tensor/view.hpp"

namespace flan::testing {

/// The instruction sets that this machine has.
inline std::vector<instruction_set> available_sets() {
  std::vector<instruction_set> sets;
  for (auto i : instruction_sets)
    if (available(i)) sets.push_back(i);
  return sets;
}

/// Those with kernels of their own for all ops; avx512_dot has some for products alone.
inline std::vector<instruction_set> sets_of_kernels() {
  auto sets = available_sets();
  std::erase(sets, instruction_set::avx512_dot);
  return sets;
}

/// As many threads as are asked for, until the end of the scope.
struct threads_of {
  explicit threads_of(int n) { set_threads(n); }
  ~threads_of() { set_threads(0); }
};

/// Normal numbers, reproducible by key.
template <class T>
std::vector<T> normals(std::uint64_t key, extent size, double deviation = 1) {
  std::vector<T> v;
  for (extent i = 0; i < size; ++i)
    v.push_back(narrow<T>(static_cast<wide_t<T>>(deviation * normal(key, static_cast<std::uint64_t>(i)))));
  return v;
}

template <class T>
std::vector<double> doubles(std::vector<T> const& v) {
  std::vector<double> d;
  for (T x : v) d.push_back(static_cast<double>(widen(x)));
  return d;
}

/// max |a − b| / (1 + |b|); equal infinities are equal, and only two NaNs are.
template <class A, class B>
double distance(std::vector<A> const& a, std::vector<B> const& b) {
  if (a.size() != b.size()) return INFINITY;
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    double const x = static_cast<double>(widen(a[i])), y = static_cast<double>(widen(b[i]));
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    double const d = std::abs(x - y) / (1 + std::abs(y));
    if (!(d <= worst)) worst = std::isnan(d) ? INFINITY : d;
  }
  return worst;
}

template <class T>
matrix<T> as_matrix(std::vector<T>& v, extent rows, extent columns) {
  return {v.data(), rows, columns};
}
template <class T>
vector_view<T> as_vector(std::vector<T>& v) {
  return {v.data(), static_cast<extent>(v.size())};
}

}  // namespace flan::testing
