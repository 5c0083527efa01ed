#pragma once
/// Beam search with transformers' (version 5) semantics. For each prompt, `beams` sequences run. A step ranks all their
/// continuations and looks at the best max(2, 1 + end tokens) · beams, so that `beams` of them go on even if every
/// sequence ends; an ended one counts only if it is among the best `beams` of those. Ended sequences are ranked by
/// log-probability / length^length_penalty, and `early_stopping` says when no better one is expected.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "flan/generate/search.hpp"

namespace flan::detail {

class beam_search {
  struct hypothesis {
    std::vector<token> history;
    double score = 0;
    std::int32_t row = 0;  ///< of the step's logits that it continues
    std::optional<watched_text> watched{};
  };
  struct prompt_beams {
    std::vector<hypothesis> running, ended;  ///< best first
    std::vector<hypothesis> next{};          ///< who will run; between steps the memory of those who ran before
    bool done = false;
  };
  struct candidate {
    double score;
    std::size_t beam;
    token id;
  };

  decoder& s_;
  generation_plan const& plan_;
  any_tokenizer const* tokenizer_;
  extent made_ = 0;          // new tokens of every running sequence
  std::size_t considered_;   // continuations that a step looks at
  std::size_t longest_ = 0;  // that a history can become
  std::vector<prompt_beams> prompts_;
  std::vector<candidate> candidates_;
  std::vector<token> ids_;
  std::vector<std::int32_t> parents_;
  std::vector<float> scores_;
  std::vector<token> order_;
  filter_scratch scratch_;

 public:
  beam_search(decoder& s, std::span<std::vector<token> const> inputs, generation_plan const& plan,
              any_tokenizer const* tokenizer)
      : s_(s),
        plan_(plan),
        tokenizer_(tokenizer),
        considered_(std::max<std::size_t>(2, 1 + plan.end_ids.size()) * static_cast<std::size_t>(plan.beams)),
        prompts_(inputs.size()) {
    auto const size = size_of_request(inputs, plan);
    s.begin(inputs, size.rows, size.tokens, size.at_once);
    longest_ = plan.prompt.size() + static_cast<std::size_t>(plan.max_tokens);
    if (plan.repetition_penalty != 1) scratch_.seen.reserve(longest_);
    auto const rows = static_cast<std::size_t>(size.rows), at_once = static_cast<std::size_t>(size.at_once);
    ids_.reserve(std::max(rows, inputs.size() * at_once)), parents_.reserve(rows);
    auto const beams = static_cast<std::size_t>(plan.beams);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      for (auto* list : {&prompts_[i].running, &prompts_[i].ended, &prompts_[i].next}) list->reserve(beams + 1);
      // The first step needs one row for each prompt: its beams have no past that differs.
      prompts_[i].running.push_back({plan.prompt, 0, static_cast<std::int32_t>(i)});
      if (plan.stop.empty()) continue;
      auto& watched = prompts_[i].running.back().watched.emplace(*tokenizer, plan.stop);
      watched.prefix(std::span(plan.prompt).subspan(1));
    }
  }

  /// For each input its best sequences, best first: as many as were asked for, unless fewer exist.
  std::vector<std::vector<generation>> run() {
    while (advance()) {
    }
    std::vector<std::vector<generation>> all;
    for (auto& p : prompts_) {
      auto& found = all.emplace_back();
      for (auto& h : p.ended) {
        if (static_cast<extent>(found.size()) == plan_.returned) break;
        found.push_back(finished(h.history, h.score, h.watched ? &*h.watched : nullptr, tokenizer_));
      }
    }
    return all;
  }

 private:
  bool advance() {
    ids_.clear(), parents_.clear();
    if (made_ == 0) {
      first_step(static_cast<extent>(prompts_.size()), plan_, ids_, parents_);
    } else {
      for (auto& p : prompts_)
        for (auto& h : p.running) {
          parents_.push_back(h.row);
          ids_.push_back(h.history.back());
          h.row = static_cast<std::int32_t>(parents_.size()) - 1;
        }
    }
    if (parents_.empty()) return false;
    s_.step(ids_, parents_);
    auto const k = std::min(considered_, static_cast<std::size_t>(s_.vocabulary()));
    bool const filters = plan_.filters();
    std::vector<float> const* const all = filters ? &s_.logits() : nullptr;
    top_tokens const& top = s_.top(filters ? 1 : static_cast<extent>(k));
    for (auto& p : prompts_) {
      if (p.done) continue;
      auto& candidates = candidates_;
      candidates.clear();
      candidates.reserve(static_cast<std::size_t>(plan_.beams) * k);
      for (std::size_t b = 0; b < p.running.size(); ++b) {
        if (filters) {
          add_candidates(candidates, p.running[b], b, *all, top.log_sums, k);
        } else {
          add_candidates(candidates, p.running[b], b, top);
        }
      }
      if (candidates.empty()) fail_without_token();
      std::sort(candidates.begin(), candidates.end(), [](candidate const& x, candidate const& y) {
        return x.score != y.score ? x.score > y.score : std::pair(x.beam, x.id) < std::pair(y.beam, y.id);
      });
      candidates.resize(std::min(candidates.size(), considered_));
      choose(p, candidates);
    }
    ++made_;
    return true;
  }

