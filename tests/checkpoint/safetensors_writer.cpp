#include "flan/checkpoint/safetensors_writer.hpp"

#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "flan/checkpoint/stored_folder.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using flan::tensor_header;
using flan::testing::get_file;
using flan::testing::put_file;
using flan::testing::temporary_folder;

namespace {

std::vector<tensor_header> const three = {{"gain", flan::number_format::bf16, {3}},
                                          {"table", flan::number_format::f32, {2, 5}},
                                          {"weight", flan::number_format::bf16, {4, 2}}};

/// Tensor i is filled with the byte 'a' + i.
void write_three(temporary_folder const& folder, std::uint64_t shard_bytes) {
  flan::write_safetensors(
      folder.path, three,
      [&](std::size_t i, auto put) {
        std::string const bytes(three[i].bytes(), static_cast<char>('a' + i));
        put(bytes.data(), bytes.size());
      },
      shard_bytes);
  put_file(folder / "config.json", "{}");
}

void check_three(flan::stored_tensors const& tensors) {
  REQUIRE(tensors.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    auto const& t = tensors.at(three[i].name);
    CHECK(t.format == three[i].format);
    CHECK(t.shape == three[i].shape);
    CHECK(std::string(reinterpret_cast<char const*>(t.data), t.bytes) ==
          std::string(three[i].bytes(), static_cast<char>('a' + i)));
  }
}

std::string error_of_folder(temporary_folder const& folder) {
  try {
    flan::read_stored_tensors(folder.path);
  } catch (flan::error const& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("one file is read back, and every tensor can be lent") {
  temporary_folder const folder;
  write_three(folder, flan::default_shard_bytes);
  CHECK(std::filesystem::exists(folder / "model.safetensors"));
  CHECK_FALSE(std::filesystem::exists(folder / "model.safetensors.index.json"));
  auto const tensors = flan::read_stored_tensors(folder.path);
  check_three(tensors);
  CHECK(tensors.at("table").lies_as<float>());
  CHECK(tensors.at("gain").lies_as<flan::bf16>());
  CHECK_THAT(get_file(folder / "model.safetensors"), ContainsSubstring(R"("__metadata__":{"format":"pt"})"));
}

TEST_CASE("shards are named as transformers names them") {
  temporary_folder const folder;
  write_three(folder, 46);  // 6 + 40, then 16
  CHECK(std::filesystem::exists(folder / "model-00001-of-00002.safetensors"));
  CHECK(std::filesystem::exists(folder / "model-00002-of-00002.safetensors"));
  CHECK_FALSE(std::filesystem::exists(folder / "model.safetensors"));
  check_three(flan::read_stored_tensors(folder.path));
  auto const list = nlohmann::json::parse(get_file(folder / "model.safetensors.index.json"));
  CHECK(list["metadata"]["total_size"] == 62);
  CHECK(list["weight_map"]["weight"] == "model-00002-of-00002.safetensors");
}

TEST_CASE("a tensor larger than a shard has one for itself") {
  temporary_folder const folder;
  write_three(folder, 1);
  CHECK(std::filesystem::exists(folder / "model-00003-of-00003.safetensors"));
  check_three(flan::read_stored_tensors(folder.path));
}

TEST_CASE("a list of shards that lies is an error") {
  temporary_folder const folder;
  auto const list = folder / "model.safetensors.index.json";
  put_file(folder / "config.json", "{}");
  auto const error_of_map = [&](std::string const& map) {
    put_file(list, R"({"metadata":{},"weight_map":)" + map + "}");
    return error_of_folder(folder);
  };
  put_file(list, "{}");
  CHECK_THAT(error_of_folder(folder), ContainsSubstring("has no object \"weight_map\""));
  CHECK_THAT(error_of_map("[]"), ContainsSubstring("has no object \"weight_map\""));
  CHECK_THAT(error_of_map(R"({"w":"a.safetensors"})"), ContainsSubstring("a.safetensors is missing"));
  CHECK_THAT(error_of_map(R"({"w":"a.safetensors"})"), ContainsSubstring("tensor w"));
  for (char const* outside : {"\"../x.safetensors\"", "\"/etc/passwd\"", "\"..\"", "\".\"", "\"\"", "\"a\\\\b\"", "7",
                              "\"a\\u0000b\"", "null", "[\"a\"]"})
    CHECK_THAT(error_of_map(std::string(R"({"w":)") + outside + "}"),
               ContainsSubstring("no name of a file in this folder"));

  flan::safetensors_writer a(folder / "a.safetensors", {{"w", flan::number_format::f32, {1}}});
  flan::safetensors_writer b(folder / "b.safetensors",
                             {{"v", flan::number_format::f32, {1}}, {"w", flan::number_format::f32, {1}}});
  float const one = 1;
  a.append(&one, 4), b.append(&one, 4), b.append(&one, 4);
  a.finish(), b.finish();
  CHECK_THAT(error_of_map(R"({"x":"a.safetensors"})"),
             ContainsSubstring("tensor x is said to be in a.safetensors, but is not"));
  CHECK_THAT(error_of_map(R"({"w":"a.safetensors","v":"b.safetensors"})"),
             ContainsSubstring("tensor w is in two shards"));
  CHECK(error_of_map(R"({"w":"a.safetensors"})") == "no error");
}

TEST_CASE("a folder without readable weights says what to do") {
  temporary_folder const folder;
  CHECK_THAT(error_of_folder(folder), ContainsSubstring("has no config.json"));
  put_file(folder / "config.json", "{}");
  CHECK_THAT(error_of_folder(folder), ContainsSubstring("has no model.safetensors"));
  put_file(folder / "pytorch_model.bin", "");
  CHECK_THAT(error_of_folder(folder), ContainsSubstring("\n  from transformers import AutoModelForSeq2SeqLM\n"));
  CHECK_THAT(error_of_folder(folder), ContainsSubstring(".save_pretrained(\"" + folder.path.string() + "\")"));
  CHECK_THROWS_WITH(flan::read_stored_tensors(folder / "absent"), ContainsSubstring("there is no folder"));
  CHECK_THROWS_WITH(flan::read_stored_tensors(folder / "config.json"), ContainsSubstring("is not a folder"));
}

TEST_CASE("the writer holds its caller to the header") {
  temporary_folder const folder;
  auto const path = folder / "x.safetensors";
  float const data[3] = {};
  flan::safetensors_writer w(path, {{"a", flan::number_format::f32, {2}}});
  CHECK_THROWS_WITH(flan::safetensors_writer(path, {three[0], three[0]}),
                    ContainsSubstring("two tensors are named gain"));
  CHECK_THROWS_WITH(w.finish(), ContainsSubstring("tensor a was never written"));
  CHECK_THROWS_WITH(w.append(data, 12), ContainsSubstring("tensor a takes 8 bytes, got 12"));
  CHECK_THROWS_WITH(w.append(data, 8), ContainsSubstring("more tensors than its header names"));
  CHECK_THROWS_WITH(flan::safetensors_writer(folder / "absent/x", {}), ContainsSubstring("cannot create"));
}

TEST_CASE("a full disk is an error that names the file") {
  if (!std::filesystem::exists("/dev/full")) return;
  flan::safetensors_writer eight_bytes("/dev/full", {{"a", flan::number_format::f32, {2}}});
  float const data[2] = {};
  eight_bytes.append(data, 8);
  CHECK_THROWS_WITH(eight_bytes.finish(), ContainsSubstring("cannot write /dev/full: No space left on device"));
  flan::safetensors_writer megabyte("/dev/full", {{"a", flan::number_format::u8, {1 << 20}}});
  std::string const bytes(1 << 20, 'x');
  CHECK_THROWS_WITH(megabyte.append(bytes.data(), bytes.size()), ContainsSubstring("No space left on device"));
}
