#include "flan/prompt/prompt.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "flan/prompt/chain_of_thought.hpp"
#include "flan/prompt/few_shot.hpp"
#include "flan/prompt/instruction.hpp"
#include "support/catch.hpp"

namespace {
using namespace std::string_literals;

struct nli {
  std::string premise, hypothesis;
  flan::choice<"yes", "it is not possible to tell", "no"> label;
  static constexpr auto members =
      flan::members("premise", &nli::premise, "hypothesis", &nli::hypothesis, "label", &nli::label);
};
constexpr flan::instruction<nli> entailment[] = {
    {"{premise}\n\nDoes this imply that \"{hypothesis}\"?\n{label:options}", "{label}"},
    {"Premise: {premise}\nHypothesis: {hypothesis}\n{label:options}", "{label}"},
};

struct numbers {
  std::int64_t big = 0;
  unsigned char small = 0;
  double real = 0;
  float single = 0;
  bool flag = false;
  static constexpr auto members = flan::members("big", &numbers::big, "small", &numbers::small, "real", &numbers::real,
                                                "single", &numbers::single, "flag", &numbers::flag);
};

struct not_a_record {
  std::vector<int> list;
  static constexpr auto members = flan::members("list", &not_a_record::list);
};
static_assert(flan::record<nli> && flan::record<numbers> && !flan::record<not_a_record> && !flan::record<int>);

// Braces, alone and around a slot, in a constant.
constexpr flan::prompt<nli> braces = "{{}} {{{label}}} }}{{";
static_assert(braces.text() == "{{}} {{{label}}} }}{{");

struct one {
  std::string text;
  static constexpr auto members = flan::members("text", &one::text);
};
}  // namespace

TEST_CASE("a template takes the fields of its record") {
  nli const r{"A dog runs.", "An animal moves.", "yes"};
  CHECK(entailment[0](r) ==
        flan::shot{"A dog runs.\n\nDoes this imply that \"An animal moves.\"?\nOPTIONS:\n- yes\n- it is not "
                   "possible to tell\n- no",
                   "yes"});
  CHECK(entailment[1](r).input.starts_with("Premise: A dog runs.\nHypothesis: An animal moves.\nOPTIONS:\n- yes"));
  CHECK(braces(r) == "{} {yes} }{");
}

TEST_CASE("what a field holds is never read again") {
  nli const r{"{hypothesis}", "{{premise}} {label:options} {", "no"};
  CHECK(entailment[0](r).input.starts_with("{hypothesis}\n\nDoes this imply that \"{{premise}} {label:options} {\"?"));
  CHECK(flan::text_prompt::over<nli>("{premise}{hypothesis}")(r) == "{hypothesis}{{premise}} {label:options} {");
  nli const zero{"a\0b"s, "", "no"};
  CHECK(entailment[1](zero).input.starts_with("Premise: a\0b\nHypothesis: \n"s));
}

TEST_CASE("numbers are written in the shortest form that reads back") {
  auto const p = flan::text_prompt::over<numbers>("{big} {small} {real} {single} {flag}");
  CHECK(p(numbers{std::numeric_limits<std::int64_t>::min(), 200, 0.1, 0.1f, true}) ==
        "-9223372036854775808 200 0.1 0.1 true");
  CHECK(p(numbers{0, 0, 1e300, -0.0f, false}) == "0 0 1e+300 -0 false");
}

