// expect: two options of a choice are the same text
#include "flan/prompt/choice.hpp"

#ifdef MISTAKE
using answer = flan::choice<"yes", "no", "yes">;
#else
using answer = flan::choice<"yes", "no">;
#endif

int main() { return answer("yes").index() == 0 ? 0 : 1; }
