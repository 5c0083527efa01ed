#pragma once
/// Files that gzip has packed. For those who link zlib: without zlib's own header this one declares nothing.

#if __has_include(<zlib.h>)

#include <zlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "flan/core/error.hpp"
#include "flan/data/unpacked_file.hpp"

namespace flan {

namespace detail {

[[gnu::cold]] inline void unpack_gzip(std::filesystem::path const& from, unpacked_output& to) {
  struct closer {
    void operator()(gzFile_s* file) const { ::gzclose(file); }
  };
  std::unique_ptr<gzFile_s, closer> const in(::gzopen(from.c_str(), "rb"));
  if (!in) fail("cannot open ", from.string());
  std::string block(1 << 18, '\0');
  ::gzbuffer(in.get(), 1 << 17);
  for (;;) {
    int const n = ::gzread(in.get(), block.data(), static_cast<unsigned>(block.size()));
    int problem = Z_OK;
    char const* const reason = ::gzerror(in.get(), &problem);
    // A file that ends too early is read to its end, and then told from a whole one by this alone.
    if (n < 0 || problem != Z_OK) fail("cannot unpack ", from.string(), ": ", reason);
    if (::gzdirect(in.get())) fail("cannot unpack ", from.string(), ": it is not packed by gzip");
    if (n == 0) return;
    to.write(block.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace detail

/// The contents of a `.gz` as a file in the user's cache folder, to be opened as any other:
///
///   flan::jsonl<nli>(flan::unpacked_gzip("train.jsonl.gz"))
///
/// It is unpacked once, and again when the packed file has another size or time than it had then. Throws `error` for
/// what gzip did not pack, what is damaged or cut, and where there is no folder to write to (see read_options).
[[gnu::cold]] inline std::filesystem::path unpacked_gzip(std::filesystem::path const& path) {
  return detail::unpacked_file(path, detail::unpack_gzip);
}

}  // namespace flan

#endif
