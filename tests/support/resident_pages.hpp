#pragma once
/// Pages of files that are in this process's memory.

#include <sstream>

#include "support/temporary_folder.hpp"

namespace flan::testing {

inline long resident_file_pages() {
  long size = 0, all = 0, files = 0;
  std::istringstream(get_file("/proc/self/statm")) >> size >> all >> files;
  return files;
}

}  // namespace flan::testing
