// Prints the bits that the first translation unit computed; fails, naming the stage, where the second one's differ.
// -DALONE: the first unit by itself.
#include <algorithm>
#include <cstdio>
#include <string>

std::string bits_of_first();
std::string bits_of_second();

int main() {
  std::string const first = bits_of_first();
  std::fputs(first.c_str(), stdout);
#ifndef ALONE
  std::string const second = bits_of_second();
  if (second != first) {
    auto const at = std::mismatch(first.begin(), first.end(), second.begin(), second.end()).second - second.begin();
    auto const line = second.rfind('\n', static_cast<std::size_t>(at)) + 1;
    std::printf("the second unit computed %s\n", second.substr(line, second.find('\n', line) - line).c_str());
    return 1;
  }
#endif
}
