/// Files that gzip or zstd has packed; each part is built where its library is found.

#include <cstdlib>
#include <string>

#include "flan/data/jsonl.hpp"
#include "flan/data/text_file.hpp"
#include "flan/data/unpacked.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {
namespace fs = std::filesystem;
using flan::testing::get_file;
using flan::testing::put_file;
using flan::testing::temporary_folder;

struct cache_folder {
  temporary_folder folder;
  std::string const cache = std::getenv("XDG_CACHE_HOME") ? std::getenv("XDG_CACHE_HOME") : "";
  cache_folder() { ::setenv("XDG_CACHE_HOME", (folder / "cache").c_str(), 1); }
  ~cache_folder() { cache.empty() ? ::unsetenv("XDG_CACHE_HOME") : ::setenv("XDG_CACHE_HOME", cache.c_str(), 1); }

  int files() const {
    int n = 0;
    for ([[maybe_unused]] auto const& entry : fs::directory_iterator(folder / "cache" / "flan")) ++n;
    return n;
  }
};

std::string many_lines() {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "line " + std::to_string(i * 7919) + "\n";
  return text;
}
}  // namespace

#if __has_include(<zlib.h>)

namespace {
struct gzip_fixture : cache_folder {
  fs::path packed = folder / "some lines.txt.gz";
  void pack(std::string const& text, char const* mode = "wb") const {
    gzFile const out = ::gzopen(packed.c_str(), mode);
    REQUIRE(::gzwrite(out, text.data(), static_cast<unsigned>(text.size())) == static_cast<int>(text.size()));
    REQUIRE(::gzclose(out) == Z_OK);
  }
};
}  // namespace

