// expect: text_is_not_an_option_of_this_choice
#include "flan/prompt/choice.hpp"

using answer = flan::choice<"yes", "no">;

int main() {
#ifdef MISTAKE
  answer const a = "maybe";
#else
  answer const a = "no";
#endif
  return a.index() == 1 ? 0 : 1;
}
