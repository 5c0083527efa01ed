/// Files of records: their index, kept and made anew; what happens when a file changes; bad records.

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "flan/data/delimited.hpp"
#include "flan/data/json_records.hpp"
#include "flan/data/jsonl.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {
using namespace std::string_literals;
namespace fs = std::filesystem;
using flan::testing::get_file;
using flan::testing::put_file;
using flan::testing::temporary_folder;

struct numbered {
  std::int64_t number = 0;
  std::string text;
  static constexpr auto members = flan::members("number", &numbered::number, "text", &numbered::text);
};
struct only_text {
  std::string text;
  static constexpr auto members = flan::members("text", &only_text::text);
};

std::string line(int i) {
  return "{\"number\": " + std::to_string(i) + ", \"text\": \"text " + std::string(20, 'x') + std::to_string(i) +
         "\"}\n";
}
std::string lines(int n) {
  std::string all;
  for (int i = 0; i < n; ++i) all += line(i);
  return all;
}

/// A data folder beside a cache folder, and a file old enough for its index to be kept.
struct cached_file {
  temporary_folder folder;
  fs::path data = folder / "data", cache = folder / "cache", file = data / "some file.jsonl";
  std::string const home = std::getenv("XDG_CACHE_HOME") ? std::getenv("XDG_CACHE_HOME") : "";

  cached_file() {
    fs::create_directory(data);
    ::setenv("XDG_CACHE_HOME", cache.c_str(), 1);
  }
  ~cached_file() { home.empty() ? ::unsetenv("XDG_CACHE_HOME") : ::setenv("XDG_CACHE_HOME", home.c_str(), 1); }

  void put(std::string const& text, int hours_old = 1) {
    put_file(file, text);
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(hours_old));
  }
  static std::vector<fs::path> indexes_in(fs::path const& where) {
    std::vector<fs::path> all;
    if (fs::exists(where))
      for (auto const& entry : fs::recursive_directory_iterator(where))
        if (entry.path().extension() == ".flan") all.push_back(entry.path());
    return all;
  }
};
constexpr int many = 1000;  // small files are not worth an index
}  // namespace

TEST_CASE_METHOD(cached_file, "the index of a file is kept beside it, and used while the file is unchanged") {
  put(lines(many));
  std::uint64_t const fingerprint = [&] {
    auto const s = flan::jsonl<numbered>(file);
    REQUIRE(s.size() == many);
    CHECK(s[999].number == 999);
    CHECK(s[0].number == 0);
    flan::fingerprinter f;
    s.add_to(f);
    return f.value();
  }();
  auto const kept = indexes_in(data);
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].parent_path() == data);
  CHECK(indexes_in(cache).empty());

  // It is used, not made again: an index that says there are fewer records is believed.
  auto const bytes = get_file(kept[0]);
  auto const made = fs::last_write_time(kept[0]);
  CHECK(flan::jsonl<numbered>(file)[500].text == "text xxxxxxxxxxxxxxxxxxxx500");
  CHECK(fs::last_write_time(kept[0]) == made);
  CHECK(get_file(kept[0]) == bytes);
  flan::fingerprinter again;
  flan::jsonl<numbered>(file).add_to(again);
  CHECK(again.value() == fingerprint);

  SECTION("another type has an index of its own") {
    CHECK(flan::jsonl<only_text>(file).size() == many);
    CHECK(indexes_in(data).size() == 2);
  }
  SECTION("a change of the time alone makes it anew, with the same fingerprint") {
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(5));
    flan::fingerprinter f;
    flan::jsonl<numbered>(file).add_to(f);
    CHECK(f.value() == fingerprint);
    CHECK(get_file(kept[0]) != bytes);
  }
  SECTION("a change of a byte changes the fingerprint") {
    auto text = lines(many);
    text.replace(text.find("xx5\""), 2, "yy");
    put(text, 2);
    auto const s = flan::jsonl<numbered>(file);
    flan::fingerprinter f;
    s.add_to(f);
    CHECK(f.value() != fingerprint);
    CHECK(s[5].text == "text xxxxxxxxxxxxxxxxxxyy5");
  }
  SECTION("a longer file is read anew") {
    put(lines(many + 1));
    CHECK(flan::jsonl<numbered>(file).size() == many + 1);
  }
  SECTION("a damaged one is ignored and replaced") {
    for (std::size_t at : {std::size_t{0}, std::size_t{9}, std::size_t{20}, std::size_t{60}, std::size_t{75},
                           std::size_t{100}, bytes.size() - 1}) {
      INFO(at);
      auto damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
      put_file(kept[0], damaged);
      auto const s = flan::jsonl<numbered>(file);
      REQUIRE(s.size() == many);
      CHECK(s[999].number == 999);
      CHECK(get_file(kept[0]) == bytes);
    }
    for (auto const n : {std::size_t{0}, std::size_t{40}, std::size_t{80}, bytes.size() - 16, bytes.size() - 1}) {
      put_file(kept[0], bytes.substr(0, n));
      CHECK(flan::jsonl<numbered>(file)[999].number == 999);
    }
    put_file(kept[0], bytes + "x");
    CHECK(flan::jsonl<numbered>(file)[999].number == 999);
  }
  SECTION("nothing is kept unless it is wanted, nor for a file that was written just now") {
    fs::remove(kept[0]);
    CHECK(flan::jsonl<numbered>(file, {.cache = false}).size() == many);
    fs::last_write_time(file, fs::file_time_type::clock::now() + std::chrono::hours(1));
    CHECK(flan::jsonl<numbered>(file).size() == many);
    CHECK(indexes_in(data).empty());
    CHECK(indexes_in(cache).empty());
  }
}