TEST_CASE_METHOD(gzip_fixture, "a gzipped file is unpacked once, and again when it has changed") {
  auto const text = many_lines();
  pack(text);
  auto const path = flan::unpacked_gzip(packed);
  CHECK(get_file(path) == text);
  CHECK(path.filename().string().ends_with("-some lines.txt"));
  CHECK(flan::text_lines(path).size() == 100'000);
  auto const made = fs::last_write_time(path);
  CHECK(flan::unpacked(packed) == path);
  CHECK(fs::last_write_time(path) == made);

  pack("more\n", "ab");  // gzip's files may be joined
  auto const longer = flan::unpacked(packed);
  CHECK(longer != path);
  CHECK(get_file(longer) == text + "more\n");
  CHECK(files() == 1);
}

TEST_CASE_METHOD(gzip_fixture, "unpacked contents that have lost their end are unpacked again") {
  auto const text = many_lines();
  pack(text);
  auto const path = flan::unpacked_gzip(packed);
  fs::resize_file(path, 1000);
  CHECK(flan::unpacked_gzip(packed) == path);
  CHECK(get_file(path) == text);
  fs::resize_file(path, 0);
  CHECK(get_file(flan::unpacked_gzip(packed)) == text);
  CHECK(files() == 1);
}

TEST_CASE_METHOD(gzip_fixture, "what another process is unpacking, or has just unpacked, is left alone") {
  pack("one\n");
  // Of a process with this one's number, in another container: as many as this could be about to make.
  fs::create_directories(folder / "cache" / "flan");
  auto const file_of_other = [&](int i) {
    return folder / "cache" / "flan" / flan::sentence(".unpacking-", ::getpid(), '-', i);
  };
  for (int i = 0; i < 100; ++i) put_file(file_of_other(i), "half");
  auto const path = flan::unpacked_gzip(packed);
  CHECK(get_file(path) == "one\n");
  bool all = true;
  for (int i = 0; i < 100; ++i) all = all && get_file(file_of_other(i)) == "half";
  CHECK(all);
  CHECK(files() == 101);

  // The other was first: its file stays the one it is, and so does the index beside it.
  static fs::path target, index;
  target = path, index = path.parent_path() / ("." + path.filename().string() + ".00000000.flan");
  put_file(path.parent_path() / (path.filename().string().substr(0, 17) + "1-2-3-old.txt"), "old");
  fs::remove(path);
  auto const unpack = [](fs::path const& from, flan::detail::unpacked_output& to) {
    flan::detail::unpack_gzip(from, to);
    put_file(target, "ONE\n");
    put_file(index, "index");
  };
  CHECK(flan::detail::unpacked_file(packed, unpack) == path);
  CHECK(get_file(path) == "ONE\n");
  CHECK(get_file(index) == "index");
  CHECK(files() == 102);
}

TEST_CASE_METHOD(gzip_fixture, "what gzip did not pack, or a damaged file, is an error and leaves nothing behind") {
  put_file(packed, "plain text\n");
  CHECK_THROWS_WITH(flan::unpacked_gzip(packed), ContainsSubstring("some lines.txt.gz: it is not packed by gzip"));
  pack(std::string(100'000, 'x') + "end");
  auto const whole = get_file(packed);
  put_file(packed, whole.substr(0, whole.size() - 9));
  CHECK_THROWS_WITH(flan::unpacked_gzip(packed), ContainsSubstring("cannot unpack"));
  auto damaged = whole;
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);  // in the checksum
  put_file(packed, damaged);
  CHECK_THROWS_WITH(flan::unpacked_gzip(packed), ContainsSubstring("cannot unpack"));
  auto const refused = [&](std::string const& contents, char const* why) {
    put_file(packed, contents);
    CHECK_THROWS_WITH(flan::unpacked_gzip(packed), ContainsSubstring("some lines.txt.gz: " + std::string(why)));
  };
  refused("", "it is empty");
  for (std::size_t const kept : {std::size_t{2}, whole.size() / 2, whole.size() - 1})
    refused(whole.substr(0, kept), "it ends before its contents do");
  // Behind a whole member: one that is cut, one whose beginning is damaged, and what is none.
  refused(whole + whole.substr(0, 1), "it ends before its contents do");
  refused(whole + whole.substr(0, whole.size() - 9), "it ends before its contents do");
  refused(whole + "X" + whole.substr(1), "");
  refused(whole + std::string(1'000'000, '\0') + "and so on", "");
  CHECK(files() == 0);
  put_file(packed, whole + whole + std::string(1'000'000, '\0'));  // padding, as on tapes
  CHECK(get_file(flan::unpacked_gzip(packed)).size() == 200'006);
  CHECK_THROWS_WITH(flan::unpacked_gzip(folder / "none.gz"), ContainsSubstring("cannot open"));
}

#endif
#if __has_include(<zstd.h>)

namespace {
struct one_line {
  std::string text;
  static constexpr auto members = flan::members("text", &one_line::text);
};
struct zstd_fixture : cache_folder {
  fs::path packed = folder / "some lines.jsonl.zst";
  static std::string frame(std::string const& text) {
    std::string bytes(::ZSTD_compressBound(text.size()), '\0');
    auto* const context = ::ZSTD_createCCtx();
    ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    auto const n = ::ZSTD_compress2(context, bytes.data(), bytes.size(), text.data(), text.size());
    ::ZSTD_freeCCtx(context);
    REQUIRE(!::ZSTD_isError(n));
    bytes.resize(n);
    return bytes;
  }
};
}  // namespace

TEST_CASE_METHOD(zstd_fixture, "a file that zstd packed is unpacked once, and again when it has changed") {
  auto const text = many_lines();
  put_file(packed, frame(text));
  auto const path = flan::unpacked_zstd(packed);
  CHECK(get_file(path) == text);
  CHECK(path.filename().string().ends_with("-some lines.jsonl"));
  auto const made = fs::last_write_time(path);
  CHECK(flan::unpacked(packed) == path);
  CHECK(fs::last_write_time(path) == made);

  // Frames may be joined, and some hold nothing that is meant for decoders.
  std::string const skipped("\x5F\x2A\x4D\x18\x03\0\0\0abc", 11);
  put_file(packed, skipped + frame(text) + skipped + frame("") + frame("more\n"));
  auto const longer = flan::unpacked(packed);
  CHECK(longer != path);
  CHECK(get_file(longer) == text + "more\n");
  CHECK(files() == 1);
  // Far more contents than file: what is read in one piece comes out in many.
  put_file(packed, frame(std::string(5'000'000, 'x')));
  CHECK(get_file(flan::unpacked(packed)) == std::string(5'000'000, 'x'));
}

TEST_CASE_METHOD(zstd_fixture, "what zstd did not pack, or a damaged file, is an error and leaves nothing behind") {
  auto const refused = [&](std::string const& bytes, char const* why) {
    put_file(packed, bytes);
    CHECK_THROWS_WITH(flan::unpacked_zstd(packed), ContainsSubstring("some lines.jsonl.zst: " + std::string(why)));
  };
  refused("plain text\n", "it is not packed by zstd");
  refused("", "it is empty");
  auto const whole = frame(many_lines());
  for (std::size_t const kept : {std::size_t{4}, std::size_t{5}, whole.size() / 2, whole.size() - 4, whole.size() - 1})
    refused(whole.substr(0, kept), "it ends before its contents do");
  refused(frame("one") + whole.substr(0, 2), "it ends before its contents do");
  refused(frame("one") + "and so on", "");
  for (std::size_t const at : {whole.size() / 2, whole.size() - 2}) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    refused(damaged, "");
  }
  CHECK(files() == 0);
  CHECK_THROWS_WITH(flan::unpacked_zstd(folder / "none.zst"), ContainsSubstring("cannot open"));
}

TEST_CASE_METHOD(zstd_fixture, "packed records are read through their contents, and say so where they are not") {
  put_file(packed, frame("{\"text\": \"a\"}\n{\"text\": \"b\"}\n"));
  auto const records = flan::jsonl<one_line>(flan::unpacked(packed));
  REQUIRE(records.size() == 2);
  CHECK(records[1].text == "b");
  CHECK_THROWS_WITH(flan::jsonl<one_line>(packed), ContainsSubstring("is packed by zstd: open flan::unpacked(path)"));
}

#endif

TEST_CASE_METHOD(cache_folder, "a file that nobody packed is itself") {
  auto const plain = folder / "lines.gz";
  put_file(plain, "plain text\n");
  CHECK(flan::unpacked(plain) == plain);
  put_file(plain, "");
  CHECK(flan::unpacked(plain) == plain);
  put_file(plain, "\x1F");
  CHECK(flan::unpacked(plain) == plain);
  CHECK_THROWS_WITH(flan::unpacked(folder / "none"), ContainsSubstring("cannot open"));
  CHECK_THROWS_WITH(flan::unpacked(folder.path), ContainsSubstring("it is a folder"));
}
