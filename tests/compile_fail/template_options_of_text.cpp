// expect: template_lists_the_options_of_a_field_that_is_no_choice
#include <string>

#include "flan/prompt/prompt.hpp"

struct item {
  std::string text;
  flan::choice<"a", "b"> label;
  static constexpr auto members = flan::members("text", &item::text, "label", &item::label);
};

#ifdef MISTAKE
constexpr flan::prompt<item> ask = "{text:options}";
#else
constexpr flan::prompt<item> ask = "{label:options}";
#endif

int main() { return ask(item{"x", "a"}).empty() ? 1 : 0; }
