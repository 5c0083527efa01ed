#pragma once
/// A mixture's stream as a feed: an index is drawn, rendered and tokenized.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "flan/data/batch_options.hpp"
#include "flan/data/feed.hpp"
#include "flan/data/mixture_stream.hpp"
#include "flan/text/tokenizer.hpp"

namespace flan {

/// Positions are the stream's indices, of its shard. The tokenizer must outlive this.
template <tokenizer T>
class mixture_feed final : public example_feed {
 public:
  mixture_feed(example_stream s, T const& tokens, batch_options const& o)
      : stream_(std::move(s)), tokens_(&tokens), options_(o) {}

  std::vector<task_share> tasks() const override { return stream_.tasks(); }
  std::uint64_t seed() const override { return stream_.seed(); }
  std::uint64_t stride() const override { return stream_.shard().of; }

  std::uint64_t position() const override { return stream_.position(); }
  std::uint64_t nearest(std::uint64_t position) const override { return stream_.nearest(position); }
  void seek(std::uint64_t position) noexcept override { stream_.seek(position); }

  void claim(prepared_example& e) override {
    e.tokens.key = stream_.position();
    e.place = stream_.next_place();
  }
  void make(prepared_example& e) const override { detail::tokenize(e, stream_.render(e.place), *tokens_, options_); }

 private:
  example_stream stream_;
  T const* tokens_;
  batch_options options_;
};

}  // namespace flan