TEST_CASE_METHOD(cached_file,
                 "where the data cannot be written, the index is kept in the user's folder or not at all") {
  put(lines(many));
  // A folder in the index's place cannot be replaced, by root neither.
  flan::jsonl<numbered>(file);
  auto const beside = indexes_in(data).at(0);
  fs::remove(beside);
  fs::create_directory(beside);

  CHECK(flan::jsonl<numbered>(file).size() == many);
  auto const kept = indexes_in(cache);
  REQUIRE(kept.size() == 1);
  auto const made = fs::last_write_time(kept[0]);
  CHECK(flan::jsonl<numbered>(file)[7].number == 7);
  CHECK(fs::last_write_time(kept[0]) == made);

  fs::remove_all(cache);
  put_file(cache, "not a folder");
  CHECK(flan::jsonl<numbered>(file)[7].number == 7);
  int left = 0;
  for ([[maybe_unused]] auto const& entry : fs::directory_iterator(data)) ++left;
  CHECK(left == 2);  // no half-written index
}

TEST_CASE_METHOD(cached_file, "a folder that nobody may write to is left alone, by root too") {
  put(lines(many));
  fs::permissions(data, fs::perms::owner_read | fs::perms::owner_exec);
  auto const s = flan::jsonl<numbered>(file);
  auto const beside = indexes_in(data).size();
  fs::permissions(data, fs::perms::owner_all);
  CHECK(s.size() == many);
  CHECK(beside == 0);
  CHECK(indexes_in(cache).size() == 1);
}

TEST_CASE_METHOD(cached_file, "a file that changes while it is being read is an error") {
  put(lines(many));
  auto const s = flan::jsonl<numbered>(file);
  CHECK(s[3].number == 3);
  SECTION("shorter") {
    fs::resize_file(file, 1000);
    CHECK_THROWS_WITH(s[999],
                      ContainsSubstring("was changed while it was being read") && ContainsSubstring("now has 1000"));
    CHECK_THROWS_WITH(s[3], ContainsSubstring(file.string()));
  }
  SECTION("empty") {
    fs::resize_file(file, 0);
    CHECK_THROWS_WITH(s[0], ContainsSubstring("now has 0"));
  }
  SECTION("of the same size") {
    put(lines(many), 3);
    CHECK_THROWS_WITH(s[3], ContainsSubstring("written to since"));
  }
  SECTION("gone: what is open can still be read") {
    fs::remove(file);
    CHECK(s[999].number == 999);
  }
}

namespace {
/// At most so many open files while it lives.
class file_limit {
  struct rlimit before_ {};

 public:
  explicit file_limit(rlim_t most) {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    struct rlimit few = before_;
    few.rlim_cur = most;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  }
  file_limit(file_limit const&) = delete;
  ~file_limit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
};
}  // namespace

TEST_CASE_METHOD(cached_file, "a relative path outlives a change of the working folder") {
  put(lines(many));
  auto const before = fs::current_path();
  fs::current_path(data);
  auto const s = flan::jsonl<numbered>("some file.jsonl");
  CHECK(indexes_in(data).size() == 1);
  fs::current_path(before);
  {
    file_limit const few(64);                           // 16 files are kept open
    CHECK(flan::jsonl<numbered>(file).size() == many);  // lets go of what other tests have left open
    for (int i = 0; i < 40; ++i) {
      put_file(data / std::to_string(i), line(i));
      flan::jsonl<numbered>(data / std::to_string(i));
    }
  }
  CHECK(s[999].number == 999);
  CHECK_THROWS_WITH(flan::jsonl<numbered>("no such file.jsonl"), ContainsSubstring("cannot open"));
}

