// What a user writes first. Without an argument it shows that everything links: there is no such folder, and flan says
// so.
#include <flan/flan.hpp>
#include <iostream>

int main(int count, char** arguments) try {
  auto const model = flan::load(count > 1 ? arguments[1] : "no such folder");
  std::cout << model.generate("Is the sky blue?") << '\n';
} catch (flan::error const& e) {
  std::cout << "flan " << flan::version.major_number << ": " << e.what() << '\n';
  return count > 1;
}
