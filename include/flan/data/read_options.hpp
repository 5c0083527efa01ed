#pragma once
/// How files of records are opened: what happens to records that cannot be read, and whether the index is kept.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace flan {

/// What a record that cannot be read does: stop everything with an error, or be left out and counted.
/// A quoted cell of a table that is never closed, and so has all lines behind it in it, stops either way.
enum class on_bad_record : unsigned char { stop, skip };

/// A record that was left out. The views last as long as the call that reports it.
struct bad_record {
  std::filesystem::path const& file;
  std::uint64_t record;      ///< its place among all records of the file, from 0
  std::string_view problem;  ///< a whole sentence: file and line, field, what was expected and what was found
};

/// Opening a file of records makes an index: where each record lies. The first opening reads the file once for it, and
/// checks every record as it goes; the index is then kept beside the file (`.NAME.….flan`, or in the user's cache
/// folder where that cannot be written: $XDG_CACHE_HOME/flan, else ~/.cache/flan) with the file's size and time of
/// change. Later openings of the unchanged file read the index alone. A kept index that is damaged or out of date is
/// made anew, one that cannot be written is no error.
struct read_options {
  on_bad_record bad = on_bad_record::stop;
  /// Called for each record that `skip` leaves out, in the file's order, at every opening.
  std::function<void(bad_record const&)> report = {};
  /// Without it the index is made without looking into the records: a bad one is an error when it is asked for.
  /// `skip` needs the check.
  bool check = true;
  /// Whether the index is kept, and one that was kept is used.
  bool cache = true;
  /// For JSON with fields of the run time alone: the keys, or paths, that are its fields; else those of the first
  /// record.
  std::vector<std::string> fields = {};
};

}  // namespace flan
