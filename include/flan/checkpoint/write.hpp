#pragma once
/// A model into a folder that transformers opens.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "flan/checkpoint/config.hpp"
#include "flan/checkpoint/generation_config.hpp"
#include "flan/checkpoint/output_file.hpp"
#include "flan/checkpoint/read.hpp"
#include "flan/checkpoint/safetensors_writer.hpp"
#include "flan/layer/parameters.hpp"

namespace flan {

struct write_options {
  std::optional<number_format> format{};            ///< of every tensor; else each keeps its own
  std::uint64_t shard_bytes = default_shard_bytes;  ///< a new file begins past this size
};

namespace detail {

/// The format in which W is stored where no other is asked for. Throws for quantised weights, which are not stored.
template <class W>
[[gnu::cold]] number_format stored_format() {
  if constexpr (quantized<W>)
    fail(
        "a model whose weights are quantised cannot be saved, since they are not what they were: save it from float "
        "weights (load it in fp32 or bf16_mixed)");
  else
    return format_of<W>;
}

/// The weight's numbers, row by row, in `format`.
template <class W, class B>
std::vector<std::byte> stored_bytes(B& be, weight<W> const& w, number_format format) {
  std::vector<W> values;
  if (w.format == layout::row_major) {
    values = to_host(be, w.view());
  } else {
    weight<W> plain = be.template allocate_weight<W>(w.rows, w.columns);
    be.unpack(plain.values(), w);
    values = to_host(be, plain.view());
  }
  std::vector<std::byte> bytes(values.size() * bytes_of(format));
  auto const convert = [&](auto to) {
    std::vector<decltype(to)> converted(values.size());
    convert_numbers(format_of<W>, values.data(), converted.data(), values.size());
    if (!bytes.empty()) std::memcpy(bytes.data(), converted.data(), bytes.size());
  };
  switch (format) {
    case number_format::f32:
      convert(float{});
      break;
    case number_format::f16:
      convert(f16{});
      break;
    case number_format::bf16:
      convert(bf16{});
      break;
    case number_format::f64:
      convert(double{});
      break;
    default:
      fail("parameters cannot be written as ", name_of(format), "; F32, F16, BF16 and F64 can");
  }
  return bytes;
}

}  // namespace detail

/// Writes the model's parameters into `folder`, which exists: model.safetensors, or shards and their list. Packed and
/// borrowed parameters are written bit for bit; quantised ones are refused, before anything is written. One tensor at a
/// time is in host memory. Inside save_folder this is whole or not at all.
template <class B, class M>
void write_parameters(B& be, M const& model, std::filesystem::path const& folder, write_options const& o = {}) {
  std::vector<tensor_header> headers;
  std::vector<std::function<std::vector<std::byte>()>> bytes;
  for_each_parameter(
      [&](std::string const& name, auto const& w) {
        using W = typename std::remove_cvref_t<decltype(w)>::value_type;
        number_format const format = detail::stored_format<W>();
        headers.push_back({name, o.format.value_or(format), detail::stored_shape(name, w.rows, w.columns)});
        if constexpr (!quantized<W>)
          bytes.push_back([&be, &w, f = headers.back().format] { return detail::stored_bytes(be, w, f); });
      },
      model);
  auto const emit = [&](std::size_t i, auto&& put) {
    std::vector<std::byte> const b = bytes[i]();
    put(b.data(), b.size());
  };
  write_safetensors(folder, headers, emit, o.shard_bytes);
}

/// The files of a folder beside weights and tokenizer, as texts: what the model was loaded from, to keep its unknown
/// keys, or empty.
struct original_texts {
  std::string config, generation;
};

/// Writes weights, config.json and generation_config.json into `folder`, which exists.
template <class B, class M>
void write_model(B& be, M const& model, generation_defaults const& generation, std::filesystem::path const& folder,
                 write_options const& o = {}, original_texts const& original = {}) {
  write_parameters(be, model, folder, o);
  number_format const format = o.format.value_or(detail::stored_format<typename M::precision_type::weight>());
  write_file(folder / "config.json", config_text(model.config(), format, original.config));
  write_file(folder / "generation_config.json", generation_config_text(generation, original.generation));
}

}  // namespace flan
