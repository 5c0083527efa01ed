#pragma once
/// CLI11 takes a list's argument that looks like "[a, b]" apart, as it does in its configuration files, and leaves no
/// way to say that a positional list means what it says. So arguments that begin with a bracket pass it with a mark at
/// their end: then they do not end with one.

#include <string>
#include <vector>

namespace support {

inline constexpr char bracket_mark = '\x1f';

/// The arguments for CLI11; `main`'s own are left alone.
class marked_arguments {
  std::vector<std::string> texts_;
  std::vector<char const*> pointers_;

 public:
  marked_arguments(int count, char const* const* arguments) : texts_(arguments, arguments + count) {
    for (auto& text : texts_) {
      if (text.starts_with('[')) text += bracket_mark;
      pointers_.push_back(text.c_str());
    }
  }
  marked_arguments(marked_arguments const&) = delete;
  int size() const { return static_cast<int>(pointers_.size()); }
  char const* const* data() const { return pointers_.data(); }
};

/// What the person wrote, from what CLI11 hands over.
inline void unmark(std::string& text) {
  if (text.starts_with('[') && text.ends_with(bracket_mark)) text.pop_back();
}
inline void unmark(std::vector<std::string>& texts) {
  for (auto& text : texts) unmark(text);
}

}  // namespace support
