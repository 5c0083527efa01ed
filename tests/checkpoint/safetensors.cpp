#include "flan/checkpoint/safetensors.hpp"

#include <unistd.h>

#include <cmath>
#include <complex>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/resident_pages.hpp"
#include "support/temporary_folder.hpp"

using flan::testing::put_file;
using flan::testing::temporary_folder;

namespace {

std::string little_endian(std::uint64_t n) {
  std::string s(8, '\0');
  std::memcpy(s.data(), &n, 8);
  return s;
}

std::string safetensors(std::string const& header, std::string const& data) {
  return little_endian(header.size()) + header + data;
}

/// The error for a file of these bytes.
std::string opening_error(std::string const& bytes) {
  temporary_folder const folder;
  put_file(folder / "bad.safetensors", bytes);
  try {
    flan::read_safetensors(folder / "bad.safetensors");
  } catch (flan::error const& e) {
    return e.what();
  }
  return "no error";
}

std::string entry(std::string const& dtype, std::string const& shape, std::string const& offsets) {
  return R"({"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

std::string error_of_entry(std::string const& dtype, std::string const& shape, std::string const& offsets) {
  return opening_error(safetensors(R"({"w":)" + entry(dtype, shape, offsets) + "}", std::string(16, 'x')));
}

template <class T>
std::string bytes_of_values(std::vector<T> const& values) {
  std::string s(values.size() * sizeof(T), '\0');
  std::memcpy(s.data(), values.data(), s.size());
  return s;
}

}  // namespace

TEST_CASE("a safetensors file is read as written") {
  temporary_folder const folder;
  std::vector<float> const a = {1.5f, -2.0f, 0.0f, 3.25f, 1e-30f, 7.0f};
  std::vector<double> const b = {0.1, -1e300};
  put_file(folder / "x.safetensors",
           safetensors(R"({"__metadata__":{"format":"pt"},"b":)" + entry("\"F64\"", "[2]", "[24,40]") + R"(,"a":)" +
                           entry("\"F32\"", "[2,3]", "[0,24]") + R"(,"none":)" + entry("\"F32\"", "[0,5]", "[40,40]") +
                           R"(,"one":)" + entry("\"I64\"", "[]", "[40,48]") + "}   ",
                       bytes_of_values(a) + bytes_of_values(b) + little_endian(9)));
  auto const tensors = flan::read_safetensors(folder / "x.safetensors");
  REQUIRE(tensors.size() == 4);
  auto const& stored = tensors.at("a");
  CHECK(stored.format == flan::number_format::f32);
  CHECK(stored.shape == std::vector<flan::extent>{2, 3});
  CHECK(flan::shape_text(stored.shape) == "[2, 3]");
  std::vector<float> read(6);
  flan::read_as(stored, read.data());
  CHECK(read == a);
  std::vector<double> wide(2);
  flan::read_as(tensors.at("b"), wide.data());
  CHECK(wide == b);
  CHECK(tensors.at("none").elements() == 0);
  CHECK(tensors.at("one").elements() == 1);
  CHECK_THROWS_WITH(flan::read_as(tensors.at("one"), read.data()), ContainsSubstring("I64"));
}

TEST_CASE("tensors keep the mapping alive, also when the file is removed") {
  temporary_folder const folder;
  flan::stored_tensor kept;
  {
    put_file(folder / "x.safetensors", safetensors(R"({"w":)" + entry("\"F32\"", "[1]", "[0,4]") + "}",
                                                   bytes_of_values(std::vector<float>{42.0f})));
    kept = flan::read_safetensors(folder / "x.safetensors").at("w");
    std::filesystem::remove(folder / "x.safetensors");
  }
  float x = 0;
  flan::read_as(kept, &x);
  CHECK(x == 42.0f);
}

TEST_CASE("dropped pages of a file leave memory, and are there again when they are read") {
  temporary_folder const folder;
  std::string bytes((std::size_t{8} << 20) + 100, 'x');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i % 251);
  put_file(folder / "pages", bytes);
  flan::mapped_file const file(folder / "pages");
  auto const same = [&] { return std::memcmp(file.data(), bytes.data(), bytes.size()) == 0; };
  REQUIRE(same());
  long const before = flan::testing::resident_file_pages();
  file.drop_pages(file.data() + 100, bytes.size() - 100);
  CHECK(flan::testing::resident_file_pages() < before - (8 << 20) / ::sysconf(_SC_PAGESIZE) / 2);
  CHECK(same());
  for (auto const& [begin, count] : {std::pair<std::size_t, std::size_t>{4096, 10}, {4000, 5000}, {bytes.size(), 0}}) {
    file.drop_pages(file.data() + begin, count);
    CHECK(same());
  }
}

