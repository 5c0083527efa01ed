#pragma once
/// The vocabulary of T5, mT5, UMT5 and Flan-T5: a sentencepiece model and the sentinels that Hugging Face adds to it.

#include <sentencepiece_processor.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/text/special_tokens.hpp"
#include "flan/text/stream.hpp"
#include "flan/text/tokenizer.hpp"
#include "flan/text/tokenizer_files.hpp"

namespace flan {

/// Text as T5TokenizerFast reads it: special tokens are cut out first, and sentencepiece encodes each part between
/// them, with its own leading space. Immutable; copies share the vocabulary.
///
/// Invalid UTF-8 is no error: sentencepiece reads each bad byte as U+FFFD, so as unknown. NUL is a character.
class sentencepiece_tokenizer {
 public:
  /// T5's convention where no file says otherwise: `<extra_id_0>` is the last id.
  static constexpr std::int64_t usual_sentinels = 100;

  /// Opens a Hugging Face folder or its spiece.model (the JSON files beside it are read either way), or a sentencepiece
  /// file of any other name, which then has this many sentinels by T5's convention. Throws `error` when the vocabulary
  /// is missing, damaged, or contradicted by those files.
  explicit sentencepiece_tokenizer(std::filesystem::path const& path, std::int64_t sentinels = usual_sentinels) {
    auto const file = std::filesystem::is_directory(path) ? path / "spiece.model" : path;
    auto model = detail::file_contents(file);
    if (!model) fail("there is no sentencepiece model at ", file.string());
    auto settings = file.filename() == "spiece.model" ? detail::read_tokenizer_settings(file.parent_path())
                                                      : detail::tokenizer_settings{};
    if (!settings.extra_ids && !settings.sentinels.empty())
      settings.extra_ids = std::count_if(settings.sentinels.begin(), settings.sentinels.end(),
                                         [](auto const& s) { return s.starts_with("<extra_id_"); });
    construct(std::move(*model), std::move(settings), sentinels, file.string());
  }

  /// A vocabulary in memory: the bytes of a sentencepiece model, as its trainer returns them.
  static sentencepiece_tokenizer from_bytes(std::string model, std::int64_t sentinels = usual_sentinels) {
    sentencepiece_tokenizer t;
    t.construct(std::move(model), {}, sentinels, "the sentencepiece model in memory");
    return t;
  }

  std::vector<token> encode(std::string_view text) const {
    std::vector<token> ids;
    std::vector<int> part_ids;
    special_.split(
        text,
        [&](std::string_view part) {
          auto status = model_->Encode({part.data(), part.size()}, &part_ids);
          if (!status.ok()) fail("sentencepiece cannot encode ", part.size(), " bytes of text: ", status.ToString());
          if (ids.empty())  // most texts are a single part
            ids.swap(part_ids);
          else
            ids.insert(ids.end(), part_ids.begin(), part_ids.end());
        },
        [&](added_token const& t) { ids.push_back(t.id); });
    return ids;
  }

  std::string decode(std::span<token const> ids, bool skip_special = true) const {
    return detail::decode_with(*this, ids, skip_special);
  }

  /// decode with special tokens kept, spaced as transformers' slow T5Tokenizer (before version 5) did: text between two
  /// special tokens gets a space before it. Only for comparing with texts of that origin.
  std::string decode_slow(std::span<token const> ids) const {
    std::string text, part;
    bool part_begins = true, after_special = false;
    for (token id : ids) {
      if (append_piece(part, id, part_begins, /*skip_special*/ true)) {
        part_begins = after_special = false;
        continue;
      }
      std::string special;
      if (!append_piece(special, id, false, /*skip_special*/ false)) continue;  // outside the vocabulary
      if (!after_special) text += ' ';
      text += std::exchange(part, {}) + special;
      part_begins = after_special = true;
    }
    text += part;
    auto const begin = std::min(text.find_first_not_of(' '), text.size());
    text = repair_utf8(std::string_view(text).substr(begin, text.find_last_not_of(' ') + 1 - begin));
    return clean_up_ ? detail::clean_up_spaces(std::move(text)) : text;
  }

  bool append_piece(std::string& text, token id, bool first, bool skip_special) const {
    if (added_token const* t = special_.find(id)) {
      if (t->special && skip_special) return false;
      text += t->text;
      return true;
    }
    if (id < 0 || id >= model_->GetPieceSize()) return false;
    if (model_->IsUnknown(id) || model_->IsControl(id)) {
      if (skip_special) return false;
      text += model_->IdToPiece(id);
      return true;
    }
    std::string_view const piece = model_->IdToPiece(id);
    if (model_->IsByte(id)) {  // "<0x0A>"
      auto const digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
      text += static_cast<char>(digit(piece[3]) * 16 + digit(piece[4]));
      return true;
    }
    constexpr std::string_view mark =
        "\xE2\x96\x81";  // U+2581, a space; those of the first piece are the encoder's own
    std::size_t begin = 0;
    for (auto at = piece.find(mark); at != std::string_view::npos; at = piece.find(mark, begin)) {
      text += piece.substr(begin, at - begin);
      if (!first) text += ' ';
      begin = at + mark.size();
    }
    text += piece.substr(begin);
    return true;
  }

