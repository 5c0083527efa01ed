// The text side alone: no tensors, no sentencepiece.
#include <flan/data.hpp>
#include <flan/prompt.hpp>
#include <iostream>

struct nli {
  std::string premise, hypothesis;
  static constexpr auto members = flan::members("premise", &nli::premise, "hypothesis", &nli::hypothesis);
};

int main() {
  constexpr flan::instruction<nli> entailment{"{premise} Does this imply \"{hypothesis}\"?", "yes"};
  std::cout << entailment(nli{"It rains.", "It is wet."}).input << '\n';
}
