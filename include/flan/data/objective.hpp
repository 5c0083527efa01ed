#pragma once
/// A mixture of denoisers over documents: continued pretraining as UL2 does it.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/core/random.hpp"
#include "flan/data/batch.hpp"
#include "flan/data/denoising.hpp"
#include "flan/data/hash.hpp"
#include "flan/data/permutation.hpp"
#include "flan/data/source.hpp"
#include "flan/text/tokenizer.hpp"

namespace flan {

/// One way to cut a text, its weight beside others, and the words that tell the model which it is.
struct denoiser {
  std::variant<span_corruption, prefix_split> cut;
  double weight = 1;
  std::string_view mode = {};  // begins the input; a literal, or text that outlives the objective's construction
};

/// What T5 and T5 1.1 are pretrained on, and what the LM-adapted T5, and so Flan-T5, saw after it.
inline constexpr std::array t5_pretraining{denoiser{span_corruption{}}};
inline constexpr std::array t5_lm_adaptation{denoiser{prefix_split{}}};

/// UL2R (Tay et al. 2022, arXiv 2210.11399): half sequential, a quarter regular, a quarter extreme. The paper calls
/// extreme a mean span of 32 *or* a rate of up to 50 %; here each is half of the quarter.
inline constexpr std::array ul2r_denoisers{
    denoiser{prefix_split{}, 0.5, "[S2S]"},
    denoiser{span_corruption{0.15, 3}, 0.25, "[NLU]"},
    denoiser{span_corruption{0.15, 32}, 0.125, "[NLG]"},
    denoiser{span_corruption{0.5, 3}, 0.125, "[NLG]"},
};

/// The seven of UL2 (Tay et al. 2022, arXiv 2205.05131): a fifth sequential, with the last quarter of the text as its
/// target, the others evenly.
inline constexpr std::array ul2_denoisers{
    denoiser{prefix_split{0.25}, 0.2, "[S2S]"},           denoiser{span_corruption{0.15, 3}, 0.8 / 6, "[NLU]"},
    denoiser{span_corruption{0.15, 8}, 0.8 / 6, "[NLU]"}, denoiser{span_corruption{0.5, 3}, 0.8 / 6, "[NLG]"},
    denoiser{span_corruption{0.5, 8}, 0.8 / 6, "[NLG]"},  denoiser{span_corruption{0.15, 64}, 0.8 / 6, "[NLG]"},
    denoiser{span_corruption{0.5, 64}, 0.8 / 6, "[NLG]"},
};

namespace detail {
inline void add_ids(fingerprinter& f, std::span<token const> ids) {
  f.add(static_cast<std::uint64_t>(ids.size()));
  for (token const id : ids) f.add(static_cast<std::uint64_t>(id));
}
}  // namespace detail

/// Denoisers for a tokenizer. Immutable; several threads may use one.
class objective {
 public:
  /// Weights are relative. Throws `error` without a denoiser, for a weight, rate or span that makes no sense, and where
  /// spans are to be corrupted with a tokenizer that has no sentinels.
  template <tokenizer T>
  objective(std::span<denoiser const> all, T const& tokens) : ids_(objective_ids_of(tokens)) {
    for (auto const& d : all) add(d, tokens.encode(d.mode));
    finish();
  }
  template <tokenizer T>
  objective(denoiser const& one, T const& tokens) : objective(std::span(&one, 1), tokens) {}

  /// The denoisers that were given.
  std::size_t size() const { return parts_.size(); }
  objective_ids const& ids() const { return ids_; }

  /// Which denoiser the example (key, index) gets.
  std::size_t choose(std::uint64_t key, std::uint64_t index) const {
    double const u = uniform(key_of(key, index, choice), 0);
    auto const found =
        std::upper_bound(parts_.begin(), parts_.end() - 1, u, [](double x, part const& p) { return x < p.cumulative; });
    return static_cast<std::size_t>(found - parts_.begin());
  }

  /// The example (key, index) of a text: the denoiser's mode, then what its cut leaves. Throws `error` for fewer than 2
  /// tokens, or more spans than sentinels.
  tokenized_example operator()(std::uint64_t key, std::uint64_t index, std::span<token const> text) const {
    auto const& p = parts_[choose(key, index)];
    auto e = std::holds_alternative<prefix_split>(p.cut)
                 ? split_prefix(key, index, text, std::get<prefix_split>(p.cut), ids_)
                 : corrupt_spans(key, index, text, std::get<span_corruption>(p.cut), ids_);
    e.input.insert(e.input.begin(), p.mode.begin(), p.mode.end());
    return e;
  }

