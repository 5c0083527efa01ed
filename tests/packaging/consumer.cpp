// What a user writes first. It needs every dependency of flan::flan to compile and link, and no file to run.
#include <flan/core/config.hpp>
#include <flan/core/error.hpp>
#include <iostream>

int main() {
  try {
    flan::fail("flan ", flan::version.major_number);
  } catch (flan::error const& e) {
    std::cout << e.what() << '\n';
  }
}
