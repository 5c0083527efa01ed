#pragma once
/// What a tokenizer is.

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flan {

/// The id of a token: a row of the model's embedding.
using token = std::int32_t;

/// Text to ids and back.
/// - encode(text): ids *without* the final end token; special tokens written in the text become their ids.
/// - decode(ids, skip_special): valid UTF-8. Ids outside the vocabulary contribute nothing.
/// - pad_id, end_id, unknown_id, vocabulary_size: ids are in [0, vocabulary_size); an embedding may have more rows.
/// - append_piece(text, id, first, skip_special): appends the raw bytes of one token, `first` when no token was taken
///   before it; false when the token contributes nothing. Decoding is append_piece for each id, then repair and
///   clean-up: `text_stream` does the same a token at a time.
/// - cleans_up_spaces: decoded text loses the space before punctuation (Hugging Face's clean_up_tokenization_spaces).
/// - invalid_bytes: what stands for bytes that are not UTF-8: U+FFFD or nothing.
/// All const members may be called from several threads at once.
template <class T>
concept tokenizer = requires(T const t, std::string_view text, std::span<token const> ids, std::string& out, token id,
                             bool b) {
  { t.encode(text) } -> std::same_as<std::vector<token>>;
  { t.decode(ids, b) } -> std::same_as<std::string>;
  { t.append_piece(out, id, b, b) } -> std::same_as<bool>;
  { t.cleans_up_spaces() } -> std::same_as<bool>;
  { t.invalid_bytes() } -> std::convertible_to<std::string_view>;
  { t.pad_id() } -> std::same_as<token>;
  { t.end_id() } -> std::same_as<token>;
  { t.unknown_id() } -> std::same_as<token>;
  { t.vocabulary_size() } -> std::same_as<token>;
};

}  // namespace flan
