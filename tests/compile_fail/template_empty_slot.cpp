// expect: template_has_an_empty_slot
#include <string>

#include "flan/prompt/prompt.hpp"

struct item {
  std::string text;
  flan::choice<"a", "b"> label;
  static constexpr auto members = flan::members("text", &item::text, "label", &item::label);
};

#ifdef MISTAKE
constexpr flan::prompt<item> ask = "{}";
#else
constexpr flan::prompt<item> ask = "{text}";
#endif

int main() { return ask(item{"x", "a"}).empty() ? 1 : 0; }