  /// Continuations of a sequence by the likeliest tokens, when nothing changes the scores.
  void add_candidates(std::vector<candidate>& to, hypothesis const& h, std::size_t beam, top_tokens const& top) {
    auto const r = static_cast<std::size_t>(h.row), k = static_cast<std::size_t>(top.k);
    double const z = static_cast<double>(top.log_sums[r]);
    require_numbers(z);
    for (std::size_t i = r * k; i < (r + 1) * k; ++i)
      if (double const score = static_cast<double>(top.logits[i]) - z; std::isfinite(score))
        to.push_back({h.score + score, beam, top.ids[i]});
  }
  /// The same behind the rules, which a beam search applies to log-probabilities.
  void add_candidates(std::vector<candidate>& to, hypothesis const& h, std::size_t beam, std::vector<float> const& all,
                      std::vector<float> const& log_sums, std::size_t k) {
    auto const v = static_cast<std::size_t>(s_.vocabulary());
    std::span<float const> const row(all.data() + static_cast<std::size_t>(h.row) * v, v);
    double const z = static_cast<double>(log_sums[static_cast<std::size_t>(h.row)]);
    require_numbers(z);
    scores_.resize(v);
    std::transform(row.begin(), row.end(), scores_.begin(),
                   [z](float x) { return static_cast<float>(static_cast<double>(or_removed(x)) - z); });
    apply_rules(scores_, h.history, made_, plan_, scratch_);
    order_.resize(v);
    std::iota(order_.begin(), order_.end(), 0);
    auto const score = [this](token id) { return scores_[static_cast<std::size_t>(id)]; };
    std::partial_sort(order_.begin(), order_.begin() + static_cast<extent>(k), order_.end(),
                      [&](token x, token y) { return score(x) != score(y) ? score(x) > score(y) : x < y; });
    for (std::size_t i = 0; i < k; ++i)
      if (std::isfinite(score(order_[i])))
        to.push_back({h.score + static_cast<double>(score(order_[i])), beam, order_[i]});
  }

  double penalized(double score, extent length) const {
    return score / std::pow(static_cast<double>(length), plan_.length_penalty);
  }

  /// `to` = what `from` becomes with candidate c; true where its text now has a stop string.
  bool extend(hypothesis& to, hypothesis const& from, candidate const& c) const {
    to.history.reserve(longest_);
    to.history = from.history;
    to.history.push_back(c.id);
    to.score = c.score;
    to.row = from.row;
    to.watched = from.watched;
    return to.watched && to.watched->push(c.id);
  }

  void choose(prompt_beams& p, std::vector<candidate> const& candidates) {
    auto const beams = static_cast<std::size_t>(plan_.beams);
    extent const length = made_ + 1;
    std::size_t going = 0;
    p.next.resize(beams + 1);  // one for who was taken up and turns out to end, or to be one too many
    for (std::size_t rank = 0; rank < candidates.size(); ++rank) {
      auto const& c = candidates[rank];
      auto const& parent = p.running[c.beam];
      bool ends = plan_.ends(c.id) || length == plan_.max_tokens;
      // Who neither goes on nor counts is not worth a copy; a stop string is seen in the copy's text only.
      if (ends ? rank >= beams : going == beams && (rank >= beams || !parent.watched)) continue;
      hypothesis& h = p.next[going];
      if (extend(h, parent, c)) ends = true;
      if (!ends) {
        if (going < beams) ++going;
      } else if (rank < beams) {
        h.score = penalized(c.score, length);
        auto const at = std::upper_bound(p.ended.begin(), p.ended.end(), h.score,
                                         [](double s, hypothesis const& e) { return s > e.score; });
        p.ended.insert(at, std::move(h));
        if (p.ended.size() > beams) p.ended.pop_back();
      }
    }
    p.next.resize(going);
    std::swap(p.running, p.next);
    p.done = p.running.empty() || is_settled(p, length);
    if (p.done) p.running.clear();
  }

  /// Whether there are as many ended sequences as beams and nothing better is expected of the running ones.
  bool is_settled(prompt_beams const& p, extent length) const {
    if (static_cast<extent>(p.ended.size()) < plan_.beams) return false;
    if (plan_.early == early_stopping::yes) return true;
    // A positive penalty favours length, so a bound has to assume the longest; `no` takes the present one for it.
    bool const longest = plan_.early == early_stopping::never && plan_.length_penalty > 0;
    double const best = penalized(p.running.front().score, longest ? plan_.max_tokens : length);
    return best <= p.ended.back().score;
  }
};

}  // namespace flan::detail
