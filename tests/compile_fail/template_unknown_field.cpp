// expect: template_names_an_unknown_field
#include <string>

#include "flan/prompt/instruction.hpp"

struct nli {
  std::string premise, hypothesis;
  flan::choice<"yes", "it is not possible to tell", "no"> label;
  static constexpr auto members =
      flan::members("premise", &nli::premise, "hypothesis", &nli::hypothesis, "label", &nli::label);
};

constexpr flan::instruction<nli> entailment[] = {
    {"{premise}\n\nDoes this imply that \"{hypothesis}\"?\n{label:options}", "{label}"},
#ifdef MISTAKE
    {"Premise: {premise}\nHypothesis: {hypothesys}", "{label}"},
#endif
};

int main() { return entailment[0](nli{"a", "b", "no"}).target == "no" ? 0 : 1; }
