// Models into folders and back: read.hpp, write.hpp, model_files.hpp.
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "flan/checkpoint/read.hpp"
#include "flan/checkpoint/save_folder.hpp"
#include "flan/checkpoint/write.hpp"
#include "flan/model/initialize.hpp"
#include "flan/model/presets.hpp"
#include "flan/reference/backend.hpp"
#include "support/catch.hpp"
#include "support/resident_pages.hpp"
#include "support/temporary_folder.hpp"

using namespace flan;
using flan::testing::get_file;
using flan::testing::put_file;
using flan::testing::temporary_folder;

namespace {

inline constexpr t5_config tiny{.vocabulary = 20,
                                .d_model = 6,
                                .d_kv = 4,
                                .d_ff = 10,
                                .layers = 2,
                                .decoder_layers = 3,
                                .heads = 2,
                                .buckets = 8,
                                .max_distance = 20,
                                .epsilon = 1e-6,
                                .activation = activation::gelu_new,
                                .gated = flag::yes,
                                .tied = flag::no,
                                .scaled = flag::no,
                                .per_block_bias = flag::no};

constexpr t5_config tied_tiny() {
  t5_config c = tiny;
  c.tied = c.scaled = flag::yes;
  c.gated = flag::no;
  c.activation = activation::relu;
  return c;
}

/// Every parameter's bytes, by name.
template <class M>
std::map<std::string, std::vector<float>> values_of(M const& model) {
  reference_backend be;
  std::map<std::string, std::vector<float>> all;
  for_each_parameter(
      [&](std::string const& name, auto const& w) {
        std::vector<float> v;
        for (auto const x : to_host(be, w.view())) v.push_back(static_cast<float>(x));
        all.emplace(name, v);
      },
      model);
  return all;
}

template <class P = fp32>
t5<any_t5, P> random_model(t5_config const& c = tiny) {
  reference_backend be;
  t5<any_t5, P> model(c);
  initialize(be, model, 7);
  return model;
}

template <class M>
void save(M const& model, std::filesystem::path const& path, write_options o = {}) {
  reference_backend be;
  save_folder(path,
              [&](auto const& folder) { write_model(be, model, generation_defaults_of(model.config()), folder, o); });
}

template <auto const& C = any_t5, class P = fp32>
t5<C, P> opened(std::filesystem::path const& path) {
  reference_backend be;
  return read_t5<C, P>(be, read_model_files(path));
}

std::string error_of(std::function<void()> const& f) {
  try {
    f();
  } catch (error const& e) {
    return e.what();
  }
  return "no error";
}

/// The tensors of a folder, changed, written as a new model.safetensors.
void rewrite(std::filesystem::path const& folder, std::function<void(stored_tensors&)> const& change) {
  stored_tensors tensors = read_safetensors(folder / "model.safetensors");
  change(tensors);
  std::vector<tensor_header> headers;
  for (auto const& [name, t] : tensors) headers.push_back({name, t.format, t.shape});
  std::filesystem::create_directory(folder / "new");
  auto const emit = [&](std::size_t i, auto&& put) {
    auto const& t = tensors.at(headers[i].name);
    put(t.data, headers[i].bytes());
  };
  write_safetensors(folder / "new", headers, emit);
  std::filesystem::rename(folder / "new/model.safetensors", folder / "model.safetensors");
  std::filesystem::remove(folder / "new");
}

}  // namespace

