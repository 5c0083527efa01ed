// expect: template_asks_for_an_unknown_format
#include <string>

#include "flan/prompt/prompt.hpp"

struct item {
  std::string text;
  flan::choice<"a", "b"> label;
  static constexpr auto members = flan::members("text", &item::text, "label", &item::label);
};

#ifdef MISTAKE
constexpr flan::prompt<item> ask = "{label:choices}";
#else
constexpr flan::prompt<item> ask = "{label:options}";
#endif

int main() { return ask(item{"x", "a"}).empty() ? 1 : 0; }
