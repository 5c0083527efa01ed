#pragma once
/// Reference: attention and its backward, one query at a time.

#include <limits>
#include <vector>

#include "flan/backend/expect_ops.hpp"
#include "flan/backend/options.hpp"
#include "flan/reference/scalar.hpp"

namespace flan::reference {

/// Who sees whom, at what score, and what dropout leaves of it: the reading of attention_options in one place.
template <class F>
struct attention_rules {
  attention_options<F> const& o;
  extent query_length, key_length;

  /// The row of k and v in which batch row b finds key j.
  extent row(extent b, extent j) const {
    if (!o.ancestry.empty()) return o.ancestry.data[b * o.ancestry.stride + j];
    return o.key_rows.empty() ? b : o.key_rows.data[b];
  }
  bool sees(extent b, extent i, extent j, extent r) const {
    if (!o.key_lengths.empty() && j >= o.key_lengths.data[r]) return false;
    if (o.causal && j > i + o.query_offset) return false;
    if (o.query_segments.empty()) return true;
    return o.query_segments.data[b * query_length + i] == o.key_segments.data[r * key_length + j];
  }
  /// The column of the bias for query i and key j.
  extent column(extent i, extent j) const {
    extent const farthest = o.max_distance(), distance = j - i - o.query_offset;
    return (distance < -farthest ? -farthest : distance > farthest ? farthest : distance) + farthest;
  }
  F bias(extent h, extent i, extent j) const {
    return o.bias.empty() ? F(0) : o.bias.data[h * o.bias.stride + column(i, j)];
  }
  /// What a probability is multiplied by: 0, or 1 / (1 − rate), or 1 without dropout.
  F kept(extent b, extent h, extent i, extent j, extent r) const {
    if (!o.dropout.active()) return F(1);
    std::uint32_t const site = mix32(o.dropout.site + static_cast<std::uint32_t>(h));
    std::uint32_t const bits =
        dropout_bits(o.dropout.rows.data[b * query_length + i], site, o.key_keys.data[r * key_length + j]);
    return bits < o.dropout.threshold() ? F(0) : F(static_cast<detail::real_t<F>>(1 / (1 - o.dropout.rate)));
  }
};

class attentions {
  template <class F, class A, class B>
  static F dot(A const* a, B const* b, extent n) {
    F sum(0);
    for (extent c = 0; c < n; ++c) sum += detail::convert<F>(a[c]) * detail::convert<F>(b[c]);
    return sum;
  }

 public:
  template <class Y, class F, class Q, class K>
  void attention(heads_view<Y> y, vector_view<F> lse, heads_view<Q const> q, heads_view<K const> k,
                 heads_view<K const> v, attention_options<F> const& o) {
    attention_rules<F> const rules{o, q.length, k.length};
    detail::expect_attention("attention", o, q, k);
    detail::expect_shape("attention", "v", v, k);
    detail::expect_shape("attention", "y", y, q);
    if (!lse.empty()) detail::expect("attention", "the size of lse", q.batch * q.heads * q.length, lse.size);
    using real = detail::real_t<F>;
    std::vector<F> scores(static_cast<std::size_t>(k.length)), sums(static_cast<std::size_t>(q.width));
    std::vector<bool> seen(static_cast<std::size_t>(k.length));
    for (extent b = 0; b < q.batch; ++b)
      for (extent h = 0; h < q.heads; ++h)
        for (extent i = 0; i < q.length; ++i) {
          bool any = false;
          real largest = -std::numeric_limits<real>::infinity();
          for (extent j = 0; j < k.length; ++j) {
            auto const s = static_cast<std::size_t>(j);
            extent const r = rules.row(b, j);
            seen[s] = rules.sees(b, i, j, r);
            if (!seen[s]) continue;
            any = true;
            scores[s] = dot<F>(q.at(b, h, i), k.at(r, h, j), q.width) + rules.bias(h, i, j);
            if (detail::real_part(scores[s]) > largest) largest = detail::real_part(scores[s]);
          }
          F total(0);
          for (extent j = 0; j < k.length; ++j) {
            auto const s = static_cast<std::size_t>(j);
            if (seen[s]) total += scores[s] = std::exp(scores[s] - F(largest));
          }
          for (auto& sum : sums) sum = F(0);
          for (extent j = 0; j < k.length; ++j) {
            auto const s = static_cast<std::size_t>(j);
            if (!seen[s]) continue;
            extent const r = rules.row(b, j);
            F const p = scores[s] / total * rules.kept(b, h, i, j, r);
            for (extent c = 0; c < q.width; ++c)
              sums[static_cast<std::size_t>(c)] += p * detail::convert<F>(v.at(r, h, j)[c]);
          }
          for (extent c = 0; c < q.width; ++c) y.at(b, h, i)[c] = detail::convert<Y>(sums[static_cast<std::size_t>(c)]);
          if (!lse.empty())
            lse.data[(b * q.heads + h) * q.length + i] =
                any ? F(largest) + std::log(total) : F(-std::numeric_limits<real>::infinity());
        }
  }