  /// The most that input and target can have for a text of this length, whichever denoiser it gets.
  friend example_size largest_size(objective const& o, std::int64_t length) {
    example_size most;
    for (auto const& p : o.parts_) {
      auto const size = std::visit([&](auto const& cut) { return largest_size(cut, length); }, p.cut);
      most.input = std::max(most.input, size.input + static_cast<std::int64_t>(p.mode.size()));
      most.target = std::max(most.target, size.target);
    }
    return most;
  }

  /// A hash of the denoisers and the ids that they add.
  [[gnu::cold]] std::uint64_t fingerprint() const {
    fingerprinter f;
    for (auto const& p : parts_) {
      if (auto const* spans = std::get_if<span_corruption>(&p.cut))
        f.add(std::uint64_t{1}).add(spans->rate).add(spans->mean_span);
      else
        f.add(std::uint64_t{2}).add(std::get<prefix_split>(p.cut).rate);
      f.add(p.cumulative);
      detail::add_ids(f, p.mode);
    }
    detail::add_ids(f, ids_.sentinels);
    return f.add(static_cast<std::uint64_t>(ids_.end)).value();
  }

  /// Throws `error` when a text of this length needs more sentinels than there are.
  void check_window(std::int64_t length) const {
    for (auto const& p : parts_)
      if (auto const* spans = std::get_if<span_corruption>(&p.cut))
        detail::check_sentinels(*spans, length, count_noise(*spans, length).spans, ids_);
  }

 private:
  static constexpr std::uint64_t choice = 0x64656e6f697365u;  // "denoise": not a key that the cuts use
  struct part {
    std::variant<span_corruption, prefix_split> cut;
    std::vector<token> mode;
    double cumulative = 0;
  };

  [[gnu::cold]] void add(denoiser const& d, std::vector<token> mode) {
    if (!(d.weight > 0) || !std::isfinite(d.weight))
      fail("denoiser ", parts_.size(), " has the weight ", d.weight, "; expected a positive number");
    std::visit([](auto const& cut) { detail::check(cut); }, d.cut);
    if (std::holds_alternative<span_corruption>(d.cut) && ids_.sentinels.empty())
      fail("span corruption needs sentinels, and the tokenizer does not know <extra_id_0>");
    parts_.push_back({d.cut, std::move(mode), (parts_.empty() ? 0 : parts_.back().cumulative) + d.weight});
  }
  [[gnu::cold]] void finish() {
    if (parts_.empty()) fail("an objective needs a denoiser");
    double const sum = parts_.back().cumulative;
    for (auto& p : parts_) p.cumulative /= sum;
  }

  objective_ids ids_;
  std::vector<part> parts_;
};

/// How documents become windows.
struct objective_stream_options {
  std::int64_t max_input = 512;            // tokens of an input, mode and end included
  std::int64_t max_target = 512;           // tokens of a target, end included
  std::int64_t window = 0;                 // tokens of a window; 0: as many as fit both for every denoiser (T5: 568)
  std::int64_t group = 128;                // documents that are joined before they are cut into windows
  std::int64_t longest_document = 65'536;  // of a longer one, one of its parts of this length, at random
  std::optional<token> separator = {};     // stands behind each document; T5 joins them with nothing between
};

/// The endless stream of examples that an objective makes of documents of tokens, as T5's pipeline does: the documents
/// of an epoch, in an order of its own, are joined in groups and each group is cut into windows. Only a group's last
/// window is shorter, and is left out when it has a single token. The stream is a function of (documents, objective,
/// seed, options); a position may be saved and sought at the price of reading one group.
class objective_stream {
 public:
  /// Throws `error` for options that make no sense, no documents, or a window that needs more sentinels than there are.
  [[gnu::cold]] objective_stream(source<std::vector<token>> documents, objective o, std::uint64_t seed,
                                 objective_stream_options options = {}, std::uint64_t position = 0)
      : documents_(std::move(documents)), objective_(std::move(o)), seed_(seed), options_(options) {
    if (documents_.size() == 0) fail("an objective_stream needs a document");
    constexpr std::int64_t most = std::int64_t{1} << 31;
    if (options_.group < 1 || options_.longest_document < 2 || options_.longest_document > most / options_.group)
      fail("a group of ", options_.group, " documents of at most ", options_.longest_document,
           " tokens: expected at least 1 and 2, and a product of at most 2^31");
    auto const longest = longest_window(objective_, options_.max_input, options_.max_target);
    if (options_.window == 0) options_.window = longest;
    if (options_.window < 2 || options_.window > longest)
      fail("a window of ", options_.window, " tokens; expected 2 to ", longest, ", so that every example fits ",
           options_.max_input, " inputs and ", options_.max_target, " targets");
    objective_.check_window(options_.window);
    seek(position);
  }

