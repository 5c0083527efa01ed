#include "flan/core/members.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

namespace {
struct record {
  std::string premise = "p";
  int label = 2;
  double unnamed = 0;
  static constexpr auto members = flan::members("layer.0.premise", &record::premise, "label", &record::label);
};
struct empty {
  static constexpr auto members = flan::members();
};
struct plain {};

struct one_char {
  char c;
  static constexpr auto members = flan::members("c", &one_char::c);
};
}  // namespace

TEST_CASE("members are visited in the order of the list, by name and by reference") {
  record r;
  std::vector<std::string> seen;
  flan::for_each_member(r, [&](std::string_view name, auto& value) {
    seen.emplace_back(name);
    value = {};
  });
  CHECK(seen == std::vector<std::string>{"layer.0.premise", "label"});
  CHECK(r.premise.empty());
  CHECK(r.label == 0);
}

TEST_CASE("a const object hands out const members") {
  record const r;
  int total = 0;
  flan::for_each_member(r, [&]<class T>(std::string_view, T& value) {
    STATIC_REQUIRE(std::is_const_v<T>);
    if constexpr (std::is_same_v<T, int const>) total += value;
  });
  CHECK(total == 2);
}

TEST_CASE("the concept and the count read the list") {
  STATIC_REQUIRE(flan::has_members<record>);
  STATIC_REQUIRE(flan::has_members<record const&>);
  STATIC_REQUIRE(!flan::has_members<plain>);
  STATIC_REQUIRE(!flan::has_members<int>);
  STATIC_REQUIRE(flan::member_count<record> == 2);
  STATIC_REQUIRE(flan::member_count<empty> == 0);
}

namespace {
constexpr int sum_of_characters() {
  one_char x{'a'};
  int sum = 0;
  flan::for_each_member(x, [&](std::string_view name, char& c) { sum += c - name[0] + 2; });
  return sum;
}
}  // namespace

TEST_CASE("a walk over members is a constant expression") { STATIC_REQUIRE(sum_of_characters() == 0); }
