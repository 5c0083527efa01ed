#pragma once
/// What opens packed files and promptsource's templates, as far as the program was built with zlib and yaml-cpp.

#include <filesystem>

#include "flan/data/mixture_description.hpp"
#ifdef FLAN_PROGRAM_ZLIB
#include "flan/data/gzip.hpp"
#endif
#ifdef FLAN_PROGRAM_YAML
#include "flan/data/promptsource_task.hpp"
#endif

namespace support {

inline void add_readers([[maybe_unused]] flan::mixture_file_options& o) {
#ifdef FLAN_PROGRAM_ZLIB
  o.unpack = [](std::filesystem::path const& file) {
    if (file.extension() != ".gz") flan::fail(file.string(), " is packed by zstd, which this program cannot unpack");
    return flan::unpacked_gzip(file);
  };
#endif
#ifdef FLAN_PROGRAM_YAML
  o.promptsource = flan::open_promptsource_task;
#endif
}

}  // namespace support
