#pragma once
/// A model one can talk to: weights, vocabulary and settings together.

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "flan/backend/together.hpp"
#include "flan/checkpoint/save_folder.hpp"
#include "flan/checkpoint/write.hpp"
#include "flan/generate/beam_search.hpp"
#include "flan/generate/encoding.hpp"
#include "flan/generate/scoring.hpp"
#include "flan/generate/session_pool.hpp"
#include "flan/generate/text_pieces.hpp"

namespace flan {

namespace detail {
/// Whether B's matmul understands what B's pack makes: unless one of the two was shadowed by a class that derives from
/// the other's. A shadowed matmul, which knows nothing of panels, then sees row-major weights. (A shadowed matmul of
/// another template shape than <Y, X, W> cannot be asked where it is from, and sees row-major weights too.)
template <class B, class P>
concept packs_for_its_products = requires {
  typename class_of_member<
      decltype(&B::template matmul<typename P::wide, typename P::activation, typename P::weight>)>::type;
  typename class_of_member<decltype(&B::template pack<typename P::weight>)>::type;
}
&&[] {
  using M = typename class_of_member<
      decltype(&B::template matmul<typename P::wide, typename P::activation, typename P::weight>)>::type;
  using K = typename class_of_member<decltype(&B::template pack<typename P::weight>)>::type;
  return side_by_side<M, K>;
}();
}  // namespace detail

/// A T5-family model with its vocabulary, made by `load`. Const members may be called from any number of threads at
/// once; each call leases a session with a copy of the backend.
///
/// Texts get the end token; token ids are taken as they are. A row of a batch gives what it gives alone. Errors
/// (flan::error): ids outside the vocabulary, options that contradict each other, text where there is no vocabulary, a
/// request larger than the memory.
template <auto const& C, class P, class B>
requires inference_backend<B, P>
class text_model {
 public:
  using model_type = t5<C, P>;
  using backend_type = B;
  using precision_type = P;

  /// From parts: to train from nothing, or from a format of one's own. Without `defaults`, those that the configuration
  /// means (its end and start tokens). `original`: the texts of config.json and generation_config.json whose unknown
  /// keys `save` keeps.
  text_model(model_type model, B backend, std::optional<any_tokenizer> tokenizer,
             std::optional<generation_defaults> defaults = {}, original_texts original = {})
      : model_(std::make_unique<model_type>(std::move(model))),
        backend_(std::move(backend)),
        tokenizer_(std::move(tokenizer)),
        defaults_(defaults ? std::move(*defaults) : generation_defaults_of(model_->config())),
        original_(std::move(original)),
        sessions_(std::make_unique<detail::session_pool<model_type, B>>()) {
    if (tokenizer_ && tokenizer_->vocabulary_size() > config().vocabulary)
      fail("the vocabulary has ", tokenizer_->vocabulary_size(), " tokens, but the model has embeddings for only ",
           config().vocabulary);
  }

  // --- What it is ---------------------------------------------------------------------------------------------------
  t5_config const& config() const { return model_->config(); }
  generation_defaults const& defaults() const { return defaults_; }
  /// The texts of the files that the model came from; empty ones where it was made from parts.
  original_texts const& originals() const { return original_; }
  B const& backend() const { return backend_; }
  model_type const& network() const { return *model_; }
  /// To change the weights. No other member may run meanwhile; `own_parameters` makes them writable, `pack` fast again.
  /// Whoever wrote them through a backend calls its `synchronize` before they are used.
  model_type& network() { return *model_; }
  bool has_tokenizer() const { return tokenizer_.has_value(); }
  /// Throws where the folder had no vocabulary.
  any_tokenizer const& tokenizer() const {
    if (!tokenizer_) fail("this model has no vocabulary (its folder has no spiece.model): give token ids instead");
    return *tokenizer_;
  }

  /// Brings the weights into the backend's favourite layout, where its products read it. `load` has done it.
  void pack() {
    if constexpr (detail::packs_for_its_products<B, P>) pack_parameters(backend_, *model_);
    backend_.synchronize();  // sessions that were made before read them too
  }

  /// The ids of a text as the encoder gets them: with the end token.
  std::vector<token> input_ids(std::string_view text) const {
    auto ids = tokenizer().encode(text);
    ids.push_back(tokenizer().end_id());
    return ids;
  }

  // --- Generation ---------------------------------------------------------------------------------------------------
  /// The best answer.
  std::string generate(std::string_view prompt, generate_options const& o = {}) const {
    return generate(std::vector<std::string>{std::string(prompt)}, o).front();
  }
  /// The best answer to each prompt; prompts are padded to one batch.
  std::vector<std::string> generate(std::vector<std::string> const& prompts, generate_options const& o = {}) const {
    std::vector<std::string> texts;
    for (auto& answers : generations(prompts, o)) texts.push_back(std::move(answers.front().text));
    return texts;
  }
  /// `generate({"one", "another"})`: without it, two literals could also be the ends of one string_view.
  std::vector<std::string> generate(std::initializer_list<std::string_view> prompts,
                                    generate_options const& o = {}) const {
    return generate(std::vector<std::string>(prompts.begin(), prompts.end()), o);
  }
  /// For each prompt `return_sequences` answers with ids and scores, best first (samples: in the order drawn).
  std::vector<std::vector<generation>> generations(std::vector<std::string> const& prompts,
                                                   generate_options const& o = {}) const {
    return generate_ids(all_input_ids(prompts), o);
  }
  /// The same for inputs of token ids.
  std::vector<std::vector<generation>> generate_ids(std::vector<std::vector<token>> const& inputs,
                                                    generate_options const& o = {}) const {
    auto const plan = plan_of(o);
    if (inputs.empty()) return {};
    detail::decoder_of s(begin(inputs, plan));
    if (plan.beams > 1) return detail::beam_search(s, inputs, plan, known_tokenizer()).run();
    return detail::token_search(s, inputs, plan, known_tokenizer()).run();
  }

