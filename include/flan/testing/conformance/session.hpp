#pragma once
/// A conformance run: memory with guards around it, random contents, and the calls.

#include <cmath>
#include <cstring>
#include <exception>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "flan/backend/checked.hpp"
#include "flan/core/random.hpp"
#include "flan/reference/backend.hpp"
#include "flan/testing/conformance/report.hpp"

namespace flan::testing {

/// Where a matrix lies in its memory. Ragged: neither the first element nor a row starts at a round address.
enum class placement { aligned, ragged };

/// A matrix in backend memory with guard elements before, behind and between its rows; `image` is the host's copy of
/// all of it, the state before each call.
template <class T>
struct guarded {
  memory owner;
  std::vector<T> image;
  extent first;  ///< of image: the matrix's first element
  matrix<T> view;

  T& at(extent r, extent c) { return image[static_cast<std::size_t>(first + r * view.stride + c)]; }
  vector_view<T> flat() const { return {view.data, view.rows * view.columns}; }

  template <class B>
  void reset(B& be) const {
    be.upload(owner.get(), image.data(), image.size() * sizeof(T));
  }
  /// All elements as they are now, guards too.
  template <class B>
  std::vector<T> now(B& be) const {
    std::vector<T> v(image.size());
    be.download(v.data(), owner.get(), v.size() * sizeof(T));
    return v;
  }
  /// Whether element i of the image belongs to the matrix.
  bool inside(std::size_t i) const {
    extent const at = static_cast<extent>(i) - first;
    return at >= 0 && at < view.rows * view.stride && at % view.stride < view.columns;
  }
};

/// The same elements as heads: of a projection [batch·length, heads·width], or head-major as a cache has them,
/// [batch·heads·length, width].
template <class T>
heads_view<T> by_heads(matrix<T> m, extent batch, extent heads, bool head_major) {
  if (!head_major) return split_heads(m, batch, heads);
  extent const count = batch * heads, length = count != 0 ? m.rows / count : 0;
  return {m.data, batch, heads, length, m.columns, heads * length * m.stride, length * m.stride, m.stride};
}

/// Runs calls on a copy of B, each compared with the reference backend in double, and gathers the report.
template <class B>
class conformance_session {
  static constexpr std::size_t examples_kept = 3;
  checked<B, reference_backend> be_;
  std::uint64_t key_;
  bool small_;
  std::string context_;

  void fail_op(std::string_view op, std::string const& what) {
    auto& r = result.of(op);
    ++r.failures;
    if (r.examples.size() < examples_kept) r.examples.push_back(context_ + ": " + what);
  }
  /// How much of what is allowed an error takes.
  static double share(double error, double tolerance) {
    return tolerance > 0 ? error / tolerance : error > 0 ? std::numeric_limits<double>::infinity() : 0;
  }
  template <class T>
  static bool same_bits(T const& a, T const& b) {
    return std::memcmp(&a, &b, sizeof(T)) == 0;
  }
  template <class T>
  void check_guards(char const* op, guarded<T> const& g) {
    auto const now = g.now(be_);
    for (std::size_t i = 0; i < now.size(); ++i)
      if (!g.inside(i) && !same_bits(now[i], g.image[i]))
        return fail_op(op, sentence("wrote outside of an output of ", g.view.rows, " x ", g.view.columns));
  }
  template <class T>
  void check_same(char const* op, guarded<T> const& g, std::vector<T> const& earlier) {
    auto const now = g.now(be_);
    for (std::size_t i = 0; i < now.size(); ++i)
      if (!same_bits(now[i], earlier[i])) return fail_op(op, "the same call gave other bits when it was repeated");
  }

 public:
  report result;

