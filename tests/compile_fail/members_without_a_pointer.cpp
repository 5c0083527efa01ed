// expect: members() takes a name and a pointer to member, alternating
#include "flan/core/members.hpp"

struct record {
  int label;
#ifdef MISTAKE
  static constexpr auto members = flan::members("label", &record::label, "premise");
#else
  static constexpr auto members = flan::members("label", &record::label);
#endif
};

int main() {}
