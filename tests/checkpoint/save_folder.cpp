#include "flan/checkpoint/save_folder.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <string>
#include <vector>

#include "flan/checkpoint/output_file.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace fs = std::filesystem;
using flan::save_folder;
using flan::testing::get_file;
using flan::testing::put_file;
using flan::testing::temporary_folder;

namespace {

std::vector<std::string> names_in(fs::path const& folder) {
  std::vector<std::string> names;
  for (auto const& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}
using names = std::vector<std::string>;

auto model(std::string const& text) {
  return [text](fs::path const& folder) {
    flan::write_file(folder / "config.json", text);
    flan::write_file(folder / "model.safetensors", text);
  };
}

/// All files of this process are limited to this many bytes, as on a full disk.
struct file_size_limit {
  rlimit before{};
  explicit file_size_limit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit now = before;
    now.rlim_cur = bytes;
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, SIG_DFL);
  }
};

/// Saves in a child process that is killed while it writes.
void save_and_be_killed(fs::path const& target) {
  pid_t const child = ::fork();
  if (child == 0) {
    save_folder(target, [](fs::path const& folder) {
      put_file(folder / "model.safetensors", "half");
      ::kill(::getpid(), SIGKILL);
    });
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
}

}  // namespace

TEST_CASE("a new folder appears whole, with its parents") {
  temporary_folder const t;
  save_folder(t / "a/b/model/", model("1"));
  CHECK(get_file(t / "a/b/model/config.json") == "1");
  CHECK(names_in(t / "a/b") == names{"model"});
  fs::create_directory(t / "empty");
  save_folder(t / "empty", model("2"));
  CHECK(get_file(t / "empty/config.json") == "2");
}

TEST_CASE("over a model the new one takes its place, and nothing stale stays") {
  temporary_folder const t;
  save_folder(t / "m", model("1"));
  for (char const* name : {"README.md", "pytorch_model.bin", "model-00001-of-00002.safetensors",
                           "model.safetensors.index.json", "spiece.model"})
    put_file(t / "m" / name, "old");
  fs::permissions(t / "m", fs::perms::owner_all | fs::perms::group_read);
  save_folder(t / "m", model("2"));
  CHECK(get_file(t / "m/model.safetensors") == "2");
  CHECK(names_in(t / "m") == names{"README.md", "config.json", "model.safetensors", "spiece.model"});
  CHECK(get_file(t / "m/README.md") == "old");
  CHECK(fs::status(t / "m").permissions() == (fs::perms::owner_all | fs::perms::group_read));
  CHECK(names_in(t.path) == names{"m"});
}

TEST_CASE("a link to a folder stays a link") {
  temporary_folder const t;
  save_folder(t / "m", model("1"));
  fs::create_directory_symlink(t / "m", t / "link");
  save_folder(t / "link", model("2"));
  CHECK(fs::is_symlink(t / "link"));
  CHECK(get_file(t / "m/config.json") == "2");
}

TEST_CASE("what is no model is never replaced") {
  temporary_folder const t;
  fs::create_directory(t / "photos");
  put_file(t / "photos/a.jpg", "x");
  CHECK_THROWS_WITH(save_folder(t / "photos", model("1")), ContainsSubstring("holds no model; it would be lost"));
  put_file(t / "file", "x");
  CHECK_THROWS_WITH(save_folder(t / "file", model("1")), ContainsSubstring("a file of that name is there"));
  save_folder(t / "m", model("1"));
  fs::create_directory(t / "m/.git");
  CHECK_THROWS_WITH(save_folder(t / "m", model("2")), ContainsSubstring("contains .git"));
  CHECK(get_file(t / "m/config.json") == "1");
  CHECK_THROWS_WITH(save_folder("", model("1")), ContainsSubstring("the name of the folder is empty"));
  CHECK_THROWS_WITH(save_folder("/", model("1")), ContainsSubstring("root folder"));
  CHECK(names_in(t.path) == names{"file", "m", "photos"});
}