  /// With p the probabilities (from lse) and t = p·kept: dv += tᵀ·dy; ds = p·(kept·(dy·vᵀ) − dy·y); dq = ds·k;
  /// dk += dsᵀ·q; dbias += ds.
  template <class D, class F, class X>
  void attention_backward(heads_view<D> dq, heads_view<D> dk, heads_view<D> dv, matrix<F> dbias, heads_view<X const> dy,
                          heads_view<X const> y, vector_view<F const> lse, heads_view<X const> q, heads_view<X const> k,
                          heads_view<X const> v, attention_options<F> const& o) {
    detail::expect_attention_backward(dq, dk, dv, dbias, dy, y, lse, q, k, v, o);
    attention_rules<F> const rules{o, q.length, k.length};
    auto const size = static_cast<std::size_t>(k.length * k.width);
    std::vector<F> keys(size), values(size), query(static_cast<std::size_t>(q.width));
    for (extent b = 0; b < q.batch; ++b)
      for (extent h = 0; h < q.heads; ++h) {
        keys.assign(size, F(0)), values.assign(size, F(0));
        for (extent i = 0; i < q.length; ++i) {
          query.assign(query.size(), F(0));
          F const common = dot<F>(dy.at(b, h, i), y.at(b, h, i), q.width);
          for (extent j = 0; j < k.length; ++j) {
            if (!rules.sees(b, i, j, b)) continue;
            F const score = dot<F>(q.at(b, h, i), k.at(b, h, j), q.width) + rules.bias(h, i, j);
            F const p = std::exp(score - lse.data[(b * q.heads + h) * q.length + i]), kept = rules.kept(b, h, i, j, b);
            F const ds = p * (kept * dot<F>(dy.at(b, h, i), v.at(b, h, j), q.width) - common);
            for (extent c = 0; c < q.width; ++c) {
              query[static_cast<std::size_t>(c)] += ds * detail::convert<F>(k.at(b, h, j)[c]);
              keys[static_cast<std::size_t>(j * k.width + c)] += ds * detail::convert<F>(q.at(b, h, i)[c]);
              values[static_cast<std::size_t>(j * k.width + c)] += p * kept * detail::convert<F>(dy.at(b, h, i)[c]);
            }
            if (!dbias.empty()) dbias.data[h * dbias.stride + rules.column(i, j)] += ds;
          }
          for (extent c = 0; c < q.width; ++c)
            dq.at(b, h, i)[c] = detail::convert<D>(query[static_cast<std::size_t>(c)]);
        }
        for (extent j = 0; j < k.length; ++j)
          for (extent c = 0; c < k.width; ++c) {
            dk.at(b, h, j)[c] = detail::convert<D>(keys[static_cast<std::size_t>(j * k.width + c)]);
            dv.at(b, h, j)[c] = detail::convert<D>(values[static_cast<std::size_t>(j * k.width + c)]);
          }
      }
  }
};

}  // namespace flan::reference
