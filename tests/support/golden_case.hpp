#pragma once
/// One golden case: inputs and numbers that transformers computed in float64, and the model it computed them with.

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "flan/checkpoint/safetensors.hpp"
#include "flan/model/t5.hpp"
#include "flan/testing/golden.hpp"
#include "support/shared.hpp"

namespace flan::testing {

/// Gives every parameter of `model` memory and its formula's values, rounded to float first as the goldens' weights
/// are, and quantised where the model is.
template <class B, class M>
void fill_by_formula(B& be, M& model) {
  allocate_parameters(be, model);
  for_each_parameter(
      [&](std::string const& name, auto& w) {
        using W = typename std::remove_cvref_t<decltype(w)>::value_type;
        auto const range = fill_width(name, model.config());
        auto const exact = formula_values<float>(name, w.size(), range.mean, range.width);
        if constexpr (quantized<W>) {
          be.quantize(w, 0, in(to_backend(be, exact.data(), w.rows, w.columns).view));
          return be.synchronize();
        } else {
          std::vector<W> values(exact.size());
          for (std::size_t i = 0; i < values.size(); ++i) values[i] = narrow<W>(exact[i]);
          be.upload(w.values().data, values.data(), values.size() * sizeof(W));
        }
      },
      model);
}

struct golden_case {
  nlohmann::json numbers;
  stored_tensors tensors;
  t5_config config;
  extent batch = 0, inputs = 0, targets = 0;
  std::vector<std::int32_t> input_ids, lengths, decoder_ids, labels;

  explicit golden_case(std::string const& name) {
    auto const folder = golden(name);
    std::ifstream(folder / "golden.json") >> numbers;
    tensors = read_safetensors(folder / "golden.safetensors");
    auto const& c = numbers.at("config");
    bool const tied = c.at("tied"), umt5 = c.value("family", "t5") == "umt5";
    config = t5_config{.vocabulary = c.at("vocab_size"),
                       .d_model = c.at("d_model"),
                       .d_kv = c.at("d_kv"),
                       .d_ff = c.at("d_ff"),
                       .layers = c.at("num_layers"),
                       .decoder_layers = c.value("num_decoder_layers", c.at("num_layers").get<extent>()),
                       .heads = c.at("num_heads"),
                       .buckets = 32,
                       .max_distance = 128,
                       .epsilon = 1e-6};
    bool const gated = c.at("feed_forward_proj") == "gated-gelu";
    config.activation = gated ? activation::gelu_new : activation::relu;
    config.gated = to_flag(gated);
    config.tied = to_flag(tied);
    config.scaled = to_flag(tied || umt5);
    config.per_block_bias = to_flag(umt5);
    auto const rows = [](nlohmann::json const& j, std::vector<std::int32_t>& v) {
      for (auto const& row : j)
        for (auto const& x : row) v.push_back(x);
      return static_cast<extent>(j.at(0).size());
    };
    batch = static_cast<extent>(numbers.at("input_ids").size());
    inputs = rows(numbers.at("input_ids"), input_ids);
    targets = rows(numbers.at("labels"), labels);
    for (auto const& row : numbers.at("attention_mask")) {
      std::int32_t n = 0;
      for (int const m : row) n += m;
      lengths.push_back(n);
    }
    decoder_ids.resize(labels.size());
    for (std::size_t i = 0; i < labels.size(); ++i)
      decoder_ids[i] = i % static_cast<std::size_t>(targets) == 0 ? 0 : std::max(labels[i - 1], 0);
  }

  std::vector<float> tensor_of(std::string const& name) const {
    auto const& t = tensors.at(name);
    std::vector<float> v(static_cast<std::size_t>(t.elements()));
    read_as(t, v.data());
    return v;
  }
};

/// The case's arrays in backend memory, and the views that the model takes.
struct uploaded_case {
  tensor<std::int32_t> input_ids, lengths, decoder_ids, labels;
  t5_batch batch;

  template <class B>
  uploaded_case(B& be, golden_case const& g)
      : input_ids(to_backend(be, g.input_ids.data(), g.batch, g.inputs)),
        lengths(to_backend(be, g.lengths.data(), 1, g.batch)),
        decoder_ids(to_backend(be, g.decoder_ids.data(), g.batch, g.targets)),
        labels(to_backend(be, g.labels.data(), g.batch, g.targets)) {
    batch.input_ids = in(flat(input_ids.view));
    batch.inputs = {.batch = g.batch, .length = g.inputs, .lengths = in(flat(lengths.view))};
    batch.decoder_ids = in(flat(decoder_ids.view));
    batch.targets = {.batch = g.batch, .length = g.targets};
    batch.labels = in(flat(labels.view));
  }
};

}  // namespace flan::testing
