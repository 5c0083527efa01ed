#pragma once
/// A vocabulary made from the quickstart's own texts, in memory, in a fraction of a second.

#include <sentencepiece_trainer.h>

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/text/sentencepiece.hpp"

namespace quickstart {

/// Sentencepiece reads its training texts through this.
class texts_to_learn final : public sentencepiece::SentenceIterator {
  std::vector<std::string> const& texts_;
  std::size_t at_ = 0;

 public:
  explicit texts_to_learn(std::vector<std::string> const& texts) : texts_(texts) {}
  bool done() const override { return at_ == texts_.size(); }
  void Next() override { ++at_; }
  std::string const& value() const override { return texts_[at_]; }
  // util::Status up to sentencepiece 0.2.0, absl::Status since.
  decltype(std::declval<sentencepiece::SentenceIterator const&>().status()) status() const override { return {}; }
};

/// At most `size` pieces for these texts. Digits stand alone, so that numbers are spelt.
inline flan::sentencepiece_tokenizer train_vocabulary(std::vector<std::string> const& texts, int size) {
  texts_to_learn input(texts);
  std::string model;
  auto const status = sentencepiece::SentencePieceTrainer::Train(
      std::unordered_map<std::string, std::string>{{"model_type", "unigram"},
                                                   {"vocab_size", std::to_string(size)},
                                                   {"hard_vocab_limit", "false"},
                                                   {"character_coverage", "1"},
                                                   {"split_digits", "true"},
                                                   {"normalization_rule_name", "identity"},
                                                   {"pad_id", "0"},
                                                   {"eos_id", "1"},
                                                   {"unk_id", "2"},
                                                   {"bos_id", "-1"},
                                                   {"minloglevel", "2"},
                                                   {"num_threads", "1"}},
      &input, &model);
  if (!status.ok()) flan::fail("the vocabulary could not be made: ", status.ToString());
  return flan::sentencepiece_tokenizer::from_bytes(std::move(model), 0);
}

}  // namespace quickstart
