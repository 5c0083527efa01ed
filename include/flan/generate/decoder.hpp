#pragma once
/// What the searches see of a session: tokens in, logits on the host out. They are compiled once for all models and
/// backends; a call through this table costs nothing beside the step behind it.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "flan/generate/session.hpp"

namespace flan::detail {

class decoder {
 public:
  virtual ~decoder() = default;
  decoder(decoder const&) = delete;
  decoder& operator=(decoder const&) = delete;

  virtual extent vocabulary() const = 0;
  /// As the members of session of the same names.
  virtual extent position() const = 0;
  virtual void begin(std::span<std::vector<token> const> inputs, extent rows, extent capacity, extent first) = 0;
  virtual void step(std::span<token const> ids, std::span<std::int32_t const> parents) = 0;
  /// After the last step: the k likeliest tokens of each row, and all logits. Who wants both asks for the logits first.
  virtual top_tokens const& top(extent k) = 0;
  virtual std::vector<float> const& logits() = 0;

 protected:
  decoder() = default;
};

/// Lease points to a session and is kept.
template <class Lease>
class decoder_of final : public decoder {
  Lease session_;

 public:
  explicit decoder_of(Lease session) : session_(std::move(session)) {}

  extent vocabulary() const override { return session_->vocabulary(); }
  extent position() const override { return session_->position(); }
  void begin(std::span<std::vector<token> const> inputs, extent rows, extent capacity, extent first) override {
    session_->begin(inputs, rows, capacity, first);
  }
  void step(std::span<token const> ids, std::span<std::int32_t const> parents) override {
    session_->step(ids, parents);
  }
  top_tokens const& top(extent k) override { return session_->top(k); }
  std::vector<float> const& logits() override { return session_->host_logits(); }
};

}  // namespace flan::detail