  std::uint64_t seed() const { return seed_; }
  std::int64_t window() const { return options_.window; }
  /// The most tokens that an example's input and target can have.
  example_size largest() const { return largest_size(objective_, options_.window); }

  /// A hash of all that decides the stream: equal fingerprints mean equal examples at equal positions. Reads the
  /// documents, or of computed ones a sample (source::add_to).
  [[gnu::cold]] std::uint64_t fingerprint() const {
    constexpr std::uint64_t rules = 1;  // counts the ways in which this library has cut documents
    fingerprinter f;
    documents_.add_to(f.add(rules));
    f.add(objective_.fingerprint()).add(seed_);
    for (auto const n : {options_.window, options_.group, options_.longest_document})
      f.add(static_cast<std::uint64_t>(n));
    f.add(static_cast<std::uint64_t>(options_.separator ? *options_.separator : -1));
    return f.value();
  }

  /// Behind the last example: where a resumed stream begins. Positions grow, with gaps: 2^32 · group + window.
  std::uint64_t position() const { return group_ << 32 | window_; }

  /// Goes to a position that position() returned. Any other means the next window behind it.
  void seek(std::uint64_t position) {
    if (position >> 32 != group_) loaded_ = false;
    group_ = position >> 32;
    window_ = position & 0xffff'ffffu;
  }

  /// `key` of the example is its position, and depends on nothing but it and the seed. Throws `error` when more
  /// than an epoch has no window of two tokens.
  tokenized_example next() {
    auto const size = static_cast<std::uint64_t>(options_.window);
    auto const group = static_cast<std::uint64_t>(options_.group);
    std::uint64_t const patience = documents_.size() + 100 * group;  // a long document may have a short part
    for (std::uint64_t read = 0;; ++group_, window_ = 0, loaded_ = false) {
      if (!loaded_) {
        if (read >= patience) fail("none of ", read, " documents in a row makes a window of two tokens");
        load();
        read += group;
      }
      std::uint64_t const begin = window_ * size;
      if (begin + 2 > text_.size()) continue;
      std::uint64_t const at = position();
      ++window_;
      return objective_(seed_, at,
                        std::span(text_).subspan(begin, std::min<std::uint64_t>(size, text_.size() - begin)));
    }
  }

 private:
  void load() {
    text_.clear();
    std::uint64_t const n = documents_.size(), first = group_ * static_cast<std::uint64_t>(options_.group);
    for (std::uint64_t i = first; i < first + static_cast<std::uint64_t>(options_.group); ++i) {
      auto const document = documents_[keyed_permutation(key_of(seed_, order, i / n), n)(i % n)];
      auto const part = select(i, document);
      text_.insert(text_.end(), part.begin(), part.end());
      if (options_.separator && !part.empty()) text_.push_back(*options_.separator);
    }
    loaded_ = true;
  }

  // Of a long document the part that this visit takes: parts of the same length from its beginning, the last shorter.
  std::span<token const> select(std::uint64_t visit, std::span<token const> document) const {
    auto const most = static_cast<std::size_t>(options_.longest_document);
    if (document.size() <= most) return document;
    std::size_t const parts = (document.size() + most - 1) / most;
    std::size_t const begin = most * uniform_below(key_of(seed_, chunk, visit), 0, parts);
    return document.subspan(begin, std::min(most, document.size() - begin));
  }

  static constexpr std::uint64_t order = 0x6f72646572u, chunk = 0x6368756e6bu;  // "order", "chunk"
  source<std::vector<token>> documents_;
  objective objective_;
  std::uint64_t seed_;
  objective_stream_options options_;
  std::uint64_t group_ = 0, window_ = 0;
  bool loaded_ = false;
  std::vector<token> text_;  // of the group
};

}  // namespace flan
