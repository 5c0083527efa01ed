#pragma once
/// One stream of decoding over shared weights: a backend of its own, caches, and the host's account of which row of the
/// caches holds what.

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "flan/backend/concept.hpp"
#include "flan/generate/memory.hpp"
#include "flan/layer/rows.hpp"
#include "flan/model/t5.hpp"
#include "flan/text/tokenizer.hpp"

namespace flan {

/// The k likeliest tokens of each row, on the host.
struct top_tokens {
  extent k = 0;
  std::vector<float> logits;      ///< [rows, k], largest first
  std::vector<std::int32_t> ids;  ///< [rows, k]
  std::vector<float> log_sums;    ///< [rows]: log Σ exp of all logits of the row
};

/// `begin` encodes a batch of inputs once and projects it for every decoder layer once; each `step` appends tokens to
/// decoder rows. Rows are named by their parents of the step before (in the first step: by the input they read), so
/// beams reorder, prompts branch into samples and finished rows drop out without a key or value being moved: a row's
/// past is a list of cache rows, one per position.
///
/// The model must outlive the session, and its parameters stay as they are between `begin` and the last `step`. Not
/// thread-safe; sessions over one model are independent of each other.
template <class Model, class B>
class session {
 public:
  using P = typename Model::precision_type;
  using X = typename P::activation;
  using F = typename P::wide;
  static_assert(std::is_floating_point_v<F>, "tokens can be chosen by real numbers only");

  /// Copies the backend: the copy has its own stream and workspace.
  session(Model const& model, B const& be) : model_(&model), be_(be) {}
  session(session const&) = delete;
  session& operator=(session const&) = delete;

  B& backend() { return be_; }
  Model const& model() const { return *model_; }
  extent vocabulary() const { return model_->config().vocabulary; }
  /// Tokens in each row's cache; decoder rows of the last step.
  extent position() const { return position_; }
  extent rows() const { return rows_; }

  /// Encodes `inputs` (at least one; each of at least one token) and makes caches for up to `rows` decoder rows of
  /// `capacity` tokens, `first` of which may come in one step. The caller has checked that ids lie in the vocabulary.
  void begin(std::span<std::vector<token> const> inputs, extent rows, extent capacity, extent first = 1) {
    end();  // never two requests' caches at once
    encode(inputs, [&](typename Model::states x, token_rows const& r) {
      cache_ = model_->make_cache(be_, rows, capacity, x, r);
    });
    batch_ = static_cast<extent>(inputs.size()), max_rows_ = rows, capacity_ = capacity;
    rewind();
    ids_ = frame_->template make_vector<std::int32_t>(rows * first);
    key_rows_ = frame_->template make_vector<std::int32_t>(rows);
    ancestry_ = frame_->template make<std::int32_t>(rows, capacity);
    states_ = frame_->template make<X>(rows * first, model_->config().d_model);
    past_.assign(static_cast<std::size_t>(rows * capacity), 0);
    next_past_ = past_;
  }

  /// One pass over a padded batch: use(states[batch·length, d_model], rows), in backend memory; the states end with
  /// `use`. Ends the request before.
  template <class Use>
  void encode(std::span<std::vector<token> const> inputs, Use&& use) {
    end();
    frame_.emplace(be_, be_.kept());
    extent const batch = static_cast<extent>(inputs.size());
    extent longest = 0;
    for (auto const& i : inputs) {
      if (i.empty()) fail("an input needs at least one token, if only the end token");
      longest = std::max(longest, static_cast<extent>(i.size()));
    }
    if (batch == 0) fail("a batch needs at least one input");
    std::vector<std::int32_t> padded(static_cast<std::size_t>(batch * longest), model_->config().pad_id), lengths;
    for (std::size_t b = 0; b < inputs.size(); ++b) {
      std::copy(inputs[b].begin(), inputs[b].end(), padded.begin() + static_cast<extent>(b) * longest);
      lengths.push_back(static_cast<std::int32_t>(inputs[b].size()));
    }
    auto const device_lengths = frame_->template make_vector<std::int32_t>(batch);  // the caches go on reading them
    upload(device_lengths, lengths);
    frame<B> f(be_);
    auto const device_ids = f.template make_vector<std::int32_t>(batch * longest);
    upload(device_ids, padded);
    token_rows const r{.batch = batch, .length = longest, .lengths = in(device_lengths)};
    typename Model::states const x(f.template make<X>(r.count(), model_->config().d_model));
    model_->encode(be_, x, in(device_ids), r);
    use(x, r);
  }

  /// Appends ids[rows·n] behind their parents' pasts. Returns the decoder's states of all new tokens, [rows·n,
  /// d_model], in backend memory until the next call; `logits` and `top` say what follows each row's last one.
  typename Model::states step(std::span<token const> ids, std::span<std::int32_t const> parents) {
    auto const [n, past] = append(ids, parents);
    typename Model::states const y(states_.row_range(0, rows_ * n));
    last_ = {y.data + (n - 1) * y.stride, rows_, y.columns, n * y.stride};
    has_logits_ = false;
    model_->step(be_, y, in(ids_.part(0, rows_ * n)), rows_, n, cache_, position_ - n, past.ancestry, past.key_rows);
    return y;
  }

  /// The logits after each row's last token, [rows, vocabulary], in backend memory until the next step.
  matrix<F> logits() {
    if (logits_.empty()) logits_ = frame_->template make<F>(max_rows_, vocabulary());
    matrix<F> const z = logits_.row_range(0, rows_);
    if (!has_logits_) model_->logits(be_, z, last_);
    has_logits_ = true;
    return z;
  }
  /// The same on the host; may be written to.
  std::vector<float>& host_logits() {
    matrix<F> const z = logits();
    download(host_logits_, z.data, z.rows * z.columns);
    return host_logits_;
  }

