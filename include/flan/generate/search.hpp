#pragma once
/// Greedy search and sampling: each sequence takes one token at a time and is not seen again once it has ended.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "flan/generate/decoder.hpp"
#include "flan/generate/sampling.hpp"
#include "flan/generate/stop.hpp"

namespace flan::detail {

/// What the searches ask of a session.
inline request_size size_of_request(std::span<std::vector<token> const> inputs, generation_plan const& plan) {
  request_size r;
  r.batch = static_cast<extent>(inputs.size());
  for (auto const& i : inputs) r.input = std::max(r.input, static_cast<extent>(i.size()));
  extent const for_each_input = plan.sampling ? plan.returned : plan.beams;
  constexpr extent most = std::numeric_limits<std::int32_t>::max();  // sessions count rows in 32 bits
  if (r.batch > most / for_each_input)
    fail(r.batch, " prompts with ", for_each_input, " sequences each are more than ", most,
         " rows; ask for fewer prompts, beams or return_sequences at once");
  r.rows = r.batch * for_each_input;
  r.at_once = static_cast<extent>(plan.prompt.size());
  r.tokens = r.at_once + plan.max_tokens - 1;  // the last token is chosen, never read
  return r;
}

/// The decoder's prompt for each input, and itself as the parent: what a search's first step takes.
inline void first_step(extent batch, generation_plan const& plan, std::vector<token>& ids,
                       std::vector<std::int32_t>& parents) {
  for (extent b = 0; b < batch; ++b) {
    ids.insert(ids.end(), plan.prompt.begin(), plan.prompt.end());
    parents.push_back(static_cast<std::int32_t>(b));
  }
}

/// A sum over all tokens that is no number means that the model computed none.
inline void require_numbers(double log_sum) {
  if (!std::isfinite(log_sum)) fail("the model's logits are not numbers: its weights or its precision do not fit");
}
[[noreturn]] inline void fail_without_token() {
  fail("the options leave no token to choose: every one is suppressed, or would repeat an n-gram");
}

inline generation finished(std::vector<token> const& history, double score, watched_text* watched,
                           any_tokenizer const* tokenizer) {
  generation g{{history.begin() + 1, history.end()}, {}, score};
  if (watched) {
    watched->finish();
    g.text = watched->text();
  } else if (tokenizer) {
    g.text = tokenizer->decode(g.ids);
  }
  return g;
}

class token_search {
  struct sequence {
    std::vector<token> history;  ///< start token, prefix, new tokens
    std::int32_t row = 0;        ///< of the last step's logits
    std::uint64_t key = 0;
    double score = 0;
    bool ended = false;
    std::optional<watched_text> watched{};
  };

  decoder& s_;
  generation_plan const& plan_;
  any_tokenizer const* tokenizer_;
  extent batch_;
  std::vector<sequence> sequences_;  // [batch · returned]
  std::vector<token> ids_;
  std::vector<std::int32_t> parents_;
  std::vector<float> scores_;
  std::vector<std::size_t> by_id_;
  filter_scratch scratch_;

 public:
  /// Begins the session. `watch`: keep the texts up to date, for streaming. All arguments but `inputs` must outlive it.
  token_search(decoder& s, std::span<std::vector<token> const> inputs, generation_plan const& plan,
               any_tokenizer const* tokenizer, bool watch = false)
      : s_(s), plan_(plan), tokenizer_(tokenizer), batch_(static_cast<extent>(inputs.size())) {
    auto const size = size_of_request(inputs, plan);
    s.begin(inputs, size.rows, size.tokens, size.at_once);
    // What a token needs is there before the first: then none allocates.
    auto const longest = plan.prompt.size() + static_cast<std::size_t>(plan.max_tokens);
    if (plan.repetition_penalty != 1) scratch_.seen.reserve(longest);
    sequences_.reserve(static_cast<std::size_t>(size.rows));
    for (auto const& input : inputs)
      for (extent i = 0; i < plan.returned; ++i) {
        auto& q = sequences_.emplace_back();
        q.history.reserve(longest);
        q.history = plan.prompt;
        q.row = static_cast<std::int32_t>((static_cast<extent>(sequences_.size()) - 1) / plan.returned);
        q.key = sequence_key(plan.seed, input, i);
        if (!watch && plan.stop.empty()) continue;
        q.watched.emplace(*tokenizer, plan.stop);
        q.watched->prefix(std::span(plan.prompt).subspan(1));
      }
  }

