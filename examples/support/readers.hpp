#pragma once
/// What opens packed files and promptsource's templates, as far as the program was built with zlib, libzstd and
/// yaml-cpp.

#include <filesystem>

#include "flan/data/mixture_description.hpp"
#include "flan/data/unpacked.hpp"
#ifdef FLAN_PROGRAM_YAML
#include "flan/data/promptsource_task.hpp"
#endif

namespace support {

inline void add_readers(flan::mixture_file_options& o) {
  o.unpack = flan::unpacked;
#ifdef FLAN_PROGRAM_YAML
  o.promptsource = flan::open_promptsource_task;
#endif
}

}  // namespace support