TEST_CASE("the run-time parser agrees with the compiler's, and says what is wrong") {
  auto const text = [](char const* t) { return flan::text_prompt::over<one>(t); };
  CHECK(text("a{text}b")(one{"-"}) == "a-b");
  CHECK(text("")(one{"-"}).empty());
  CHECK(text("{{{text}}}{{}}")(one{"-"}) == "{-}{}");
  CHECK_THROWS_WITH(text("{txet}"), ContainsSubstring("no field \"txet\"") && ContainsSubstring("the fields are text"));
  CHECK_THROWS_WITH(text("a{text"), ContainsSubstring("left open at \"{text\""));
  CHECK_THROWS_WITH(text("a{te{xt}"), ContainsSubstring("left open"));
  CHECK_THROWS_WITH(text("a{"), ContainsSubstring("left open"));
  CHECK_THROWS_WITH(text("a}b"), ContainsSubstring("not open at \"}b\""));
  CHECK_THROWS_WITH(text("{{text}"), ContainsSubstring("not open at \"}\""));
  CHECK_THROWS_WITH(text("{}"), ContainsSubstring("slot without a name"));
  CHECK_THROWS_WITH(text("{:options}"), ContainsSubstring("slot without a name"));
  CHECK_THROWS_WITH(text("{text:upper}"), ContainsSubstring("{text:upper}"));
  CHECK_THROWS_WITH(text("{text:}"), ContainsSubstring("{text:}"));
  CHECK_THROWS_WITH(text("{text:options}"), ContainsSubstring("no choice"));
  CHECK_THROWS_WITH(text("{ text}"), ContainsSubstring("no field \" text\""));
}

TEST_CASE("records whose fields the run time names") {
  auto const names =
      std::make_shared<std::vector<std::string> const>(std::vector<std::string>{"question", "the answer"});
  flan::text_record const r{names, {"1 + {1}?", "2"}};
  flan::text_instruction const with_names{{"Q: {question}", *names}, {"{the answer}", *names}};
  CHECK(with_names(r) == flan::shot{"Q: 1 + {1}?", "2"});
  CHECK_THROWS_WITH(flan::text_prompt("{answer}", *names), ContainsSubstring("question, the answer"));
  CHECK_THROWS_WITH(flan::text_prompt("{question:options}", *names), ContainsSubstring("no choice"));
  CHECK_THROWS_WITH(with_names(flan::text_record{names, {"only one"}}), ContainsSubstring("no field \"the answer\""));
}

TEST_CASE("a choice is one of its texts") {
  using answer = flan::choice<"yes", "no">;
  static_assert(answer("no").index() == 1 && answer().text() == "yes" && answer::options().size() == 2);
  static_assert(answer::find("no") == answer("no") && !answer::find("No") && !answer::find(""));
  CHECK(answer(std::string_view("no")) == answer("no"));
  CHECK_THROWS_WITH(answer(std::string_view("maybe")),
                    ContainsSubstring("\"maybe\" is none of the options \"yes\", \"no\""));
  CHECK_THROWS_AS(answer(std::string_view("no\0", 3)), flan::error);
  CHECK(answer::at(1).text() == "no");
  CHECK_THROWS(answer::at(2));
}

TEST_CASE("exemplars stand before the question") {
  std::vector<flan::shot> const shots{{"1+1", "2"}, {"2+2", "4"}};
  auto const s = flan::few_shot(shots, {"3+3", "6"});
  CHECK(s.input == "Q: 1+1\nA: 2\n\nQ: 2+2\nA: 4\n\nQ: 3+3\nA:");
  CHECK(s.target == "6");
  CHECK(flan::few_shot({}, {"x", "y"}, {.input_prefix = "", .delimiter = "\n\n", .target_prefix = ""}).input ==
        "x\n\n");
}

TEST_CASE("a worked answer can be taken apart again") {
  flan::worked_answer const r{"How many?", "12", "Two times six."};
  for (auto const& i : flan::reason_then_answer) CHECK(flan::answer_of(i(r).target) == "12");
  CHECK(flan::answer_of("The answer is 3. No, the answer is: 4.\n") == "4");
  CHECK(flan::answer_of("just text") == "just text");
  CHECK(flan::answer_of("the answer is ") == "");
  CHECK(flan::answer_of("") == "");
  CHECK(flan::answer_of("The answer is 5 p.m..") == "5 p.m.");
  CHECK(flan::answer_of("Six and six.\nAnswer: (B) \n") == "(B)");
  CHECK(flan::answer_of("The answer is 3. Final answer: 4") == "4");
  CHECK(flan::answer_of(".") == "");
}