  /// One more token for every sequence that has not ended; false when none was left.
  bool advance() {
    ids_.clear(), parents_.clear();
    if (s_.position() == 0) {
      first_step(batch_, plan_, ids_, parents_);
    } else {
      for (auto& q : sequences_) {
        if (q.ended) continue;
        parents_.push_back(q.row);
        ids_.push_back(q.history.back());
        q.row = static_cast<std::int32_t>(parents_.size()) - 1;
      }
    }
    if (parents_.empty()) return false;
    s_.step(ids_, parents_);
    if (extent const k = plan_.drawn_among(); k > 0 && choose_among(k)) return true;
    if (plan_.filters()) {
      auto const& all = s_.logits();
      choose_on_host(all, s_.top(1).log_sums);
    } else {
      auto const& top = s_.top(1);
      for (auto& q : sequences_) {
        if (q.ended) continue;
        auto const r = static_cast<std::size_t>(q.row);
        double const z = static_cast<double>(top.log_sums[r]);
        require_numbers(z);
        accept(q, top.ids[r], static_cast<double>(top.logits[r]) - z);
      }
    }
    return true;
  }

  /// The text so far of sequence i, when watched.
  watched_text& watched(std::size_t i) { return *sequences_[i].watched; }
  bool ended(std::size_t i) const { return sequences_[i].ended; }

  /// Runs to the end: for each input its sequences.
  std::vector<std::vector<generation>> run() {
    while (advance()) {
    }
    std::vector<std::vector<generation>> all(static_cast<std::size_t>(batch_));
    for (std::size_t i = 0; i < sequences_.size(); ++i) {
      auto& q = sequences_[i];
      all[i / static_cast<std::size_t>(plan_.returned)].push_back(
          finished(q.history, q.score, q.watched ? &*q.watched : nullptr, tokenizer_));
    }
    return all;
  }

 private:
  /// Draws among the k likeliest, which alone come to the host. False, and nothing is chosen, where others are as
  /// likely as the k-th: those count too.
  bool choose_among(extent k) {
    auto const& top = s_.top(std::min(k + 1, s_.vocabulary()));
    auto const all = static_cast<std::size_t>(top.k), n = std::min(static_cast<std::size_t>(k), all);
    for (std::size_t r = 0; n < all && r < parents_.size(); ++r)
      if (top.logits[r * all + n] == top.logits[r * all + n - 1]) return false;
    for (auto& q : sequences_) {
      if (q.ended) continue;
      auto const r = static_cast<std::size_t>(q.row), first = r * all;
      double const z = static_cast<double>(top.log_sums[r]);
      require_numbers(z);
      by_id_.resize(n);  // as they would stand among all
      std::iota(by_id_.begin(), by_id_.end(), first);
      std::sort(by_id_.begin(), by_id_.end(), [&](auto a, auto b) { return top.ids[a] < top.ids[b]; });
      scores_.resize(n);
      std::transform(by_id_.begin(), by_id_.end(), scores_.begin(), [&](auto i) { return top.logits[i]; });
      apply_sampling(scores_, *plan_.sampling, scratch_);
      extent const made = static_cast<extent>(q.history.size() - plan_.prompt.size());
      token const drawn = draw(scores_, q.key, static_cast<std::uint64_t>(made));
      if (drawn < 0) fail_without_token();
      auto const i = by_id_[static_cast<std::size_t>(drawn)];
      accept(q, top.ids[i], static_cast<double>(top.logits[i]) - z);
    }
    return true;
  }

  /// `log_sums` come from the backend, whose vectors take a fraction of the time that the host would.
  void choose_on_host(std::vector<float> const& logits, std::vector<float> const& log_sums) {
    auto const v = static_cast<std::size_t>(s_.vocabulary());
    for (auto& q : sequences_) {
      if (q.ended) continue;
      std::span<float const> const row(logits.data() + static_cast<std::size_t>(q.row) * v, v);
      double const z = static_cast<double>(log_sums[static_cast<std::size_t>(q.row)]);
      require_numbers(z);
      scores_.resize(v);
      std::transform(row.begin(), row.end(), scores_.begin(), or_removed);
      extent const made = static_cast<extent>(q.history.size() - plan_.prompt.size());
      apply_rules(scores_, q.history, made, plan_, scratch_);
      token id;
      if (plan_.sampling) {
        apply_sampling(scores_, *plan_.sampling, scratch_);
        id = draw(scores_, q.key, static_cast<std::uint64_t>(made));
      } else {
        id = likeliest(scores_);
      }
      if (id < 0) fail_without_token();
      accept(q, id, static_cast<double>(row[static_cast<std::size_t>(id)]) - z);
    }
  }
  void accept(sequence& q, token id, double log_probability) {
    q.history.push_back(id);
    q.score += log_probability;
    bool const stopped = q.watched && q.watched->push(id);
    q.ended =
        stopped || plan_.ends(id) || static_cast<extent>(q.history.size() - plan_.prompt.size()) == plan_.max_tokens;
  }
};

}  // namespace flan::detail