  conformance_session(B const& backend, std::uint64_t seed, bool small) : be_(backend), key_(seed), small_(small) {
    be_.on_comparison = [this](comparison const& c) {
      auto& r = result.of(c.op);
      ++r.comparisons;
      if (c.error * r.tolerance > r.worst * c.tolerance || r.comparisons == 1)
        r.worst = c.error, r.tolerance = c.tolerance;
      if (!c.ok()) fail_op(c.op, c.sentence());
    };
  }
  conformance_session(conformance_session const&) = delete;  // on_comparison points here

  /// The backend itself, unchecked.
  B& backend() { return be_; }

  /// Whether a case of so many multiplications is left out.
  bool skips(extent work) const { return small_ && work > 2000; }

  double normal() { return flan::normal(key_, ++counter_); }
  extent below(extent n) { return static_cast<extent>(uniform_below(key_, ++counter_, static_cast<std::uint64_t>(n))); }

  /// rows × columns of backend memory, full of standard normal numbers times `size` (integers: zeros). What surrounds
  /// the matrix is NaN: an op that reads it shows.
  template <class T>
  guarded<T> make(extent rows, extent columns, placement p = placement::aligned, double size = 1) {
    extent const margin = 64, gap = p == placement::ragged ? 3 : 0;
    guarded<T> g;
    g.first = p == placement::ragged ? margin + 1 : margin;
    extent const stride = columns + gap;
    g.image.resize(static_cast<std::size_t>(2 * margin + rows * stride + gap));
    for (auto& x : g.image) {
      if constexpr (std::integral<T>)
        x = std::numeric_limits<T>::max();
      else
        x = narrow<T>(std::numeric_limits<wide_t<T>>::quiet_NaN());
    }
    g.owner = be_.allocate(g.image.size() * sizeof(T));
    g.view = {static_cast<T*>(g.owner.get()) + g.first, rows, columns, stride};
    fill(g, [&] { return size * normal(); });
    g.reset(be_);
    return g;
  }
  /// New contents from value().
  template <class T, class F>
  void fill(guarded<T>& g, F value) {
    for (extent r = 0; r < g.view.rows; ++r)
      for (extent c = 0; c < g.view.columns; ++c) {
        if constexpr (std::integral<T>)
          g.at(r, c) = static_cast<T>(value());
        else
          g.at(r, c) = narrow<T>(static_cast<wide_t<T>>(value()));
      }
    g.reset(be_);
  }
  /// Integers below n, as ids.
  guarded<std::int32_t> ids(extent count, extent n) {
    auto g = make<std::int32_t>(1, count);
    fill(g, [&] { return below(n); });
    return g;
  }
  guarded<std::uint32_t> keys(extent count) {
    auto g = make<std::uint32_t>(1, count);
    fill(g, [&] { return below(extent{1} << 32); });
    return g;
  }
  /// An owned weight, row-major.
  template <class W>
  weight<W> weights(extent rows, extent columns, double size = 1) {
    auto w = be_.template allocate_weight<W>(rows, columns);
    std::vector<W> host(static_cast<std::size_t>(rows * columns));
    for (auto& x : host) x = narrow<W>(static_cast<wide_t<W>>(size * normal()));
    be_.upload(w.data, host.data(), host.size() * sizeof(W));
    return w;
  }

  /// Calls call(backend) three ways: compared with the oracle, looked at for writes outside of `outputs`, and repeated
  /// from the same state for the same bits. `context` says what is special about the call.
  template <class Call, class... T>
  void run(char const* op, std::string context, Call&& call, guarded<T>&... outputs) {
    context_ = std::move(context);
    try {
      (outputs.reset(be_), ...);
      call(be_);
      (check_guards(op, outputs), ...);
      std::tuple<std::vector<T>...> const earlier{outputs.now(be_)...};
      (outputs.reset(be_), ...);
      call(backend());
      be_.synchronize();
      std::apply([&](auto const&... e) { (check_same(op, outputs, e), ...); }, earlier);
    } catch (std::exception const& e) {
      fail_op(op, sentence("threw: ", e.what()));
    }
  }

 private:
  std::uint64_t counter_ = 0;
};

}  // namespace flan::testing
