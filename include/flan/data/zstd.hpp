#pragma once
/// Files that zstd has packed. For those who link libzstd: without its own header this one declares nothing.

#if __has_include(<zstd.h>)

#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "flan/core/error.hpp"
#include "flan/data/unpacked_file.hpp"

namespace flan {

namespace detail {

[[gnu::cold]] inline void unpack_zstd(std::filesystem::path const& from, unpacked_output& to) {
  struct closer {
    void operator()(ZSTD_DStream* s) const { ::ZSTD_freeDStream(s); }
  };
  std::unique_ptr<ZSTD_DStream, closer> const stream(::ZSTD_createDStream());
  if (!stream) fail("cannot unpack ", from.string(), ": there is no memory for it");
  file_handle const packed(from);
  std::string in(::ZSTD_DStreamInSize(), '\0'), out(::ZSTD_DStreamOutSize(), '\0');
  std::size_t wanted = 0;  // by the frame that is being read; 0 between frames, of which a file may have several
  std::uint64_t offset = 0;
  while (std::size_t const n = packed.read(from, offset, in.data(), in.size())) {
    if (offset == 0 && packer_of(std::string_view(in).substr(0, n)) != packed_by::zstd)
      fail("cannot unpack ", from.string(), ": it is not packed by zstd");
    offset += n;
    ZSTD_inBuffer source{in.data(), n, 0};
    // Output that is full may not be all that there is of this input.
    for (bool full = false; source.pos < source.size || full;) {
      ZSTD_outBuffer target{out.data(), out.size(), 0};
      wanted = ::ZSTD_decompressStream(stream.get(), &target, &source);
      if (::ZSTD_isError(wanted)) fail("cannot unpack ", from.string(), ": ", ::ZSTD_getErrorName(wanted));
      to.write(out.data(), target.pos);
      full = wanted != 0 && target.pos == target.size;
    }
  }
  if (offset == 0) fail("cannot unpack ", from.string(), ": it is empty");
  if (wanted != 0) fail("cannot unpack ", from.string(), ": it ends before its contents do");
}

}  // namespace detail

/// The contents of a `.zst` as a file in the user's cache folder, to be opened as any other:
///
///   flan::jsonl<nli>(flan::unpacked_zstd("train.jsonl.zst"))
///
/// It is unpacked once, and again when the packed file has another size or time than it had then. Throws `error` for
/// what zstd did not pack, what is damaged or cut, and where there is no folder to write to (see read_options).
[[gnu::cold]] inline std::filesystem::path unpacked_zstd(std::filesystem::path const& path) {
  return detail::unpacked_file(path, detail::unpack_zstd);
}

}  // namespace flan

#endif