TEST_CASE("numbers at an odd address are read, but not lent") {
  temporary_folder const folder;
  for (int spaces = 0; spaces < 8; ++spaces) {
    std::string const header =
        R"({"w":)" + entry("\"F32\"", "[3]", "[0,12]") + "}" + std::string(static_cast<std::size_t>(spaces), ' ');
    put_file(folder / "x.safetensors", safetensors(header, bytes_of_values(std::vector<float>{1, 2, 3})));
    auto const w = flan::read_safetensors(folder / "x.safetensors").at("w");
    CHECK(w.lies_as<float>() == (header.size() % 4 == 0));
    CHECK_FALSE(w.lies_as<flan::bf16>());
    std::vector<float> read(3);
    flan::read_as(w, read.data());
    CHECK(read == std::vector<float>{1, 2, 3});
  }
}

TEST_CASE("every format converts to every number") {
  temporary_folder const folder;
  using flan::bf16;
  using flan::f16;
  std::vector<float> const exact = {0.0f, -0.0f, 1.0f, -1.5f, 0.375f, 96.0f, -2048.0f};  // in all four formats
  std::string data;
  std::vector<double> d(exact.begin(), exact.end());
  std::vector<bf16> b;
  std::vector<f16> h;
  for (float const x : exact) b.emplace_back(x), h.emplace_back(x);
  put_file(folder / "x.safetensors",
           safetensors(R"({"d":)" + entry("\"F64\"", "[7]", "[0,56]") + R"(,"f":)" +
                           entry("\"F32\"", "[7]", "[56,84]") + R"(,"b":)" + entry("\"BF16\"", "[7]", "[84,98]") +
                           R"(,"h":)" + entry("\"F16\"", "[7]", "[98,112]") + "}",
                       bytes_of_values(d) + bytes_of_values(exact) + bytes_of_values(b) + bytes_of_values(h)));
  for (auto const& [name, t] : flan::read_safetensors(folder / "x.safetensors")) {
    INFO(name);
    std::vector<float> f(7);
    std::vector<double> w(7);
    std::vector<bf16> n(7);
    std::vector<f16> m(7);
    std::vector<std::complex<double>> c(7);
    flan::read_as(t, f.data());
    flan::read_as(t, w.data());
    flan::read_as(t, n.data());
    flan::read_as(t, m.data());
    flan::read_as(t, c.data());
    CHECK(std::memcmp(f.data(), exact.data(), sizeof(float) * 7) == 0);
    CHECK(w == d);
    CHECK(n == b);
    CHECK(m == h);
    CHECK(c[3] == std::complex<double>(-1.5));
  }
}

TEST_CASE("narrowing rounds to nearest even and keeps what is not finite") {
  float const infinity = std::numeric_limits<float>::infinity();
  std::vector<float> const from = {1.00390625f, 1.01171875f, infinity, -infinity, std::nanf(""), 1e-45f};
  std::vector<flan::bf16> to(from.size());
  flan::convert_numbers(flan::number_format::f32, from.data(), to.data(), from.size());
  CHECK(static_cast<float>(to[0]) == 1.0f);       // half way: down to even
  CHECK(static_cast<float>(to[1]) == 1.015625f);  // half way: up to even
  CHECK(static_cast<float>(to[2]) == infinity);
  CHECK(static_cast<float>(to[3]) == -infinity);
  CHECK(std::isnan(static_cast<float>(to[4])));
  CHECK(static_cast<float>(to[5]) == 0.0f);
}

