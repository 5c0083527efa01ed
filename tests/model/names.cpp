/// Every parameter of the published models by name and shape, against lists derived from Hugging Face's own classes
/// (names/, written by make_names.py): each there once, none too many. A member forgotten in `members` would silently
/// never load, train or be saved.

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "flan/layer/parameters.hpp"
#include "flan/model/presets.hpp"
#include "flan/model/t5.hpp"
#include "support/catch.hpp"

namespace {
using namespace flan;

/// Rows and columns; a vector is one row.
using shape = std::pair<extent, extent>;
using names = std::map<std::string, shape>;

/// names/NAME.txt with its block ranges written out. Throws for a line that it does not understand, and for a name that
/// comes twice.
names expected_names(std::string const& preset) {
  // Not strings and +: for clones at a path of some lengths, g++ 12 sees an overflow there that is none.
  auto const path = (std::filesystem::path(FLAN_TEST_FOLDER) / "model" / "names" / (preset + ".txt")).string();
  std::ifstream file(path);
  if (!file) fail("cannot open ", path);
  names all;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    extent rows = 0, columns = 0;
    words >> name >> rows;
    if (!(words >> columns)) columns = std::exchange(rows, 1);
    auto const add = [&](std::string const& n) {
      if (columns < 1 || !all.emplace(n, shape{rows, columns}).second) fail(path, ": ", line);
    };
    auto const open = name.find('['), close = name.find(']');
    if (open == name.npos) {
      add(name);
      continue;
    }
    int first = 0, last = 0;
    char dash = 0;
    if (!(std::istringstream(name.substr(open + 1)) >> first >> dash >> last) || dash != '-') fail(path, ": ", line);
    for (int i = first; i <= last; ++i) add(name.substr(0, open) + std::to_string(i) + name.substr(close + 1));
  }
  return all;
}

/// The parameters of a model, each once.
template <class M>
names names_of(M const& model) {
  names all;
  for_each_parameter(
      [&](std::string const& name, auto const& w) {
        INFO(name);
        CHECK(all.emplace(name, shape{w.rows, w.columns}).second);
      },
      model);
  return all;
}

/// One assertion per difference, so that a failure names the parameter.
void check_same(names const& found, names const& expected) {
  REQUIRE_FALSE(expected.empty());
  for (auto const& [name, extents] : expected) {
    INFO(name << " of " << extents.first << " x " << extents.second);
    auto const at = found.find(name);
    bool const there = at != found.end();
    CHECK(there);
    if (there) CHECK(at->second == extents);
  }
  for (auto const& [name, extents] : found) {
    INFO(name << " is not in the list");
    CHECK(expected.count(name) == 1);
  }
}

template <auto const& C>
void check_preset() {
  std::string const preset(config_name<C>());
  INFO(preset);
  auto const expected = expected_names(preset);
  std::int64_t numbers = 0;
  for (auto const& [name, extents] : expected) numbers += extents.first * extents.second;
  CHECK(parameter_count(C) == numbers);
  t5<C, fp32> const closed;
  check_same(names_of(closed), expected);
  t5<any_t5, fp32> const open(C);
  check_same(names_of(open), expected);
  CHECK(count_parameters(open) == numbers);
}
}  // namespace

TEST_CASE("T5 1.0 has Hugging Face's parameters") {
  check_preset<t5_small>();
  check_preset<t5_base>();
  check_preset<t5_large>();
  check_preset<t5_3b>();
  check_preset<t5_11b>();
}

TEST_CASE("T5 1.1 and Flan-T5 have Hugging Face's parameters") {
  check_preset<flan_t5_small>();
  check_preset<flan_t5_base>();
  check_preset<flan_t5_large>();
  check_preset<flan_t5_xl>();
  check_preset<flan_t5_xxl>();
}

TEST_CASE("ByT5, mT5 and UMT5 have Hugging Face's parameters") {
  check_preset<byt5_small>();
  check_preset<mt5_small>();
  check_preset<umt5_small>();
}

TEST_CASE("every preset by name has a list, or another's shape") {
  for (auto const& p : t5_presets) {
    INFO(std::string(p.name));
    // t5_v1_1_base is flan_t5_base under another name.
    std::string name(p.name);
    if (name.starts_with("t5_v1_1_")) name = "flan_t5_" + name.substr(8);
    check_same(names_of(t5<any_t5, fp32>(p.config)), expected_names(name));
  }
}

TEST_CASE("gradients and masters have the names and shapes of their model") {
  auto const expected = expected_names("umt5_small");
  using model = t5<umt5_small, bf16_mixed>;
  check_same(names_of(gradient_of<model>(umt5_small)), expected);
  check_same(names_of(master_of<model>(umt5_small)), expected);
}