  /// The k likeliest tokens after each row's last one, chosen in the backend. Who wants all logits too asks for those
  /// first: else they may be computed twice.
  top_tokens const& top(extent k) {
    frame<B> f(be_);
    auto const values = f.template make<F>(rows_, k);
    auto const ids = f.template make<std::int32_t>(rows_, k);
    auto const sums = f.template make_vector<F>(rows_);
    if (has_logits_) {
      be_.top_k(out(values), out(ids), out(sums), in(logits()));
    } else {
      model_->top_k(be_, values, ids, sums, last_);
    }
    top_.k = k;
    download(top_.logits, values.data, rows_ * k);
    top_.ids.resize(static_cast<std::size_t>(rows_ * k));
    be_.download(top_.ids.data(), ids.data, top_.ids.size() * sizeof(std::int32_t));
    download(top_.log_sums, sums.data, rows_);
    return top_;
  }

  /// Gives back what the request held; its workspace stays, for the next.
  void end() {
    max_rows_ = 0;
    cache_ = {};
    logits_ = {}, has_logits_ = false;
    frame_.reset();
  }

  /// The next `step` is a first one again: the encoder's side stays, decoder rows begin anew.
  void rewind() {
    rows_ = position_ = 0;
    own_past_ = true;
    sources_.clear();
  }

 private:
  template <class T>
  void upload(vector_view<T> to, std::vector<T> const& from) {
    be_.upload(to.data, from.data(), from.size() * sizeof(T));
  }
  void download(std::vector<float>& to, F const* from, extent count) {
    to.resize(static_cast<std::size_t>(count));
    if constexpr (std::is_same_v<F, float>) {
      be_.download(to.data(), from, to.size() * sizeof(F));
    } else {
      std::vector<F> wide(to.size());
      be_.download(wide.data(), from, wide.size() * sizeof(F));
      std::transform(wide.begin(), wide.end(), to.begin(), [](F x) { return static_cast<float>(x); });
    }
  }

  struct appended {
    extent n;
    stack_call<P> past;  ///< ancestry and key_rows
  };
  /// The host's account of a step: rows, pasts, sources; uploads what the ops will read.
  appended append(std::span<token const> ids, std::span<std::int32_t const> parents) {
    extent const rows = static_cast<extent>(parents.size());
    extent const n = rows == 0 ? 0 : static_cast<extent>(ids.size()) / rows;
    if (n < 1 || n * rows != static_cast<extent>(ids.size()) || rows > max_rows_ || rows * n > ids_.size ||
        position_ + n > capacity_)
      fail("a decoding step got ", ids.size(), " tokens for ", rows, " rows at position ", position_,
           "; the session was begun for ", max_rows_, " rows of ", capacity_, " tokens");
    extent const named = position_ == 0 ? batch_ : rows_;
    for (auto const p : parents)
      if (p < 0 || p >= named) fail("a decoding step names row ", p, ", but there are ", named);
    auto const counts_up = [](std::span<std::int32_t const> v) {
      for (std::size_t i = 0; i < v.size(); ++i)
        if (v[i] != static_cast<std::int32_t>(i)) return false;
      return true;
    };
    // While rows go on where they are, row r of the caches is row r's past: then no list is needed, nor uploaded.
    if (position_ == 0) {
      sources_.assign(parents.begin(), parents.end());
    } else if (rows != named || !counts_up(parents)) {
      own_past_ = false;
      next_sources_.resize(parents.size());
      for (std::size_t r = 0; r < parents.size(); ++r) {
        auto const p = static_cast<extent>(parents[r]);
        next_sources_[r] = sources_[static_cast<std::size_t>(p)];
        std::copy_n(past_.begin() + p * capacity_, position_, next_past_.begin() + static_cast<extent>(r) * capacity_);
      }
      std::swap(past_, next_past_);
      std::swap(sources_, next_sources_);
    }
    for (extent r = 0; r < rows; ++r)
      std::fill_n(past_.begin() + r * capacity_ + position_, n, static_cast<std::int32_t>(r));
    rows_ = rows;
    position_ += n;

    be_.upload(ids_.data, ids.data(), ids.size_bytes());
    appended a{n, {}};
    if (rows != batch_ || !counts_up(sources_)) {
      be_.upload(key_rows_.data, sources_.data(), sources_.size() * sizeof(std::int32_t));
      a.past.key_rows = in(key_rows_.part(0, rows));
    }
    if (!own_past_) {
      be_.upload(ancestry_.data, past_.data(), static_cast<std::size_t>(rows * capacity_) * sizeof(std::int32_t));
      a.past.ancestry = in(ancestry_.row_range(0, rows));
    }
    return a;
  }

  Model const* model_;
  B be_;
  std::optional<frame<B>> frame_;  ///< what a request holds; given back when the next begins
  t5_cache<P> cache_;
  vector_view<std::int32_t> ids_, key_rows_;
  matrix<std::int32_t> ancestry_;
  matrix<X> states_;               ///< of the last step's tokens
  typename Model::states last_{};  ///< of them each row's last
  matrix<F> logits_;               ///< made when they are first asked for
  bool has_logits_ = false;        ///< of the last step
  extent batch_ = 0, max_rows_ = 0, capacity_ = 0, rows_ = 0, position_ = 0;
  bool own_past_ = true;
  std::vector<std::int32_t> past_, next_past_;        ///< [rows, capacity]: the cache row of each position
  std::vector<std::int32_t> sources_, next_sources_;  ///< [rows]: the encoder row
  top_tokens top_;
  std::vector<float> host_logits_;
};

}  // namespace flan
