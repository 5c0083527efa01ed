#pragma once
/// The version of the library. The build reads it from here: this is the one place where it is written.

#define FLAN_VERSION_MAJOR 0
#define FLAN_VERSION_MINOR 1
#define FLAN_VERSION_PATCH 0

namespace flan {

struct version_number {
  int major_number, minor_number, patch_number;  // `major` and `minor` are macros of the C library
  friend constexpr bool operator==(version_number, version_number) = default;
};

inline constexpr version_number version{FLAN_VERSION_MAJOR, FLAN_VERSION_MINOR, FLAN_VERSION_PATCH};

}  // namespace flan