  bool cleans_up_spaces() const { return clean_up_; }
  std::string_view invalid_bytes() const { return replacement_character; }
  token pad_id() const { return pad_; }
  token end_id() const { return end_; }
  token unknown_id() const { return model_->unk_id(); }
  /// Pieces and sentinels; the embedding of a checkpoint usually has more rows.
  token vocabulary_size() const { return size_; }
  special_tokens const& special() const { return special_; }

  /// Writes the files it was opened from, or a spiece.model and a tokenizer_config.json that transformers opens.
  void save(std::filesystem::path const& folder) const { detail::write_files(*files_, folder); }

 private:
  sentencepiece_tokenizer() = default;

  void construct(std::string model, detail::tokenizer_settings settings, std::int64_t sentinels,
                 std::string const& where) {
    auto processor = std::make_shared<sentencepiece::SentencePieceProcessor>();
    auto status = processor->LoadFromSerializedProto({model.data(), model.size()});
    if (!status.ok()) fail(where, " is not a sentencepiece model: ", status.ToString());
    model_ = std::move(processor);
    clean_up_ = settings.clean_up;
    auto added = settings.added.empty() ? conventional(settings, sentinels) : settings.added;
    token const pieces = model_->GetPieceSize();
    size_ = pieces;
    for (auto const& t : added) {
      if (t.id < pieces && model_->IdToPiece(t.id) != t.text && model_->IdToPiece(t.id) != "\xE2\x96\x81" + t.text)
        fail(where, ": the piece ", t.id, " is ", model_->IdToPiece(t.id), ", but the tokenizer's JSON files call it ",
             t.text);
      size_ = std::max(size_, t.id + 1);
    }
    special_ = special_tokens(std::move(added));
    pad_ = id_of(settings.pad, model_->pad_id()).value_or(0);
    auto const end = id_of(settings.end, model_->eos_id());
    if (!end) fail(where, " has no end token: neither ", settings.end, " nor a piece marked as such");
    end_ = *end;
    bool const described = !settings.files.empty();
    settings.files.push_back({"spiece.model", std::move(model)});
    if (!described) settings.files.push_back({"tokenizer_config.json", describe(settings, sentinels)});
    files_ = std::make_shared<detail::kept_files const>(std::move(settings.files));
  }

  // Special tokens of a vocabulary without a list of ids: pieces of that name, and sentinels counted from the end.
  std::vector<added_token> conventional(detail::tokenizer_settings const& s, std::int64_t sentinels) const {
    std::vector<added_token> added;
    auto const add_piece = [&](std::string const& text) {
      token const id = model_->PieceToId(text);
      bool const known = model_->IdToPiece(id) == text;
      if (known && std::none_of(added.begin(), added.end(), [&](auto const& t) { return t.id == id; }))
        added.push_back({text, id});
    };
    for (auto const& text : {s.pad, s.end, s.unknown}) add_piece(text);
    std::int64_t const n = s.extra_ids.value_or(sentinels);
    if (n < 0 || n > 1'000'000) fail("a vocabulary cannot have ", n, " sentinels");
    for (std::int64_t i = 0; i < n; ++i)
      added.push_back(
          {sentence("<extra_id_", i, ">"), static_cast<token>(model_->GetPieceSize() + n - 1 - i), true, true, true});
    for (auto const& text : s.sentinels) add_piece(text);
    return added;
  }

  std::optional<token> id_of(std::string const& text, int otherwise) const {
    if (auto const* t = special_.find(std::string_view(text))) return t->id;
    if (otherwise < 0) return {};
    return otherwise;
  }

  static std::string describe(detail::tokenizer_settings const& s, std::int64_t sentinels) {
    return detail::settings_text("T5Tokenizer", s.extra_ids.value_or(sentinels), s);
  }

  std::shared_ptr<sentencepiece::SentencePieceProcessor const> model_;
  special_tokens special_;
  std::shared_ptr<detail::kept_files const> files_;
  token size_ = 0, pad_ = 0, end_ = 1;
  bool clean_up_ = false;
};

static_assert(tokenizer<sentencepiece_tokenizer>);

}  // namespace flan
