#pragma once
/// Any file, packed or not, as one that can be read. Opt-in: who includes it links zlib and libzstd, each where its
/// header is installed.

#include <filesystem>

#include "flan/core/error.hpp"
#include "flan/data/data_file.hpp"
#include "flan/data/gzip.hpp"
#include "flan/data/zstd.hpp"

namespace flan {

/// The path itself, or, of what gzip or zstd has packed (its first bytes say so, not its name), the contents as
/// unpacked_gzip and unpacked_zstd give them:
///
///   flan::jsonl<nli>(flan::unpacked(path))
///
/// Throws `error` as they do, and where this program was built without the library that could unpack it.
[[gnu::cold]] inline std::filesystem::path unpacked(std::filesystem::path const& path) {
  switch (detail::packer_of(path)) {
    case detail::packed_by::gzip:
#if __has_include(<zlib.h>)
      return unpacked_gzip(path);
#else
      fail(path.string(), " is packed by gzip, and this program was built without zlib");
#endif
    case detail::packed_by::zstd:
#if __has_include(<zstd.h>)
      return unpacked_zstd(path);
#else
      fail(path.string(), " is packed by zstd, and this program was built without libzstd");
#endif
    case detail::packed_by::nobody:
      break;
  }
  return path;
}

}  // namespace flan
