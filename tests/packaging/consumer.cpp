// Includes everything and needs every library at the link. Without an argument it shows that: there is no such folder,
// and flan says so. (What a program that opens a model costs to compile is benchmarks/compile_budget.py's matter.)
#include <flan/flan.hpp>
#include <iostream>

int main(int count, char** arguments) try {
  flan::sentencepiece_tokenizer const tokenizer(count > 1 ? arguments[1] : "no such folder");
  std::cout << tokenizer.encode("Is the sky blue?").size() << '\n';
} catch (flan::error const& e) {
  std::cout << "flan " << flan::version.major_number << ": " << e.what() << '\n';
  return count > 1;
}
