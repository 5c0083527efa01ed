// Tasks in several forms: exemplars, styles of options, references, Jinja templates.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "flan/data/mixture.hpp"
#include "flan/data/task.hpp"
#include "flan/prompt/jinja_instruction.hpp"
#include "support/catch.hpp"

namespace {

using flan::exemplars;
using flan::option_form;
using flan::task_form;

struct question {
  std::string text;
  flan::choice<"no", "yes"> answer;
  static constexpr auto members = flan::members("text", &question::text, "answer", &question::answer);
};
constexpr flan::instruction<question> two_ways[] = {{"Is it so? {text}\n{answer:options}", "{answer}"},
                                                    {"{answer:options}\n{text}", "{answer}"}};

flan::task<question> questions(std::string const& name, int n) {
  std::vector<question> all;
  for (int i = 0; i < n; ++i) {
    all.push_back({"fact " + name + std::to_string(i) + ".", "no"});
    if (i % 2) all.back().answer = "yes";
  }
  return {name, all, two_ways};
}

std::size_t words(std::string const& text) {
  return static_cast<std::size_t>(
             std::count_if(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\n'; })) +
         1;
}
/// How often a text stands in another.
int count(std::string_view text, std::string_view piece) {
  int n = 0;
  for (std::size_t at = 0; (at = text.find(piece, at)) != text.npos; at += piece.size()) ++n;
  return n;
}

}  // namespace

TEST_CASE("a task without forms asks alone, options listed") {
  auto const t = questions("a", 3);
  CHECK(t.forms() == std::vector{task_form{}});
  CHECK(t.form_of(17) == 0);
  auto const words = t(1, 0, 0, 99);
  CHECK(words.exemplars == 0);
  CHECK(words.text == t(1, 0));
  CHECK(words.text.input == "Is it so? fact a1.\nOPTIONS:\n- no\n- yes");
  CHECK_THROWS_WITH(t(0, 0, 1, 0), ContainsSubstring("has 1 forms; asked for number 1"));
  CHECK_THROWS_WITH(t(3, 0, 0, 0), ContainsSubstring("asked for record 3"));
}

TEST_CASE("forms are drawn by their rates, and by nothing but the key") {
  auto const t = questions("a", 50).with_forms({{exemplars::none, 0, option_form::left_out, 1},
                                                {exemplars::none, 0, option_form::varied, 2},
                                                {exemplars::fixed, 2, option_form::listed, 1}});
  flan::mixture const m(t);
  std::map<std::uint32_t, int> drawn;
  for (std::uint64_t i = 0; i < 8000; ++i) {
    auto const p = m.place(3, i);
    CHECK(p.form == t.form_of(p.key));
    ++drawn[p.form];
  }
  CHECK(std::abs(drawn[0] - 2000) < 150);
  CHECK(std::abs(drawn[1] - 4000) < 150);
  CHECK(std::abs(drawn[2] - 2000) < 150);
  std::set<std::string> styles;
  for (std::uint64_t i = 0; i < 400; ++i) {
    auto const e = m.at(3, i);
    CHECK(e.input == m.render(m.place(3, i)).input);
    CHECK(e.exemplars == (e.form == 2 ? 2u : 0u));
    if (e.form == 0) CHECK(count(e.input, "yes") == 0);
    if (e.form == 1) styles.insert(e.input.substr(e.input.find(".")));
    if (e.form == 2) CHECK(count(e.input, "fact a") == 3);
  }
  CHECK(styles.size() > 50);
}

TEST_CASE("exemplars are other records of the task, and never the question") {
  auto const t = questions("a", 6).with_forms({{exemplars::fixed, 3}, {exemplars::mixed, 4}});
  for (std::uint32_t form : {0u, 1u})
    for (std::uint64_t key = 0; key < 300; ++key) {
      auto const w = t(key % 6, key % 2, form, key);
      INFO(w.text.input);
      CHECK(w.exemplars == (form == 0 ? 3 : 4));
      CHECK(w.text.target == (key % 2 ? "yes" : "no"));
      CHECK(count(w.text.input, "fact a" + std::to_string(key % 6) + ".") == 1);
      std::set<char> records;
      for (std::size_t at = 0; (at = w.text.input.find("fact a", at)) != std::string::npos; ++at)
        records.insert(w.text.input[at + 6]);
      CHECK(records.size() == w.exemplars + 1);
      int const first = count(w.text.input, "Is it so?");
      if (form == 0) CHECK((first == 0 || first == 4));  // all in the question's wording
    }
  std::set<int> mixes;
  for (std::uint64_t key = 0; key < 100; ++key) mixes.insert(count(t(0, 0, 1, key).text.input, "Is it so?"));
  CHECK(mixes == std::set{1, 2, 3, 4, 5});
  // Two records make one exemplar, however many are asked for; one record none.
  CHECK(questions("b", 2).with_forms({{exemplars::fixed, 5}})(0, 0, 0, 1).exemplars == 1);
  CHECK(questions("c", 1).with_forms({{exemplars::mixed, 5}})(0, 0, 0, 1).exemplars == 0);
}

TEST_CASE("a record that is there twice is no exemplar for itself, however the two are worded") {
  std::vector<question> all;
  for (int i = 0; i < 8; ++i) all.push_back({i < 4 ? "the same fact." : "fact " + std::to_string(i) + ".", "no"});
  auto const t =
      flan::task<question>("a", all, two_ways)
          .with_forms({{exemplars::fixed, 3}, {exemplars::mixed, 3}, {exemplars::mixed, 3, option_form::varied}});
  for (std::uint32_t form : {0u, 1u, 2u})
    for (std::uint64_t key = 0; key < 200; ++key) {
      INFO(t(key % 4, key / 4 % 2, form, key).text.input);
      CHECK(count(t(key % 4, key / 4 % 2, form, key).text.input, "the same fact.") == 1);
    }
}

TEST_CASE("records that one wording does not tell apart are exemplars for each other") {
  static constexpr flan::instruction<question> and_back[] = {{"Is it so? {text}\n{answer:options}", "{answer}"},
                                                             {"What would be answered by {answer}?", "{text}"}};
  std::vector<question> all;
  for (int i = 0; i < 40; ++i) all.push_back({"fact " + std::to_string(i) + ".", "no"});
  all.push_back(all[3]);
  auto const how = GENERATE(exemplars::fixed, exemplars::mixed);
  auto const t = flan::task<question>("t", all, and_back).with_forms({{.exemplars = how, .shots = 5}});
  for (std::uint64_t key = 0; key < 200; ++key)
    for (std::uint64_t const record : {3u, 40u}) {
      auto const words = t(record, 1, 0, key);
      CHECK(words.exemplars == 5);
      CHECK(count(words.text.input, "fact 3.") == 0);
    }
}

TEST_CASE("zero to ten exemplars, as many as the tokens leave room for") {
  auto const big = questions("a", 1000);
  auto const t = big.with_forms({{exemplars::pruned}}, {.tokens = words});
  double sum = 0;
  std::set<std::size_t> counts;
  for (std::uint64_t key = 0; key < 2000; ++key) {
    auto const w = t(key % 1000, 0, 0, key);
    sum += static_cast<double>(w.exemplars);
    counts.insert(w.exemplars);
    CHECK(count(w.text.input, "fact a") == static_cast<int>(w.exemplars) + 1);
  }
  CHECK(std::abs(sum / 2000 - 2.5) < 0.15);  // 25 candidates at a tenth each
  CHECK(*counts.begin() == 0);
  CHECK(*counts.rbegin() >= 7);

  // An exemplar has one word more than a question: its answer.
  std::size_t const query = words(big(0, 0).input);
  auto const narrow =
      big.with_forms({{exemplars::pruned}}, {.limits = {.limit = 2 * (query + 1) + query}, .tokens = words});
  for (std::uint64_t key = 0; key < 300; ++key) CHECK(narrow(0, 0, 0, key).exemplars <= 2);
  auto const none = big.with_forms({{exemplars::pruned}}, {.limits = {.limit = 3}, .tokens = words});
  for (std::uint64_t key = 0; key < 50; ++key) CHECK(none(0, 0, 0, key).text.target.empty());  // to be skipped
  CHECK_THROWS_WITH(big.with_forms({{exemplars::pruned}}), ContainsSubstring("nothing that counts their tokens"));
}

TEST_CASE("an evaluation's exemplars come from the train split") {
  auto const train = questions("train", 20), test = questions("test", 3);
  auto const t = test.with_forms({{exemplars::fixed, 3}}, {.from = train});
  for (auto const& e : flan::every_record(t)) {
    CHECK(e.exemplars == 3);
    CHECK(count(e.input, "fact train") == 3);
    CHECK(count(e.input, "fact test") == 1);
  }
  CHECK(flan::every_record(t)[1].input == flan::every_record(t)[1].input);
  flan::task<question> const other("o", std::vector<question>{{"x", "no"}},
                                   std::vector<flan::instruction<question>>{{"{text}", "{answer}"}});
  CHECK_THROWS_WITH(test.with_forms({{exemplars::fixed, 3}}, {.from = other}),
                    ContainsSubstring("has 2 wordings, but takes its exemplars from o, which has 1"));
}

TEST_CASE("forms that make no sense are errors, and forms change the fingerprint") {
  auto const t = questions("a", 3);
  CHECK_THROWS_WITH(t.with_forms({}), ContainsSubstring("should have a form"));
  CHECK_THROWS_WITH(t.with_forms({{.rate = 0}}), ContainsSubstring("has the rate 0"));
  CHECK_THROWS_WITH(t.with_forms({{.rate = std::nan("")}}), ContainsSubstring("expected a positive number"));
  std::set<std::uint64_t> prints{t.fingerprint()};
  CHECK(t.with_forms({task_form{}}).fingerprint() == t.fingerprint());
  prints.insert(t.with_forms({{.options = option_form::varied}}).fingerprint());
  prints.insert(t.with_forms({{exemplars::fixed, 5}}).fingerprint());
  prints.insert(t.with_forms({{exemplars::fixed, 4}}).fingerprint());
  prints.insert(t.with_forms({{exemplars::fixed, 5}}, {.from = questions("b", 3)}).fingerprint());
  prints.insert(t.with_forms({{exemplars::fixed, 5}, task_form{}}).fingerprint());
  prints.insert(t.with_forms({{exemplars::pruned}}, {.tokens = words}).fingerprint());
  prints.insert(t.with_forms({{exemplars::pruned}}, {.tokens = [](auto const& s) { return s.size(); }}).fingerprint());
  CHECK(prints.size() == 8);
  CHECK_THROWS_WITH(t.with_forms({{exemplars::mixed, 1'000'000}}), ContainsSubstring("expected at most 1000"));
  CHECK(flan::form_text({exemplars::mixed, 5, option_form::left_out}) == "5 exemplars, mixed, no options");
  CHECK(flan::form_text({}) == "zero-shot, options listed");
}

namespace {
struct open_question {
  std::string text, answer;
  std::vector<std::string> references;
  open_question with_reference(std::size_t i) const {
    open_question r = *this;
    r.answer = references.at(i);
    return r;
  }
  static constexpr auto members = flan::members("text", &open_question::text, "answer", &open_question::answer);
};
}  // namespace

TEST_CASE("of several right answers training draws one, and an evaluation takes all") {
  std::vector<open_question> const records{{"who", "A", {"A", "B", "C"}}, {"what", "X", {"X", "X"}}};
  flan::task<open_question> const t("t", records,
                                    std::vector<flan::instruction<open_question>>{{"{text}", "It is {answer}."}});
  CHECK(t(0, 0).target == "It is A.");
  CHECK(t.targets(0, 0) == std::vector<std::string>{"It is A.", "It is B.", "It is C."});
  CHECK(t.targets(1, 0) == std::vector<std::string>{"It is X."});
  std::map<std::string, int> drawn;
  for (std::uint64_t key = 0; key < 900; ++key) ++drawn[t(0, 0, 0, key).text.target];
  CHECK(drawn.size() == 3);
  for (auto const& [answer, n] : drawn) CHECK(std::abs(n - 300) < 70);
}

TEST_CASE("Jinja templates word records of a task; those that do not fit are left out") {
  using flan::jinja_value;
  std::vector<jinja_value> records;
  for (int i = 0; i < 8; ++i) records.emplace_back(jinja_value::dict{{"n", i}, {"label", i % 2}});
  flan::task<jinja_value> const t(
      "parity", records,
      std::vector{flan::jinja_instruction("a", "{{n}} is ||| {{answer_choices[label]}}", "even ||| odd"),
                  flan::jinja_instruction("b", "{{n}}? ||| {% if label %}odd{% endif %}")});
  CHECK(t(3, 0) == flan::shot{"3 is", "odd"});
  CHECK(t(2, 1).target.empty());
  CHECK(t.targets(3, 0) == std::vector<std::string>{"odd"});
  auto const few = t.with_forms({{exemplars::fixed, 2}});
  for (std::uint64_t key = 0; key < 50; ++key) {
    auto const w = few(3, 1, 0, key);
    CHECK(w.text.target == "odd");
    CHECK(w.exemplars <= 2);
    CHECK(count(w.text.input, "odd") == static_cast<int>(w.exemplars));
    CHECK(few(2, 1, 0, key).text.target.empty());
  }
  flan::task<jinja_value> const other(
      "parity", records,
      std::vector{flan::jinja_instruction("a", "{{n}} is ||| {{answer_choices[label]}}", "even ||| ODD"),
                  flan::jinja_instruction("b", "{{n}}? ||| {% if label %}odd{% endif %}")});
  CHECK(t.fingerprint() != other.fingerprint());
  CHECK(t.fingerprint() == flan::any_task(t).fingerprint());
}