TEST_CASE_METHOD(cached_file, "more files than a process keeps open, read by several threads") {
  put(lines(many));
  file_limit const few(100);
  CHECK(flan::jsonl<numbered>(file).size() == many);  // lets go of what other tests have left open
  std::vector<flan::source<numbered>> all;
  for (int i = 0; i < 300; ++i) {
    file = data / (std::to_string(i) + ".jsonl");
    put(line(i) + line(i + 1));
    all.push_back(flan::jsonl<numbered>(file));
  }
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1200; ++i) {
        auto const k = (static_cast<std::size_t>(i) * 7 + t * 31) % all.size();
        wrong[t] += all[k][1].number != static_cast<std::int64_t>(k) + 1;
      }
    });
  for (auto& t : threads) t.join();
  CHECK(wrong == std::vector<int>(4));
}

TEST_CASE_METHOD(cached_file, "a bad record stops, or is left out, counted and reported: at every opening") {
  put(lines(500) + "{\"number\": 1.5, \"text\": \"\"}\n" + lines(300) + "{\"number\": 1}\n" + "nonsense");
  auto const path = file.string();
  CHECK_THROWS_WITH(flan::jsonl<numbered>(file), ContainsSubstring(path + ":501: the field \"number\" should be"));
  CHECK(indexes_in(data).empty());

  std::vector<std::string> problems;
  std::vector<std::uint64_t> places;
  flan::read_options const skip{.bad = flan::on_bad_record::skip, .report = [&](flan::bad_record const& b) {
                                  problems.emplace_back(b.problem);
                                  places.push_back(b.record);
                                  CHECK(b.file == file);
                                }};
  for (int opening = 0; opening < 3; ++opening) {
    INFO(opening);
    problems.clear();
    places.clear();
    auto const s = flan::jsonl<numbered>(file, skip);
    CHECK(s.size() == 800);
    CHECK(s.skipped() == 3);
    CHECK(s[500].number == 0);
    REQUIRE(problems.size() == 3);
    CHECK_THAT(problems[0], ContainsSubstring(path + ":501: ") && ContainsSubstring("\"number\" should be a whole"));
    CHECK_THAT(problems[1], ContainsSubstring(path + ":802: the field \"text\" is missing"));
    CHECK_THAT(problems[2], ContainsSubstring(path + ":803: ") && ContainsSubstring("not valid JSON"));
    CHECK(places == std::vector<std::uint64_t>{500, 801, 802});
    CHECK(indexes_in(data).size() == 1);
  }
  // The kept index does not hide them from one who wants to stop.
  CHECK_THROWS_WITH(flan::jsonl<numbered>(file), ContainsSubstring(path + ":501: "));
  // Unchecked, they show when they are asked for.
  auto const s = flan::jsonl<numbered>(file, {.check = false});
  CHECK(s.size() == 803);
  CHECK(s[799].number == 298);
  CHECK_THROWS_WITH(s[801], ContainsSubstring(path + ":802: the field \"text\" is missing"));
  CHECK_THROWS_WITH(flan::jsonl<numbered>(file, {.bad = flan::on_bad_record::skip, .check = false}),
                    ContainsSubstring("only where records are checked"));
}

TEST_CASE_METHOD(cached_file, "the same for tables and documents") {
  flan::read_options const skip{.bad = flan::on_bad_record::skip};
  put("number,text\n1,\"a\nb\"\nx,c\n2\n3,\"d");
  CHECK_THROWS_WITH(flan::csv<numbered>(file), ContainsSubstring(":6: a quoted cell is never closed"));
  auto const csv = flan::csv<numbered>(file, {}, skip);
  CHECK(csv.size() == 1);
  CHECK(csv.skipped() == 3);
  CHECK(csv[0].text == "a\nb");

  // An open quote that takes further lines with it is more than a bad record.
  for (auto const* const rest : {"\n5,e\n6,f\n", "\n5", "\"\"\n5,e"}) {
    put("number,text\n1,\"a\nb\"\n3,\"d" + std::string(rest));
    CHECK_THROWS_WITH(flan::csv<numbered>(file, {}, skip), ContainsSubstring(":4: a quoted cell is never closed: all"));
  }
  put("number,text\n1,\"a\nb\"\n3,\"d\n");
  CHECK(flan::csv<numbered>(file, {}, skip).skipped() == 1);

  put("number\ttext\n1\ta\n2\n3\tc\n");
  auto const tsv = flan::tsv(file, {}, skip);
  CHECK(tsv.size() == 2);
  CHECK(tsv[1].values == std::vector<std::string>{"3", "c"});
  CHECK(tsv.skipped() == 1);

  put("[{\"number\": 1, \"text\": \"a\"},\n {\"number\": \"2\", \"text\": \"\"}, {\"number\": 3, \"text\": \"c");
  CHECK_THROWS_WITH(flan::json_records<numbered>(file),
                    ContainsSubstring(":2: byte ") && ContainsSubstring("ends before it is complete"));
  auto const json = flan::json_records<numbered>(file, "*", skip);
  CHECK(json.size() == 1);
  CHECK(json.skipped() == 2);
  CHECK_THROWS_WITH(flan::csv(data / "none.csv", {}, skip), ContainsSubstring("cannot open"));
}