  /// The answer in pieces as they are made. Not with beams: their text is known at the end only.
  text_pieces stream(std::string_view prompt, generate_options const& o = {}) const {
    return stream_ids(input_ids(prompt), o);
  }
  text_pieces stream_ids(std::vector<token> const& input, generate_options const& o = {}) const {
    auto plan = plan_of(o);
    if (plan.beams > 1 || plan.returned > 1)
      fail(
          "a stream is one sequence, and its text is known as it is made: set the options beams and "
          "return_sequences to 1");
    auto s =
        std::make_unique<detail::decoder_of<typename detail::session_pool<model_type, B>::lease>>(begin({input}, plan));
    return {std::move(s), input, std::move(plan), tokenizer()};
  }

  // --- Scores and states --------------------------------------------------------------------------------------------
  /// The log-probability of each target as the answer to `input`; targets get the end token.
  std::vector<target_score> score(std::string_view input, std::vector<std::string> const& targets,
                                  std::optional<std::size_t> memory_limit = {}) const {
    return score_ids(input_ids(input), all_input_ids(targets), memory_limit);
  }
  std::vector<target_score> score_ids(std::vector<token> const& input, std::vector<std::vector<token>> const& targets,
                                      std::optional<std::size_t> memory_limit = {}) const {
    require_input(input);
    for (auto const& t : targets) {
      detail::require_ids(t, config().vocabulary, "a target");
      if (t.empty()) fail("a target to score needs at least one token, if only the end token");
    }
    auto const s = sessions_->take(*model_, backend_);
    return detail::score_targets(*s, input, std::span(targets), defaults_.start_id.value_or(config().start_id),
                                 memory_limit);
  }

  /// The encoder's states.
  encoded_texts encode(std::vector<std::string> const& texts, std::optional<std::size_t> memory_limit = {}) const {
    return encode_ids(all_input_ids(texts), memory_limit);
  }
  encoded_texts encode_ids(std::vector<std::vector<token>> const& inputs,
                           std::optional<std::size_t> memory_limit = {}) const {
    encoded_texts e;
    e.width = config().d_model;
    for (auto const& i : inputs) {
      require_input(i);
      e.lengths.push_back(static_cast<extent>(i.size()));
      e.length = std::max(e.length, e.lengths.back());
    }
    if (inputs.empty()) return e;
    require_room({e.size(), e.length, 0, 0}, memory_limit);
    auto const s = sessions_->take(*model_, backend_);
    s->encode(std::span(inputs), [&](typename model_type::states x, token_rows const& rows) {
      B& be = s->backend();
      frame<B> f(be);
      auto const wide = f.template make<typename P::wide>(rows.count(), e.width);
      be.copy(out(wide), in(x));
      for (auto const v : to_host(be, wide)) e.values.push_back(static_cast<float>(v));
    });
    return e;
  }

  // --- Files --------------------------------------------------------------------------------------------------------
  /// Writes a folder that transformers and `load` open: whole, or not at all (checkpoint/save_folder.hpp).
  void save(std::filesystem::path const& folder, write_options const& o = {}) const {
    B be = backend_;
    save_folder(folder, [&](std::filesystem::path const& partial) {
      write_model(be, *model_, defaults_, partial, o, original_);
      if (tokenizer_) tokenizer_->save(partial);
    });
  }

 private:
  any_tokenizer const* known_tokenizer() const { return tokenizer_ ? &*tokenizer_ : nullptr; }
  std::vector<std::vector<token>> all_input_ids(std::vector<std::string> const& texts) const {
    std::vector<std::vector<token>> ids;
    for (auto const& t : texts) ids.push_back(input_ids(t));
    return ids;
  }
  detail::generation_plan plan_of(generate_options const& o) const {
    return detail::make_plan(o, defaults_, config(), known_tokenizer());
  }
  void require_input(std::vector<token> const& input) const {
    detail::require_ids(input, config().vocabulary, "an input");
    if (input.empty()) fail("an input of token ids is empty; it needs at least one token, if only the end token");
  }
  void require_room(detail::request_size const& size, std::optional<std::size_t> limit) const {
    detail::require_memory(
        detail::request_bytes(config(), size, sizeof(typename P::activation), sizeof(typename P::wide)), size, limit,
        B::reads_host_memory);
  }
  /// Checks a request as a whole before anything is done, and leases a session for it.
  auto begin(std::vector<std::vector<token>> const& inputs, detail::generation_plan const& plan) const {
    for (auto const& i : inputs) require_input(i);
    require_room(detail::size_of_request(inputs, plan), plan.memory_limit);
    return sessions_->take(*model_, backend_);
  }

  std::unique_ptr<model_type> model_;  // sessions point to it: a text_model may be moved, its model stays
  B backend_;
  std::optional<any_tokenizer> tokenizer_;
  generation_defaults defaults_;
  original_texts original_;
  std::unique_ptr<detail::session_pool<model_type, B>> sessions_;
};

}  // namespace flan
