#pragma once
/// Files that gzip has packed. For those who link zlib: without zlib's own header this one declares nothing.

#if __has_include(<zlib.h>)

#include <zlib.h>

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

[[gnu::cold]] inline void unpack_gzip(std::filesystem::path const& from, unpacked_output& to) {
  struct closer {
    void operator()(z_stream* s) const { ::inflateEnd(s); }
  };
  z_stream stream{};
  if (::inflateInit2(&stream, 15 + 16) != Z_OK)  // the largest window; gzip's header and checksum
    fail("cannot unpack ", from.string(), ": there is no memory for it");
  std::unique_ptr<z_stream, closer> const ends(&stream);
  file_handle const packed(from);
  std::string in(1 << 17, '\0'), out(1 << 18, '\0');
  bool inside = false;  // a member, of which a file may have several
  std::uint64_t offset = 0;
  while (std::size_t const n = packed.read(from, offset, in.data(), in.size())) {
    if (offset == 0 && packer_of(std::string_view(in).substr(0, n)) != packed_by::gzip)
      fail("cannot unpack ", from.string(), ": it is not packed by gzip");
    offset += n;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(n);
    // Output that is full may not be all that there is of this input.
    for (bool full = false; stream.avail_in > 0 || full;) {
      if (!inside && *stream.next_in == 0) {  // tapes and some tools pad with zeros, which gzip passes over as well
        ++stream.next_in, --stream.avail_in;
        continue;
      }
      if (!inside) ::inflateReset(&stream);
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = static_cast<uInt>(out.size());
      int const result = ::inflate(&stream, Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        fail("cannot unpack ", from.string(), ": ", stream.msg ? stream.msg : "it is damaged");
      to.write(out.data(), out.size() - stream.avail_out);
      inside = result != Z_STREAM_END;
      full = inside && stream.avail_out == 0;
    }
  }
  if (offset == 0) fail("cannot unpack ", from.string(), ": it is empty");
  if (inside) fail("cannot unpack ", from.string(), ": it ends before its contents do");
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