TEST_CASE("a damaged or lying file is an error that names it") {
  CHECK_THAT(opening_error(""), ContainsSubstring("bad.safetensors: too short for a safetensors file (0 bytes)"));
  CHECK_THAT(opening_error("1234567"), ContainsSubstring("too short"));
  CHECK_THAT(opening_error(little_endian(100) + "{}"),
             ContainsSubstring("header has 100 bytes, but the file has only 10"));
  CHECK_THAT(opening_error(little_endian(std::uint64_t{1} << 60) + "{}"),
             ContainsSubstring("1152921504606846976 bytes"));
  CHECK_THAT(opening_error(little_endian(~std::uint64_t{0}) + "{}"), ContainsSubstring("18446744073709551615 bytes"));
  CHECK_THAT(opening_error(little_endian(~std::uint64_t{0} - 7) + "{}"),
             ContainsSubstring("no safetensors file has more"));
  CHECK_THAT(opening_error(safetensors("{\"w\":", "")), ContainsSubstring("not valid JSON: parse error"));
  CHECK_THAT(opening_error(safetensors("", "")), ContainsSubstring("not valid JSON"));
  CHECK_THAT(opening_error(safetensors("[]", "")), ContainsSubstring("expected a JSON object, found array"));
  CHECK_THAT(opening_error(safetensors(std::string("{}\0", 3), "")), ContainsSubstring("not valid JSON"));
  CHECK_THAT(opening_error(safetensors("{\"\xff\":1}", "")), ContainsSubstring("not valid JSON"));
  CHECK_THAT(opening_error(safetensors(std::string(100'000, '['), "")), ContainsSubstring("nested deeper"));
  CHECK_THAT(opening_error(safetensors(std::string(30, ' '), "")), ContainsSubstring("not valid JSON"));
  CHECK(opening_error(safetensors("{}", "")) == "no error");  // the format allows a file without tensors
}

TEST_CASE("a lying entry is an error that names its tensor") {
  auto const names_it = ContainsSubstring("bad.safetensors: tensor w: ");
  auto const check = [&](std::string const& message, std::string const& part) {
    CHECK_THAT(message, names_it);
    CHECK_THAT(message, ContainsSubstring(part));
  };
  CHECK(error_of_entry("\"F32\"", "[4]", "[0,16]") == "no error");
  check(error_of_entry("\"F33\"", "[4]", "[0,16]"), "unknown dtype \"F33\"");
  check(error_of_entry("32", "[4]", "[0,16]"), "unknown dtype 32");
  check(error_of_entry("\"F32\"", "4", "[0,16]"), "shape 4 is not a list");
  check(error_of_entry("\"F32\"", "[-4]", "[0,16]"), "the extent -4 is not a non-negative integer");
  check(error_of_entry("\"F32\"", "[4.0]", "[0,16]"), "the extent 4.0 is not a non-negative integer");
  check(error_of_entry("\"F32\"", "[\"4\"]", "[0,16]"), "the extent \"4\"");
  check(error_of_entry("\"F32\"", "[99999999999999999999999]", "[0,16]"), "is not a non-negative integer");
  check(error_of_entry("\"F32\"", "[1152921504606846976,16]", "[0,16]"), "overflows 64 bits");
  check(error_of_entry("\"F32\"", "[4294967296,4294967296]", "[0,0]"), "overflows 64 bits");
  check(error_of_entry("\"F32\"", "[1152921504606846976]", "[0,4611686018427387904]"),
        "ends at byte 4611686018427387904, but the file has 16 bytes of data");
  check(error_of_entry("\"F32\"", "[5]", "[0,16]"), "shape [5] of F32 takes 20 bytes, but data_offsets span 16");
  check(error_of_entry("\"F32\"", "[5]", "[0,20]"), "ends at byte 20, but the file has 16 bytes");
  check(error_of_entry("\"F32\"", "[4]", "[16,0]"), "end before they begin");
  check(error_of_entry("\"F32\"", "[4]", "[-1,16]"), "the offset -1");
  check(error_of_entry("\"F32\"", "[4]", "[0,16,32]"), "is not [begin, end]");
  check(error_of_entry("\"F32\"", "[4]", "{}"), "is not [begin, end]");
  check(opening_error(safetensors(R"({"w":7})", "")), "expected an object with dtype");
  check(opening_error(safetensors(R"({"w":{"dtype":"F32","shape":[1]}})", "")), "no \"data_offsets\"");
}

TEST_CASE("tensors may neither overlap nor leave holes") {
  auto const two = [](char const* first, char const* second) {
    return opening_error(
        safetensors(R"({"a":)" + entry("\"F32\"", "[2]", first) + R"(,"b":)" + entry("\"F32\"", "[2]", second) + "}",
                    std::string(16, 'x')));
  };
  CHECK(two("[0,8]", "[8,16]") == "no error");
  CHECK(two("[8,16]", "[0,8]") == "no error");
  CHECK_THAT(two("[0,8]", "[4,12]"), ContainsSubstring("tensor b overlaps a"));
  CHECK_THAT(two("[0,8]", "[0,8]"), ContainsSubstring("overlaps"));
  CHECK_THAT(error_of_entry("\"F32\"", "[3]", "[4,16]"), ContainsSubstring("4 bytes between the header and tensor w"));
  CHECK_THAT(error_of_entry("\"F32\"", "[3]", "[0,12]"), ContainsSubstring("4 bytes after w"));
  CHECK_THAT(opening_error(safetensors("{}", "x")), ContainsSubstring("1 bytes after the header"));
}

TEST_CASE("one name twice is an error, in a header and in an entry") {
  std::string const w = R"("w":)" + entry("\"F32\"", "[4]", "[0,16]");
  CHECK_THAT(opening_error(safetensors("{" + w + "," + w + "}", std::string(16, 'x'))),
             ContainsSubstring("the key \"w\" appears twice"));
  CHECK_THAT(opening_error(safetensors(R"({"w":{"dtype":"F32","dtype":"F32","shape":[4],"data_offsets":[0,16]}})",
                                       std::string(16, 'x'))),
             ContainsSubstring("the key \"dtype\" appears twice"));
}

TEST_CASE("every truncation of a good file is an error") {
  std::string const good =
      safetensors(R"({"a":)" + entry("\"F32\"", "[2]", "[0,8]") + R"(,"b":)" + entry("\"F32\"", "[2]", "[8,16]") + "}",
                  std::string(16, 'x'));
  REQUIRE(opening_error(good) == "no error");
  for (std::size_t size = 0; size < good.size(); ++size) {
    INFO(size);
    CHECK(opening_error(good.substr(0, size)) != "no error");
  }
}

TEST_CASE("any changed byte of a header gives the same tensors' bytes or an error, never a crash") {
  std::string const good = safetensors(
      R"({"a":)" + entry("\"F32\"", "[2]", "[0,8]") + R"(,"b":)" + entry("\"F16\"", "[2,2]", "[8,16]") + "}",
      std::string(16, 'x'));
  temporary_folder const folder;
  for (std::size_t at = 0; at + 16 < good.size(); ++at) {
    for (char const c : {'\0', '0', '9', '-', '"', '}', ']', ',', '\xff'}) {
      std::string bad = good;
      bad[at] = c;
      put_file(folder / "x.safetensors", bad);
      try {
        std::size_t bytes = 0;
        for (auto const& [name, t] : flan::read_safetensors(folder / "x.safetensors")) {
          REQUIRE(t.data >= t.file->data());
          REQUIRE(t.data + t.bytes <= t.file->data() + t.file->size());
          bytes += t.bytes;
        }
        CHECK(bytes == 16);
      } catch (flan::error const& e) {
        CHECK_THAT(e.what(), ContainsSubstring("x.safetensors"));
      }
    }
  }
}

TEST_CASE("what is no file is an error") {
  temporary_folder const folder;
  CHECK_THROWS_WITH(flan::read_safetensors(folder.path), ContainsSubstring("is not a regular file"));
  CHECK_THROWS_WITH(flan::read_safetensors(folder / "absent"), ContainsSubstring("No such file"));
}