TEST_CASE("a saved model is the model that is opened") {
  temporary_folder const t;
  for (t5_config const& c : {tiny, tied_tiny()}) {
    auto const model = random_model(c);
    save(model, t / "m");
    auto const again = opened(t / "m");
    CHECK(again.config() == c);
    CHECK(values_of(again) == values_of(model));
    CHECK(count_parameters(again) == parameter_count(c));
    save(model, t / "m", {.shard_bytes = 1'000});
    CHECK(std::filesystem::exists(t / "m/model.safetensors.index.json"));
    CHECK_FALSE(std::filesystem::exists(t / "m/model.safetensors"));
    CHECK(values_of(opened(t / "m")) == values_of(model));
  }
}

TEST_CASE("numbers that lie as the model has them are borrowed, others converted") {
  temporary_folder const t;
  auto const model = random_model();
  save(model, t / "m");
  reference_backend be;
  auto const files = read_model_files(t / "m");
  auto const borrowed = read_t5<any_t5, fp32>(be, files);
  auto const inside = [&](void const* p) {
    auto const& file = *files.tensors.begin()->second.file;
    auto const* const byte = static_cast<std::byte const*>(p);
    return byte >= file.data() && byte < file.data() + file.size();
  };
  for_each_parameter(
      [&](std::string const& name, auto const& w) {
        INFO(name);
        CHECK(inside(w.data));
        CHECK(w.read_only);
      },
      borrowed);
  auto const narrow_model = read_t5<any_t5, bf16_mixed>(be, files);
  CHECK_FALSE(inside(narrow_model.shared.weight.data));
  CHECK(inside(narrow_model.encoder.final_norm.weight.data));  // gains are float in both
  auto const wide = read_t5<any_t5, fp64>(be, files);
  CHECK(values_of(wide) == values_of(model));
}

TEST_CASE("every format and precision converts as number by number") {
  temporary_folder const t;
  auto const model = random_model();
  auto expected = values_of(model);
  for (auto const format : {number_format::f32, number_format::f64, number_format::bf16, number_format::f16}) {
    save(model, t / "m", {.format = format});
    for (auto const& [name, stored] : read_safetensors(t / "m/model.safetensors")) CHECK(stored.format == format);
    auto rounded = expected;
    for (auto& [name, values] : rounded)
      for (float& x : values)
        x = format == number_format::bf16  ? static_cast<float>(bf16(x))
            : format == number_format::f16 ? static_cast<float>(f16(x))
                                           : x;
    CHECK(values_of(opened(t / "m")) == rounded);
    CHECK(values_of(opened<any_t5, fp64>(t / "m")) == rounded);
  }
  auto const half = random_model<bf16_mixed>();
  save(half, t / "half");
  auto const tensors = read_safetensors(t / "half/model.safetensors");
  CHECK(tensors.at("shared.weight").format == number_format::bf16);
  CHECK(tensors.at("encoder.final_layer_norm.weight").format == number_format::f32);
  CHECK(values_of(opened<any_t5, bf16_mixed>(t / "half")) == values_of(half));
}

TEST_CASE("a preset opens its folder and no other") {
  temporary_folder const t;
  save(random_model(), t / "m");
  CHECK(values_of(opened<tiny>(t / "m")) == values_of(opened(t / "m")));
  std::string const message = error_of([&] { opened<flan_t5_small>(t / "m/"); });
  CHECK_THAT(message, ContainsSubstring("m has vocab_size 20, d_model 6,"));
  CHECK_THAT(message, ContainsSubstring("compiled for flan_t5_small (32128, 512,"));
  CHECK_THAT(message, ContainsSubstring("inline constexpr flan::t5_config mine{\n    .vocabulary = 20,"));
}

TEST_CASE("missing, misshapen, integer and superfluous tensors are named, all at once, and nothing is half-read") {
  temporary_folder const t;
  save(random_model(), t / "m");
  rewrite(t / "m", [](stored_tensors& tensors) {
    tensors.erase("decoder.block.2.layer.2.DenseReluDense.wi_1.weight");
    tensors.at("encoder.block.0.layer.0.SelfAttention.q.weight").shape = {6, 8};
    tensors.at("shared.weight").format = number_format::i32;
    tensors.emplace("encoder.block.2.layer.0.layer_norm.weight", tensors.at("encoder.final_layer_norm.weight"));
  });
  reference_backend be;
  auto model = random_model();
  auto const before = values_of(model);
  auto const files = read_model_files(t / "m");
  std::string const message = error_of([&] { read_parameters(be, model, files.tensors, "m"); });
  CHECK_THAT(message, ContainsSubstring("m does not hold the parameters of this model (4 faults):"));
  CHECK_THAT(message,
             ContainsSubstring("decoder.block.2.layer.2.DenseReluDense.wi_1.weight is missing; expected [10, 6]"));
  CHECK_THAT(message,
             ContainsSubstring("encoder.block.0.layer.0.SelfAttention.q.weight: expected [8, 6], found [6, 8]"));
  CHECK_THAT(message, ContainsSubstring("shared.weight: expected F32, F16, BF16 or F64, found I32"));
  CHECK_THAT(message, ContainsSubstring("encoder.block.2.layer.0.layer_norm.weight [6] has no place in this model"));
  CHECK(values_of(model) == before);
}

TEST_CASE("many faults are counted, not listed") {
  temporary_folder const t;
  save(random_model(), t / "m");
  rewrite(t / "m", [](stored_tensors& tensors) {
    auto const shared = tensors.at("shared.weight"), head = tensors.at("lm_head.weight");
    tensors = {{"shared.weight", shared}, {"lm_head.weight", head}};
  });
  std::string const message = error_of([&] { opened(t / "m"); });
  CHECK_THAT(message, ContainsSubstring("faults):"));
  CHECK(std::count(message.begin(), message.end(), '\n') == 9);
}

TEST_CASE("other names of the embedding, and a stored tied head, are understood") {
  temporary_folder const t;
  auto const model = random_model(tied_tiny());
  save(model, t / "m");
  char const* const dead = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";
  rewrite(t / "m", [&](stored_tensors& tensors) {
    auto const shared = tensors.at("shared.weight");
    for (char const* name : {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight"})
      tensors.emplace(name, shared);
    tensors.emplace(dead, tensors.at("encoder.final_layer_norm.weight"));
  });
  auto const four = opened(t / "m");
  CHECK(four.config().tied == flag::yes);
  CHECK(values_of(four) == values_of(model));
  rewrite(t / "m", [](stored_tensors& tensors) { tensors.erase("shared.weight"); });
  CHECK(values_of(opened(t / "m")) == values_of(model));
  rewrite(t / "m", [](stored_tensors& tensors) {
    auto const other = tensors.at("encoder.block.0.layer.0.SelfAttention.q.weight");
    tensors.at("decoder.embed_tokens.weight").data = other.data;  // other numbers under the same name
  });
  CHECK_THAT(error_of([&] { opened(t / "m"); }),
             ContainsSubstring("decoder.embed_tokens.weight differs from shared.weight"));
}

TEST_CASE("settings for generation come from their file, ids it lacks from config.json") {
  temporary_folder const t;
  save(random_model(), t / "m");
  put_file(t / "m/generation_config.json", R"({"max_new_tokens": 7, "eos_token_id": [1, 2]})");
  auto const g = read_model_files(t / "m").generation;
  CHECK(g.max_new_tokens == 7);
  CHECK(g.end_ids == std::vector<int>{1, 2});
  CHECK(g.start_id == 0);
  std::filesystem::remove(t / "m/generation_config.json");
  CHECK(read_model_files(t / "m").generation.end_ids == std::vector<int>{1});
  put_file(t / "m/generation_config.json", "{");
  CHECK_THAT(error_of([&] { read_model_files(t / "m"); }), ContainsSubstring("generation_config.json: not valid JSON"));
}

TEST_CASE("a quantised parameter is made some rows at a time, from floats where they lie and from any other format") {
  extent const rows = 4200, columns = 1001;  // more than the four million numbers that are read at once
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(uniform(3, i)) - 0.5f;
  std::vector<bf16> narrow_values;
  for (float& v : values) {
    narrow_values.emplace_back(v);
    v = widen(narrow_values.back());
  }
  reference_backend be;
  auto const whole = be.allocate_weight<q8>(rows, columns);
  be.quantize(whole, 0, in(matrix<float>(values.data(), rows, columns)));

  temporary_folder const folder;
  safetensors_writer file(
      folder / "w", {{"wide", number_format::f32, {rows, columns}}, {"narrow", number_format::bf16, {rows, columns}}});
  file.append(values.data(), values.size() * sizeof(float));
  file.append(narrow_values.data(), narrow_values.size() * sizeof(bf16));
  file.finish();
  auto const tensors = read_safetensors(folder / "w");
  CHECK(tensors.at("wide").lies_as<float>());
  for (auto const& [name, t] : tensors)
    CHECK(std::memcmp(detail::weight_from<q8>(be, t, rows, columns).data, whole.data,
                      detail::q8_bytes(rows, columns)) == 0);
}

TEST_CASE("a weight that is converted or quantised while it is read leaves the file's pages") {
  constexpr extent rows = 2048, columns = 1024;  // 8 MiB
  temporary_folder const folder;
  std::vector<float> values(rows * columns);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 251) - 125;
  safetensors_writer file(folder / "w", {{"w", number_format::f32, {rows, columns}}});
  file.append(values.data(), values.size() * sizeof(float));
  file.finish();
  reference_backend be;
  auto const pages = [&]<class W>(W) {
    auto const tensors = read_safetensors(folder / "w");
    long const before = flan::testing::resident_file_pages();
    auto const w = detail::weight_from<W>(be, tensors.at("w"), rows, columns);
    CHECK(w.rows == rows);
    return flan::testing::resident_file_pages() - before;
  };
  long const all = static_cast<long>(values.size() * sizeof(float)) / ::sysconf(_SC_PAGESIZE);
  CHECK(pages(bf16()) < all / 4);
  CHECK(pages(q8()) < all / 4);
}