TEST_CASE("where folders cannot be exchanged, saving over one is refused before anything is written") {
  temporary_folder const t;
  save_folder(t / "m", model("1"), /*may_exchange=*/false);
  bool called = false;
  CHECK_THROWS_WITH(save_folder(
                        t / "m", [&](fs::path const&) { called = true; }, false),
                    ContainsSubstring("cannot exchange folders in one step"));
  CHECK_FALSE(called);
  CHECK(get_file(t / "m/config.json") == "1");
}

TEST_CASE("an error while writing leaves nothing behind") {
  temporary_folder const t;
  auto const fails = [](fs::path const& folder) {
    flan::write_file(folder / "config.json", "2");
    flan::fail("no more");
  };
  CHECK_THROWS_WITH(save_folder(t / "m", fails), "no more");
  CHECK(names_in(t.path).empty());
  save_folder(t / "m", model("1"));
  CHECK_THROWS_WITH(save_folder(t / "m", fails), "no more");
  CHECK(names_in(t.path) == names{"m"});
  CHECK(get_file(t / "m/config.json") == "1");
}

TEST_CASE("a full disk leaves the old model and nothing else") {
  temporary_folder const t;
  save_folder(t / "m", model("1"));
  std::string message;
  {
    file_size_limit const full(100'000);
    try {
      save_folder(t / "m", model(std::string(1'000'000, '2')));
    } catch (flan::error const& e) {
      message = e.what();
    }
  }
  CHECK_THAT(message, ContainsSubstring("cannot write ") && ContainsSubstring("config.json: File too large"));
  CHECK(names_in(t.path) == names{"m"});
  CHECK(get_file(t / "m/config.json") == "1");
}

TEST_CASE("a folder that cannot be written to is an error that names it") {
  if (fs::exists("/proc/self"))  // nobody may make folders there, not even root
    CHECK_THROWS_WITH(save_folder("/proc/flan", model("1")),
                      ContainsSubstring("cannot save /proc/flan: no folder can be made in /proc: "));
  if (::geteuid() != 0) {
    temporary_folder const t;
    fs::permissions(t.path, fs::perms::owner_read | fs::perms::owner_exec);
    CHECK_THROWS_WITH(save_folder(t / "m", model("1")), ContainsSubstring("Permission denied"));
    fs::permissions(t.path, fs::perms::owner_all);
    CHECK(names_in(t.path).empty());
  }
}

TEST_CASE("a killed writer leaves the old model; the next one removes what is left") {
  temporary_folder const t;
  save_and_be_killed(t / "m");
  CHECK_FALSE(fs::exists(t / "m"));
  CHECK(names_in(t.path).size() == 1);
  save_folder(t / "m", model("1"));
  CHECK(names_in(t.path) == names{"m"});
  save_and_be_killed(t / "m");
  CHECK(get_file(t / "m/model.safetensors") == "1");
  CHECK(names_in(t.path).size() == 2);
  save_folder(t / "m", model("2"));
  CHECK(names_in(t.path) == names{"m"});
  CHECK(get_file(t / "m/model.safetensors") == "2");
}

TEST_CASE("a living writer's folder is no leftover, and neighbours are not touched") {
  temporary_folder const t;
  put_file(t / ".m.partial", "mine");
  fs::create_directory(t / ".mm.partial-1");
  auto const outer = [&](fs::path const& folder) {
    flan::write_file(folder / "config.json", "outer");
    save_folder(t / "m", model("inner"));
    CHECK(fs::exists(folder / "config.json"));
  };
  // The path was free when the outer one began: what another has saved there since is not replaced.
  CHECK_THROWS_WITH(save_folder(t / "m", outer), ContainsSubstring("Directory not empty"));
  CHECK(get_file(t / "m/config.json") == "inner");
  save_folder(t / "m", outer);
  CHECK(get_file(t / "m/config.json") == "outer");
  CHECK(names_in(t.path) == names{".m.partial", ".mm.partial-1", "m"});
}
